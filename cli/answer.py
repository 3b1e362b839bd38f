"""What a verb answers, and the two ways it is shown: one JSON document, or plain lines for a person.

Verbs return their answer and never print, so "exactly one document on standard output" holds by construction.
Rejected: printing from the verbs, where a stray line of narration breaks every script that reads the output.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from data.text import inert_json
from data.types import Page

__all__ = ["Answer", "page_document", "plain", "to_json"]


def _no_lines() -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Answer:
    """What a verb found or did.

    ``document`` is JSON-able (dataclasses, structs, ``Decimal``, ``UUID``, aware ``datetime`` included); ``lines``
    makes the lines for a person, already inert (see :mod:`cli.columns`); ``exit_code`` is 0 unless the answer itself
    is bad news (a mismatch, a store that is down).
    """

    document: Any
    lines: Callable[[], Iterable[str]] = field(default=_no_lines)
    exit_code: int = 0


#: Amounts are JSON numbers with their decimals as stored (``184.90``): the seed's DECIMAL(10,2) fits a double exactly.
_ENCODER = msgspec.json.Encoder(decimal_format="number", order=None)


def to_json(document: Any, *, indent: bool = False) -> str:
    """Return ``document`` as one JSON text that no terminal obeys; parsed, it has every character it was given.

    Half a character (a lone surrogate, from an argument that is not UTF-8) is shown as ``\\udc80`` in the text.
    """
    try:
        encoded = _ENCODER.encode(document)
    except UnicodeEncodeError:
        encoded = _ENCODER.encode(_whole(plain(document)))
    if indent:
        encoded = msgspec.json.format(encoded, indent=2)
    return inert_json(encoded.decode())


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_whole(key): _whole(inner) for key, inner in value.items()}
        case list():
            return [_whole(inner) for inner in value]
        case _:
            return value


def plain(value: Any) -> Any:
    """Return ``value`` with every dataclass, struct and tuple taken apart into ``dict`` and ``list``, leaves kept."""
    match value:
        case msgspec.Struct():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
        case Mapping():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(inner) for inner in value]
        case _:
            return value


def page_document(page: Page[Any], *, first: bool, **more: Any) -> dict[str, Any]:
    """Return the shape every list has: ``total``, ``total_exact``, ``rows`` and ``next``.

    ``next`` is what ``--after`` takes to read on, ``null`` on the last page. ``total`` is exact where the list ended on
    its ``first`` page or was counted, else the planner's estimate, or ``null`` where nobody made one.
    """
    whole = first and page.after is None
    return {
        "total": len(page.rows) if whole else page.estimate,
        "total_exact": whole or page.exact,
        "rows": [plain(row) for row in page.rows],
        "next": page.after,
        **more,
    }
