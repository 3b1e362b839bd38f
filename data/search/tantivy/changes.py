"""What was written to a local index between two of its states, by which counts are brought forward (``carried``).

Every document says after which commit it was written, and a deletion leaves a tombstone that says so too.
Rejected: counting again in the background after every commit, in every process that reads: at a million products 0.15 s
of work each time, and whoever searches before it is done waits all the same.
"""

from __future__ import annotations

import tantivy
from tantivy import FieldType, Query

from data.search.tantivy import index as ix

__all__ = ["one_of", "written_after", "written_since"]

#: Of more products than this the state before is left behind: counting all anew costs no more.
MOST_CHANGED = 2_000


def written_after(commit: int) -> Query:
    """Return the condition that a document was written after the commit of that number."""
    return Query.range_query(ix.schema(), "written_after", FieldType.Unsigned, commit, None)


def written_since(searcher: tantivy.Searcher, commit: int) -> list[str] | None:
    """Return the ids of all products written or deleted since ``commit``; ``None`` if they are many."""
    found = searcher.search(written_after(commit), limit=MOST_CHANGED + 1, count=False).hits
    if len(found) > MOST_CHANGED:
        return None
    return [str(searcher.doc(address).get_first("id")) for _, address in found]


def one_of(ids: list[str]) -> Query:
    """Return the condition that a product is one of ``ids``."""
    return Query.term_set_query(ix.schema(), "id", ids)
