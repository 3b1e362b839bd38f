"""The filter line that people read, edit and share, and the query it stands for.

    corsair vengeance brand:Corsair,Crucial price:50..100 stock:>0 color:"Off White" -color:black -used sort:-price

Words are looked for; ``name:value`` filters. Several values of one field are alternatives, different fields must all
hold, a minus excludes. A value may be a range: ``50..100`` (both ends included), ``50..``, ``..100``, ``>50``,
``>=50``, ``<100``, ``>50<100``. Quotes hold a value with blanks or commas together, and keep a word with a colon or a
leading minus a word.

The line and the query are two forms of one thing: ``parse_query(format_query(query)) == query``. What cannot be read
is left out of the query and told as a ``QueryProblem`` with its place, because a line is wrong most of the time while
it is being typed. Rejected: an exception (the screen would have nothing to show), and the engines' own query languages,
whose syntax errors are about Lucene.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from data.errors import Invalid
from data.search.engine import Unheard
from data.search.query import (
    FIXED_FIELDS,
    NUMERIC_FIELDS,
    SORTS,
    STOCK_STATES,
    Between,
    Choice,
    Filter,
    QueryProblem,
    SearchQuery,
    as_choice,
    field_key,
    read_range,
)
from data.search.slips import looks_like_range, meant_order, meant_range, meant_stock

__all__ = [
    "FIXED_FIELDS",
    "SORTS",
    "STOCK_STATES",
    "Between",
    "Choice",
    "Filter",
    "QueryProblem",
    "SearchQuery",
    "field_key",
    "format_filter",
    "format_query",
    "parse_filter",
    "parse_query",
]

_BARE_NAME = re.compile(r"[^\W\d][\w.]*")
_FIELD = re.compile(r"([^\W\d][\w.-]*):")
_BLANKS = re.compile(r"\s*")
_WORD = re.compile(r"\S+")
_BARE_VALUE = re.compile(r"[^\s,]*")
#: More values of one filter are not read: nobody types them, and a pasted page would hold a search up.
_MOST_VALUES = 200
#: A quote that is never closed holds the rest of the line, because it is still being typed.
_QUOTED = re.compile(r'"((?:[^"\\]|\\.|\\$)*)(?:"|$)', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
#: What people write for "in the text": no filter, because words are looked for there anyway.
_SAID_BY_WORDS = frozenset({"title", "name", "text", "description"})


def parse_query(
    line: str, *, attributes: Collection[str] | None = None, unheard: Sequence[Unheard] = ()
) -> SearchQuery:
    """Return the query that ``line`` spells, its ``problems`` filled. Never raises.

    ``attributes`` are the names of the attributes that products have (``SearchEngine.attribute_names``); given them, a
    filter on an unknown name is a problem with the nearest name as its suggestion. ``unheard`` is what a search said of
    this line: such a value is marked too, without a message, because the search told it, and stays in the query.
    """
    reader = _Reader(line, attributes, {(one.field, one.value): one.meant for one in unheard})
    reader.read()
    return replace(
        reader.query,
        text=" ".join(" ".join(reader.words).split()),
        excluded=tuple(dict.fromkeys(reader.excluded)),
        problems=tuple(reader.problems),
    )


def parse_filter(text: str) -> Filter:
    """Return the one filter of a command line's ``--filter``: ``color=White``, ``price:50..100``, ``-brand=A,B``.

    The value may hold blanks without quotes. Raises ``Invalid({"filter": …})`` for what is no filter.
    """
    match = re.fullmatch(r'\s*(-?)\s*("[^"]*"|[^\s"=:<>]+(?: +[^\s"=:<>]+)*)\s*([=:]|(?=[<>]))(.*)', text, re.DOTALL)
    if match is None:
        raise Invalid({"filter": f"{text!r} is no filter, write it like color=White or price:50..100"})
    minus, name, _, values = match.groups()
    parts = (part.strip() for part in re.findall(r'\s*(?:"(?:[^"\\]|\\.)*"|[^,]+)', values))
    line = f"{minus}{_quoted(name.strip(chr(34)))}:" + ",".join(
        part if part[:1] == '"' else _value_text(part) for part in parts
    )
    query = parse_query(line).checked("filter")
    if len(query.filters) != 1:
        raise Invalid({"filter": f"{text!r} is no filter, write it like color=White or price:50..100"})
    return query.filters[0]


def _value_text(part: str) -> str:
    return _quoted(part) if part and _needs_quotes(part) else part


def format_query(query: SearchQuery) -> str:
    """Return the line that spells ``query``; parsed again it is equal to it."""
    parts = [_word_text(word) for word in query.text.split()]
    parts += (f"-{_word_text(word)}" for word in query.excluded)
    parts += (format_filter(one) for one in query.filters)
    if query.sort != "best":
        parts.append(f"sort:{query.sort}")
    return " ".join(parts)


def format_filter(one: Filter) -> str:
    """Return the part of the line that spells one filter, as a chip shows it: ``-color:black``."""
    name = one.field if _BARE_NAME.fullmatch(one.field) else _quoted(one.field)
    values = ",".join(_choice_text(one.field, choice) for choice in one.choices)
    return f"{'-' if one.negated else ''}{name}:{values}"


def _choice_text(name: str, choice: Choice) -> str:
    if isinstance(choice, str):
        return _quoted(choice) if _needs_quotes(choice) or looks_like_range(choice) else choice
    low, high = ("" if bound is None else f"{bound:f}" for bound in (choice.low, choice.high))
    if choice.low_open or choice.high_open:
        more, less = ">" if choice.low_open else ">=", "<" if choice.high_open else "<="
        return (more + low if low else "") + (less + high if high else "")
    return low if name in NUMERIC_FIELDS and choice.low == choice.high else f"{low}..{high}"


def _needs_quotes(value: str) -> bool:
    return not value or value[0] == '"' or "," in value or any(map(str.isspace, value))


def _word_text(word: str) -> str:
    needs = word[:1] in {'"', "-", ""} and word != "-"
    return _quoted(word) if needs or any(map(str.isspace, word)) or _FIELD.match(word) else word


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _read_choice(key: str, text: str, quoted: bool) -> Choice:
    if key in NUMERIC_FIELDS:
        return as_choice(key, text)
    return text if quoted else read_range(text) or text


def _nearest(word: str, known: Collection[str]) -> str:
    return next(iter(get_close_matches(word, known, n=1, cutoff=0.65)), "")


@dataclass
class _Reader:
    """One pass over one line, left to right."""

    line: str
    attributes: Collection[str] | None
    unheard: Mapping[tuple[str, str], str]
    at: int = 0
    query: SearchQuery = field(default_factory=SearchQuery)
    words: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    problems: list[QueryProblem] = field(default_factory=list)

    def read(self) -> None:
        """Read the whole line."""
        while self._skip_blanks() < len(self.line):
            start = self.at
            negated = self.line[self.at] == "-" and self.line[self.at + 1 : self.at + 2].strip() != ""
            self.at += negated
            name = self._field_name()
            if name is None:
                word = self._quoted() if self._at_quote() else self._match(_WORD)
                (self.excluded if negated else self.words).append(word)
            else:
                self._filter(start, name, negated=negated)
        self.excluded = [word for word in self.excluded if word]

    def _skip_blanks(self) -> int:
        self._match(_BLANKS)
        return self.at

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.line, self.at)
        self.at = found.end() if found else self.at
        return found.group() if found else ""

    def _at_quote(self) -> bool:
        return self.line.startswith('"', self.at)

    def _quoted(self) -> str:
        found = _QUOTED.match(self.line, self.at)
        assert found is not None, "asked for only at a quote, where the pattern always matches"
        self.at = found.end()
        return _ESCAPED.sub(r"\1", found.group(1))

    def _field_name(self) -> str | None:
        """Read ``name:`` or ``"any name":`` if one stands here."""
        start = self.at
        if self._at_quote():
            name = self._quoted()
            if name and self.line.startswith(":", self.at):
                self.at += 1
                return name
            self.at = start
            return None
        return self._match(_FIELD)[:-1] or None

    def _values(self) -> Iterator[tuple[str, int, bool]]:
        """Read ``a,"b c",d``: each value, where it starts, and whether it stood in quotes."""
        while True:
            start = self.at
            if self._at_quote():
                yield self._quoted(), start, True
            else:
                yield self._match(_BARE_VALUE), start, False
            if not self.line.startswith(",", self.at):
                return
            self.at += 1

    def _filter(self, start: int, name: str, *, negated: bool) -> None:
        named_until = self.at
        values = [value for value in self._values() if value[0]]
        key = field_key(name)
        if not values:
            self._problem(start, self.at, f"{name}: has no value yet")
        elif key == "sort":
            self._sort(values, negated=negated)
        elif len(values) > _MOST_VALUES:
            first, last = values[_MOST_VALUES], values[-1]
            self._problem(first[1], last[1] + len(last[0]), f"{name}: takes {_MOST_VALUES} values, these are too many")
            self._narrow(start, key, values[:_MOST_VALUES], negated=negated)
        elif key in _SAID_BY_WORDS and not self._is_known(key):
            said = " ".join(_word_text(word) for value, _, _ in values for word in value.split())
            self._problem(start, self.at, f"words are looked for in titles and texts without {name}:", said)
        elif not self._is_known(key):
            known = [*FIXED_FIELDS, *(self.attributes or ())]
            self._problem(start, named_until, f"no product has {name!r}", _nearest(key, known))
        else:
            self._narrow(start, key, values, negated=negated)

    def _narrow(self, start: int, key: str, values: list[tuple[str, int, bool]], *, negated: bool) -> None:
        read = (self._choice(key, *value) for value in values)
        added = Filter(key, tuple(choice for choice in read if choice is not None), negated)
        if not added.choices:
            return
        narrowed = self.query.with_filter(added)
        joined = narrowed.choices(added.field, negated=added.negated)
        if any(isinstance(choice, Between) and choice.is_empty for choice in joined):
            self._problem(start, self.at, f"no {added.field} can satisfy this and the bound before it")
        else:
            self.query = narrowed

    def _is_known(self, key: str) -> bool:
        """Say whether products have the field; ``memory.speed`` may be the ``speed`` of a category."""
        names = self.attributes
        return names is None or key in FIXED_FIELDS or key in names or key.partition(".")[2] in names

    def _sort(self, values: list[tuple[str, int, bool]], *, negated: bool) -> None:
        text, start, _ = values[-1]
        sort = "-" + text.lower() if negated else text.lower()
        if sort in SORTS:
            self.query = self.query.with_sort(sort)
        else:
            said = f"no order is called {text!r}, there are {', '.join(SORTS)}"
            self._problem(start, self.at, said, meant_order(sort) or _nearest(sort, SORTS))

    def _choice(self, key: str, text: str, start: int, quoted: bool) -> Choice | None:
        """Return one value as what it filters by; tell the problem and return ``None`` where it is none."""
        end, choice = start + len(text), _read_choice(key, text, quoted)
        if isinstance(choice, Between):
            if not choice.is_empty:
                return choice
            self._problem(start, end, f"{text} is an empty range", self._turned(choice))
        elif key == "price":
            self._problem(start, end, f"{text!r} is no price, write it like 12.50 or 50..100", meant_range(text))
        elif key == "stock" and text.lower() not in STOCK_STATES:
            near = meant_range(text) or meant_stock(text) or _nearest(text.lower(), STOCK_STATES)
            self._problem(start, end, f"{text!r} is no stock state, take in, low, out or a number", near)
        elif not quoted and key not in FIXED_FIELDS and looks_like_range(text):
            said = f"{text!r} is no range, write it like 50..100 or >50, without units"
            self._problem(start, end, said, meant_range(text))
        else:
            if (key, text) in self.unheard:
                self._problem(start, end + 2 * quoted, "", _value_text(self.unheard[key, text]))
            return choice
        return None

    @staticmethod
    def _turned(empty: Between) -> str:
        return "" if empty.low is None or empty.low == empty.high else f"{empty.high:f}..{empty.low:f}"

    def _problem(self, start: int, end: int, message: str, suggestion: str = "") -> None:
        self.problems.append(QueryProblem(start, end, message, suggestion))
