"""Documents that another program wrote: their counters are raised for it.

Every write of this program raises a product's ``revision``, and an edit its ``version``; index, cache and open edit
forms compare them. A program that knows nothing of that is welcome: its change is seen in the change stream, and the
relay raises both in its stead. What is derived from the content (the words of the prefix search) is renewed with it.
The document remembers in ``adopted`` which change was the last, so that a relay that reads it again raises nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bson import Int64, Timestamp
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from data.batches import batches
from data.catalog.documents import Document, object_id, search_words, units
from data.catalog.reads import get_documents
from data.events.outbox import Event
from data.stores.mongo import Mongo, translate_errors

if TYPE_CHECKING:
    from data.stores import Stores

__all__ = ["adopt", "adopt_again", "never_held", "never_lower"]

_BATCH = 1_000
_WORDED = dict.fromkeys(("sku", "title", "brand", "barcode"), 1)


def adopt(mongo: Mongo, changed: Mapping[str, Timestamp | None], *, floor: int = 0) -> dict[str, str]:
    """Raise ``revision`` (above ``floor``) and ``version`` of these documents; an id without a document is left out.

    ``changed`` says when each was changed, in cluster time; a change that was adopted before is not adopted again.
    ``None`` adopts in any case. Return why not, by id, for those MongoDB refused. Raises ``Unavailable``.
    """
    keys = {key: moment for product_id, moment in changed.items() if (key := object_id(product_id))}
    if not keys:
        return {}
    with translate_errors():
        stored = list(mongo.products.find({"_id": {"$in": list(keys)}}, _WORDED))
    if not stored:
        return {}
    try:
        with translate_errors():
            updates = [_adoption(found, keys[found["_id"]], floor) for found in stored]
            mongo.products.bulk_write(updates, ordered=False)
    except BulkWriteError as error:
        failures = error.details["writeErrors"]
        return {str(stored[failure["index"]]["_id"]): str(failure["errmsg"]) for failure in failures}
    return {}


def adopt_again(stores: Stores, events: Sequence[Event]) -> int:
    """Handle the topic ``products``, which only a replayed dead letter is sent to: have the product indexed anew.

    Raises ``ValueError`` where MongoDB refuses the document.
    """
    refused = adopt(stores.mongo, {event.key: None for event in events})
    if refused:
        raise ValueError("; ".join(f"{product_id}: {why}" for product_id, why in refused.items()))
    return 0


def never_held() -> int:
    """Return a revision above every one that an earlier document may have had: milliseconds, where others count."""
    return time.time_ns() // 1_000_000


def never_lower(stores: Stores, products: Iterable[Document]) -> Iterator[Document]:
    """Yield ``products`` for a new index; one that the index in use holds at a later revision is lifted above that.

    It was deleted and came back under its old id, which the stream would have told, had it not been lost.
    """
    for batch in batches(products, _BATCH):
        named = {str(one["_id"]): one for one in batch}
        indexed = stores.search.versions(named)
        low = [key for key, one in named.items() if indexed.get(key, 0) > units(one, "revision")]
        adopt(stores.mongo, dict.fromkeys(low), floor=never_held())
        yield from (named | get_documents(stores.mongo, low) if low else named).values()


def _adoption(found: Mapping[str, Any], moment: Timestamp | None, floor: int) -> UpdateOne:
    unseen = {"$or": [{"adopted": {"$lt": moment}}, {"adopted": None}]} if moment else {}
    values: dict[str, Any] = {
        "revision": {"$add": [{"$max": ["$revision", floor, 0]}, Int64(1)]},
        "version": {"$add": [{"$ifNull": ["$version", 0]}, Int64(1)]},
        "words": {"$literal": search_words(found)},
    }
    if moment:
        values["adopted"] = moment
    return UpdateOne({"_id": found["_id"]} | unseen, [{"$set": values}])
