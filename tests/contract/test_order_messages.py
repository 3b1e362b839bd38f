"""Messages to customers: written once, sent after the commit by the mail command, told in the timeline."""

from __future__ import annotations

import email
import email.policy
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from data.errors import Conflict, Denied, Invalid, NotFound
from data.events import delivery
from data.events.commands import ReplayDeadLetters
from data.events.outbox import MAX_ATTEMPTS, send
from data.events.reads import list_dead_letters
from data.events.relay import run_once
from data.events.topics import MAIL
from data.ids import new_id
from data.mail.messages import MessageQueued, SendMessage
from data.mail.reads import begin_message
from data.mail.rules import Mail, as_mail, checked_content, checked_recipient
from data.orders.messages import ChangeOrderStatus, LineUnits
from data.orders.timeline import TimelineEntry, timeline
from data.payments.messages import RecordPayment
from data.shipments.messages import BoxInput, ShipOrder
from data.shop import Shop
from data.stores import Stores
from tests.hostile import STORABLE
from tests.orders_world import customer, one, place, product, sql, warehouses


def _order(shop: Shop, **who: Any) -> UUID:
    warehouses(shop, "WH1")
    product(shop, "RAM-1", {"WH1": 50})
    order_id: UUID = place(shop, customer(shop, **who), ("RAM-1", 2)).result.order_id
    return order_id


@contextmanager
def _mailing(shop: Shop, command: str) -> Iterator[Shop]:
    """Give the shop with this mail command, its stores included: the relay reads it there."""
    sender = "Shop <orders@shop.example>"
    settings = msgspec.structs.replace(shop.settings, mail_command=command, mail_from=sender)
    stores = Stores(settings)
    try:
        yield replace(shop, settings=settings, stores=stores)
    finally:
        stores.close()


def _into(folder: Path) -> str:
    """Return a command that keeps each mail it is given as a file of its own."""
    code = "import sys, os, tempfile; h, _ = tempfile.mkstemp(dir=sys.argv[1]); os.write(h, sys.stdin.buffer.read())"
    return shlex.join([sys.executable, "-c", code, str(folder)])


def _mails(folder: Path) -> list[EmailMessage]:
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in folder.iterdir()]


def _write(shop: Shop, order_id: UUID, key: str | None = None, **fields: str) -> MessageQueued:
    content = {"subject": "About your order", "text": "Dear Ann,\nit is late."} | fields
    queued: MessageQueued = shop.door.run(SendMessage(order_id=order_id, **content), shop.actor, key=key).result
    return queued


