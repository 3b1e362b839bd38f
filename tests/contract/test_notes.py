"""Notes, the inbox of whom they mention, and the timeline they stand in."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from data.access.messages import SaveStaff
from data.access.reads import actor_by_email
from data.documents.make import make_document
from data.errors import Denied, Invalid, NotFound
from data.ids import new_id
from data.notes.messages import AddNote, MarkMentionsRead
from data.notes.reads import list_mentions, unread_count
from data.notes.rules import mentions_in
from data.orders.editing.messages import EditOrder, LineEdit, OrderChanges
from data.orders.messages import CancelLines, ChangeOrderStatus, LineUnits
from data.orders.timeline import KINDS, TimelineEntry, timeline
from data.payments.messages import RecordPayment
from data.returns.messages import RequestReturn
from data.shipments.messages import ShipOrder
from data.shop import Shop
from tests.hostile import STORABLE
from tests.orders_world import customer, one, place, product, warehouses


def staff(shop: Shop, name: str, *roles: str) -> Shop:
    """Return the shop with ``name`` acting."""
    email = f"{name}@storekeeper.example"
    shop.door.run(SaveStaff(email=email, first_name=name.title(), roles=roles or ("support",)), shop.actor)
    return replace(shop, actor=actor_by_email(shop.stores.postgres, email))


def order(shop: Shop) -> UUID:
    """Place an order and return its id."""
    warehouses(shop, "WH1")
    product(shop, "RAM-1", {"WH1": 50})
    order_id: UUID = place(shop, customer(shop), ("RAM-1", 2)).result.order_id
    return order_id


def note(shop: Shop, order_id: UUID, body: str, key: str | None = None, **fields: Any) -> Any:
    return shop.door.run(AddNote(order_id=order_id, body=body, **fields), shop.actor, key=key).result


def told(shop: Shop, order_id: UUID, *kinds: str, **how: Any) -> tuple[TimelineEntry, ...]:
    return timeline(shop.stores.postgres, order_id, kinds=kinds, **how).rows


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@Ann please, and @bob.", ("ann", "bob")),
        ("(@ann) @ann", ("ann",)),
        ("mail ann@lee.example @ 12.50", ()),
        ("@wes@storekeeper.example: look", ("wes@storekeeper.example",)),
        ("@@ann x@y @", ()),
    ],
)
def test_who_is_mentioned(body: str, names: tuple[str, ...]) -> None:
    assert mentions_in(body) == names


def test_a_mention_lands_in_the_inbox_and_is_read_once(shop: Shop) -> None:
    order_id, ann, wes = order(shop), staff(shop, "ann"), staff(shop, "wes", "warehouse")
    added = note(ann, order_id, "@wes is the blue one left? @nobody knows", key="note-1")
    assert (added.mentioned, added.unknown) == (("wes@storekeeper.example",), ("nobody",))
    assert note(ann, order_id, "@wes is the blue one left? @nobody knows", key="note-1") == added
    page = list_mentions(shop.stores.postgres, wes.actor.user_id, unread=True)
    assert [(row.author, row.order_id, row.visibility, row.read_at) for row in page.rows] == [
        ("Ann", order_id, "internal", None)
    ]
    assert unread_count(shop.stores.postgres, ann.actor.user_id) == 0
    # Somebody else's inbox is nobody's to clear.
    assert ann.door.run(MarkMentionsRead(note_ids=(added.note_id,)), ann.actor).result.read == 0
    assert unread_count(shop.stores.postgres, wes.actor.user_id) == 1
    assert [wes.door.run(MarkMentionsRead(), wes.actor).result.read for _ in range(2)] == [1, 0]
    assert list_mentions(shop.stores.postgres, wes.actor.user_id, unread=True).rows == ()
    assert list_mentions(shop.stores.postgres, wes.actor.user_id).rows[0].read_at is not None


def test_the_inbox_pages_both_ways(shop: Shop) -> None:
    order_id, wes = order(shop), staff(shop, "wes", "warehouse")
    for number in range(7):
        note(shop, order_id, f"@wes {number}")
    postgres, me = shop.stores.postgres, wes.actor.user_id
    first = list_mentions(postgres, me, limit=3)
    second = list_mentions(postgres, me, after=first.after, limit=3)
    third = list_mentions(postgres, me, after=second.after, limit=3)
    bodies = [row.body for page in (first, second, third) for row in page.rows]
    assert bodies == [f"@wes {number}" for number in reversed(range(7))]
    assert (first.before, third.after) == (None, None)
    assert list_mentions(postgres, me, before=third.before, limit=3).rows == second.rows
    assert [row.body for row in list_mentions(postgres, me, before="", limit=2).rows] == ["@wes 1", "@wes 0"]


def test_a_note_leaves_the_order_and_its_version_alone(shop: Shop) -> None:
    order_id = order(shop)
    before = one(shop, "SELECT version FROM orders WHERE order_id = :id", id=order_id)
    note(shop, order_id, "call before delivery")
    assert one(shop, "SELECT version FROM orders WHERE order_id = :id", id=order_id) == before


def test_what_cannot_be_a_note(shop: Shop) -> None:
    order_id = order(shop)
    crowd = " ".join(f"@colleague{number}" for number in range(25))
    for body, fields in (("  ", {}), ("x" * 4_001, {}), ("x", {"visibility": "secret"}), (crowd, {})):
        with pytest.raises(Invalid):
            note(shop, order_id, body, **fields)
    with pytest.raises(NotFound):
        note(shop, new_id(), "x")
    with pytest.raises(Denied):
        note(staff(shop, "amy", "analyst"), order_id, "x")


def test_the_timeline_tells_it_all_newest_first(shop: Shop) -> None:
    order_id = order(shop)
    do = shop.door.run
    do(ChangeOrderStatus(order_id=order_id, new_status="confirmed"), shop.actor)
    do(RecordPayment(order_id=order_id, kind="capture", amount=Decimal("5.00"), provider="manual"), shop.actor)
    note(shop, order_id, "call before delivery")
    do(ChangeOrderStatus(order_id=order_id, new_status="processing", reason="starts"), shop.actor)
    do(ChangeOrderStatus(order_id=order_id, new_status="shipped"), shop.actor)
    entries = told(shop, order_id)
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert {(entry.kind, entry.what) for entry in entries} == {
        ("status", "shipped"),
        ("parcel", "sent from WH1, 2 units"),
        ("status", "processing"),
        ("note", "note"),
        ("payment", "captured 5.00 USD"),
        ("status", "confirmed"),
        ("status", "placed, 1 line"),
    }
    assert entries[-1].what == "placed, 1 line"
    said = {entry.why for entry in entries if entry.what in ("processing", "note")}
    assert said == {"starts", "call before delivery"}
    for kind in KINDS:
        assert told(shop, order_id, kind) == tuple(entry for entry in entries if entry.kind == kind)
    with pytest.raises(Invalid, match="is not one of status"):
        told(shop, order_id, "gossip")


def test_the_timeline_pages_by_keyset(shop: Shop) -> None:
    order_id = order(shop)
    for number in range(9):
        note(shop, order_id, f"note {number}")
    everything = told(shop, order_id)
    paged: list[TimelineEntry] = []
    after = None
    while True:
        page = timeline(shop.stores.postgres, order_id, after=after, limit=4)
        paged += page.rows
        after = page.after
        if after is None:
            break
    assert tuple(paged) == everything


def test_hostile_notes_come_out_as_they_went_in_and_stay_off_the_papers(shop: Shop) -> None:
    order_id = order(shop)
    texts = [text for text in STORABLE if text.strip() == text and text]
    body = "\n".join(texts)[:4_000].strip()
    note(shop, order_id, body)
    note(shop, order_id, "wrapped as a gift", visibility="public")
    assert told(shop, order_id, "note")[1].why == body
    slip = make_document(shop, [str(order_id)], "packing-slip", format="text").content.decode()
    assert "wrapped as a gift" in slip
    assert "calc" not in slip


def test_the_timeline_tells_edits_with_was_and_is_cancellations_and_returns(shop: Shop) -> None:
    order_id = order(shop)
    do = shop.door.run
    version = one(shop, "SELECT version FROM orders WHERE order_id = :id", id=order_id)
    changes = OrderChanges(lines=(LineEdit(sku="RAM-1", quantity=5),), notes="ring twice", reason="asked by phone")
    do(EditOrder(order_id=order_id, changes=changes, expected_version=version), shop.actor)
    do(CancelLines(order_id=order_id, reason="two too many", lines=(LineUnits(sku="RAM-1", quantity=2),)), shop.actor)
    do(ChangeOrderStatus(order_id=order_id, new_status="confirmed"), shop.actor)
    do(ShipOrder(order_id=order_id), shop.actor)
    do(RequestReturn(order_id=order_id, lines=(LineUnits(sku="RAM-1", quantity=1),), reason="broken"), shop.actor)
    (edited,) = told(shop, order_id, "edit")
    changed = {change.label: (change.was, change.now) for change in edited.changes}
    assert ("2", "5") in changed.values(), changed
    assert any(now == "ring twice" for _, now in changed.values()), changed
    assert edited.why == "asked by phone"
    assert [entry.what for entry in told(shop, order_id, "return")] == ["return of 1 unit asked for: broken"]
    steps = [(entry.what, entry.why) for entry in told(shop, order_id, "status")]
    assert any("two too many" in why for _, why in steps), steps
    assert [entry.what for entry in told(shop, order_id, "parcel")] == ["sent from WH1, 3 units"]
    everything = told(shop, order_id)
    assert len(everything) == sum(len(told(shop, order_id, kind)) for kind in KINDS) == len(set(everything))