def _told(shop: Shop, order_id: UUID) -> TimelineEntry:
    (entry,) = timeline(shop.stores.postgres, order_id, kinds=("message",)).rows
    return entry


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """A folder for what is sent."""
    folder = tmp_path / "mails"
    folder.mkdir()
    return folder


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once: what is tested is how often, not how long after."""
    monkeypatch.setattr(delivery, "backoff", lambda _: 0.0)


def test_a_message_is_queued_sent_once_and_told(shop: Shop, mails: Path) -> None:
    order_id, key = _order(shop), str(new_id())
    queued = _write(shop, order_id, key)
    assert queued.to == "ann@lee.example"
    assert _told(shop, order_id).state == "queued"
    assert _write(shop, order_id, key) == queued  # sent again by a caller that heard nothing: one message
    with pytest.raises(Conflict):
        _write(shop, order_id, key, text="another text")
    with _mailing(shop, _into(mails)) as mailing:
        run_once(mailing)
        with mailing.stores.postgres.writing() as connection:  # as a relay leaves it that dies after the mail went out
            send(connection, MAIL, str(queued.message_id), "message", {})
        run_once(mailing)
    (mail,) = _mails(mails)
    assert (mail["To"], mail["Subject"]) == ("Ann Lee <ann@lee.example>", "About your order")
    assert mail["From"] == "Shop <orders@shop.example>"
    assert mail["Message-ID"] == f"<{queued.message_id}@shop.example>"
    assert mail.get_content() == "Dear Ann,\nit is late.\n"
    entry = _told(shop, order_id)
    assert (entry.state, entry.what) == ("sent", "message sent")
    assert entry.why == "About your order\nDear Ann,\nit is late."
    version, audited = sql(
        shop,
        "SELECT o.version, (SELECT count(*) FROM audit_log a WHERE a.command = 'orders.message') FROM orders o"
        " WHERE o.order_id = :order_id",
        order_id=order_id,
    )[0]
    assert (version, audited) == (1, 1)


def test_without_a_mail_command_a_message_is_recorded_and_says_so(shop: Shop) -> None:
    order_id = _order(shop)
    assert not begin_message(shop, str(order_id)).sends
    _write(shop, order_id)
    run_once(shop)
    entry = _told(shop, order_id)
    assert (entry.state, entry.what) == ("kept", "message recorded, not sent (no mail_command is set)")
    assert one(shop, "SELECT count(*) FROM outbox WHERE topic = 'mail'") == 0


@pytest.mark.usefixtures("no_backoff")
def test_a_message_that_fails_is_tried_again_given_up_and_sent_once_replayed(shop: Shop, mails: Path) -> None:
    order_id = _order(shop)
    _write(shop, order_id)
    with _mailing(shop, shlex.join([sys.executable, "-c", "import sys; sys.exit('relay access denied')"])) as broken:
        run_once(broken)  # no pause between them: all the attempts there are
    attempts = one(shop, "SELECT count(*) FROM order_message_attempts WHERE outcome = 'failed'")
    assert attempts == MAX_ATTEMPTS
    entry = _told(shop, order_id)
    assert entry.state == "failed"
    assert "ended with 1: relay access denied" in entry.what
    (letter,) = list_dead_letters(shop.stores.postgres).rows
    shop.door.run(ReplayDeadLetters(event_ids=(letter.event_id,)), shop.actor)
    _write(shop, order_id, subject="Another")
    with _mailing(shop, _into(mails)) as mended:
        run_once(mended)
    assert sorted(mail["Subject"] for mail in _mails(mails)) == ["About your order", "Another"]
    assert {entry.state for entry in timeline(shop.stores.postgres, order_id, kinds=("message",)).rows} == {"sent"}


def test_a_message_is_refused_where_it_could_not_be_mail(shop: Shop) -> None:
    order_id = _order(shop)
    for fields, field in (
        ({"subject": " "}, "subject"),
        ({"subject": "Hello\nBcc: all@shop.example"}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"text": " \n"}, "text"),
        ({"text": "ring \x07"}, "text"),
        ({"template": "love letter"}, "template"),
    ):
        with pytest.raises(Invalid) as refused:
            _write(shop, order_id, **fields)
        assert list(refused.value.fields) == [field]
    with pytest.raises(NotFound):
        _write(shop, new_id())
    viewer = replace(shop.actor, roles=frozenset({"warehouse"}))
    with pytest.raises(Denied):
        shop.door.run(SendMessage(order_id=order_id, subject="a", text="b"), viewer)
    assert one(shop, "SELECT count(*) FROM order_messages") == 0


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b\nBcc: c@d", "a@b.example, c@d.example", "Ann <a@b.example>", "a@", "jörg@b.example", "a b@c"],
)
def test_no_address_adds_a_header_or_a_recipient(address: str) -> None:
    with pytest.raises(Invalid):
        checked_recipient(address)


@pytest.mark.parametrize("name", STORABLE)
def test_nothing_a_customer_is_called_adds_a_header(name: str) -> None:
    stored = Mail(new_id(), "ann@lee.example", name, name, name, "wes@shop.example", datetime.now(UTC))
    made = as_mail(stored, sender="a@shop.example")
    assert made.isascii()
    mail = email.message_from_bytes(made, policy=email.policy.default)
    body = ["MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    assert sorted(mail.keys()) == sorted(["From", "To", "Subject", "Date", "Message-ID", *body])
    assert [one.addr_spec for one in mail["To"].addresses] == ["ann@lee.example"]
    assert [one.addr_spec for one in mail["From"].addresses] == ["a@shop.example"]


def test_the_text_is_kept_as_written() -> None:
    assert checked_content(" Hi ", "a\r\nb\rc\n\n") == ("Hi", "a\nb\nc")


def test_templates_begin_with_the_order_as_it_is(shop: Shop) -> None:
    order_id = _order(shop, first_name="O'Neil & Sons", last_name="")
    begun = begin_message(shop, str(order_id), "confirmation")
    assert begun.subject == f"Your order {begun.order_number}"
    assert "Dear O'Neil & Sons," in begun.text
    assert "2 x" in begun.text
    with pytest.raises(Invalid, match="nothing was sent"):
        begin_message(shop, str(order_id), "shipping")
    with pytest.raises(Invalid, match="nothing was refunded"):
        begin_message(shop, str(order_id), "refund")
    due = one(shop, "SELECT total_amount FROM orders")
    shop.door.run(RecordPayment(order_id=order_id, kind="capture", amount=due, provider="bank"), shop.actor)
    for status in ("confirmed", "processing"):
        shop.door.run(ChangeOrderStatus(order_id=order_id, new_status=status), shop.actor)
    (item,) = sql(shop, "SELECT order_item_id FROM order_items")
    box = BoxInput(warehouse_id="WH1", lines=(LineUnits(order_item_id=item[0], quantity=1),), tracking_number="1Z999")
    shop.door.run(ShipOrder(order_id=order_id, boxes=(box,)), shop.actor)
    told = begin_message(shop, str(order_id), "shipping").text
    assert "1Z999" in told
    assert "1 more unit follows" in told
    give = RecordPayment(order_id=order_id, kind="refund", amount=Decimal("5.00"), provider="bank")
    shop.door.run(give, shop.actor)
    assert "we have refunded 5.00 USD" in begin_message(shop, str(order_id), "refund").text
