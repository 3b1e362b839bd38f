"""Customers through the door and back: saving, addresses, payment methods, search and detail."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from data.access.commands import SaveStaff
from data.access.reads import actor_by_email
from data.access.rules import Actor
from data.customers.messages import AddPaymentMethod, SaveAddress, SaveCustomer
from data.customers.reads import CustomerRow, get_customer, search_customers
from data.door import Door
from data.errors import Conflict, Denied, Invalid, NotFound, StorekeeperError
from data.ids import new_id
from data.types import Page

if TYPE_CHECKING:
    from data.stores import Stores

HOSTILE = [
    "\x1b]52;c;aGk=\x07",
    "\x1b[2J\x1b[6n", "\x9b31m", "\x1bP+q544e\x1b\\", "\x1b]0;title", "\u202eeel nnA", "zero\u200bwidth",
    "a" + "\u0301" * 95, "[@click=app.quit]hi[/]", "[/", "[link=http://x]", "{0} {name} %s %(x)s", "=cmd|'/C calc'!A0",
    "'; DROP TABLE users; --", '"}]}', "*:* OR 1=1 ~\\", ".*(a|b", "O'Neil & Sons", "名前",
    "🇩🇪👩‍👩‍👧", "ﷺ" * 90, "line\nbreak\ttab",
]  # fmt: skip


@pytest.fixture
def door(stores: Stores) -> Door:
    return Door(stores)


@pytest.fixture
def support() -> Actor:
    return Actor(new_id(), "sue@example.com", "Sue", frozenset({"support"}))


def save(door: Door, actor: Actor, email: str = "ann@lee.example", **fields: Any) -> UUID:
    user_id: UUID = door.run(SaveCustomer(email=email, **fields), actor).result.user_id
    return user_id


def address(user_id: UUID, **fields: Any) -> SaveAddress:
    street = {"street_address": "Kantstr. 12", "city": "Berlin", "postal_code": "10623", "country": "de"}
    return SaveAddress(user_id=user_id, **(street | fields))


def at_once(door: Door, actor: Actor, commands: Sequence[Any]) -> list[Any]:
    """Run the commands in as many threads at once; return results and errors."""
    barrier = threading.Barrier(len(commands))

    def one(command: Any) -> Any:
        barrier.wait()
        try:
            return door.run(command, actor).result
        except StorekeeperError as error:
            return error

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(one, commands))


def audited(stores: Stores) -> list[Any]:
    with stores.postgres.reading() as connection:
        return list(connection.execute(text("SELECT * FROM audit_log ORDER BY at, audit_id")))


def test_a_customer_is_saved_and_found(stores: Stores, door: Door, support: Actor) -> None:
    done = door.run(
        SaveCustomer(
            email=" Ann@Lee.Example ",
            first_name="Ann",
            last_name="Lee",
            phone="+49 (0)30 1234567",
            date_of_birth=date(1980, 2, 29),
        ),
        support,
    )
    found = get_customer(stores.postgres, "ANN@lee.EXAMPLE")
    assert found == get_customer(stores.postgres, str(done.result.user_id))
    assert (found.email, found.name, found.phone) == ("Ann@lee.example", "Ann Lee", "+49 (0)30 1234567")
    assert (found.date_of_birth, found.version, found.order_count) == (date(1980, 2, 29), 1, 0)
    assert found.addresses == found.payment_methods == found.last_orders == ()
    with stores.postgres.reading() as connection:
        assert connection.execute(text("SELECT password_hash, is_staff, shard FROM users")).one() == ("!", False, 0)


def test_an_edit_audits_what_differs_and_raises_the_version(stores: Stores, door: Door, support: Actor) -> None:
    user_id = save(door, support, first_name="Ann", last_name="Lee")
    done = door.run(
        SaveCustomer(user_id=user_id, email="ann@lee.example", first_name="Anna", last_name="Lee", expected_version=1),
        support,
    )
    assert (done.result.version, done.result.changed) == (2, ("first_name",))
    last = audited(stores)[-1]
    assert (last.target_type, last.target_id) == ("customer", str(user_id))
    assert (last.before, last.after) == ({"first_name": "Ann"}, {"first_name": "Anna"})


def test_saving_what_is_there_changes_nothing(stores: Stores, door: Door, support: Actor) -> None:
    user_id = save(door, support, first_name="Ann")
    before = get_customer(stores.postgres, user_id)
    done = door.run(SaveCustomer(user_id=user_id, email="ann@lee.example", first_name="Ann"), support)
    assert (done.result.version, done.result.changed) == (1, ())
    assert get_customer(stores.postgres, user_id) == before


def test_the_second_of_two_editors_is_told_what_stands_there(door: Door, support: Actor) -> None:
    user_id = save(door, support, first_name="Ann")
    edits = [
        SaveCustomer(user_id=user_id, email="ann@lee.example", first_name=name, expected_version=1)
        for name in ("Anna", "Anne")
    ]
    done = at_once(door, support, edits)
    conflicts = [one for one in done if isinstance(one, Conflict)]
    assert len(conflicts) == 1
    winner = edits[[isinstance(one, Conflict) for one in done].index(False)]
    assert conflicts[0].current["first_name"] == winner.first_name
    assert conflicts[0].current["version"] == 2


def test_one_email_is_one_customer_in_any_letter_case(stores: Stores, door: Door, support: Actor) -> None:
    done = at_once(door, support, [SaveCustomer(email=mail) for mail in ("ann@lee.example", "ANN@LEE.EXAMPLE")] * 4)
    assert sum(isinstance(one, Conflict) for one in done) == 7
    assert len(search_customers(stores.postgres).rows) == 1
    bob = save(door, support, "bob@lee.example")
    with pytest.raises(Conflict, match="another customer") as taken:
        door.run(SaveCustomer(user_id=bob, email="Ann@lee.example"), support)
    assert taken.value.current["email"] == "Ann@lee.example"


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"email": "nobody"}, ["email"]),
        ({"email": "a@b.example", "first_name": "x" * 101, "phone": "ring me"}, ["first_name", "phone"]),
        ({"email": "a@b.example", "last_name": "x" * 10_000_000}, ["last_name"]),
        ({"email": "a@b.example", "last_name": "nul\0"}, ["last_name"]),
        ({"email": "a@b.example", "last_name": "half \udc00"}, ["last_name"]),
        ({"email": "a@b.example", "last_name": "4242 4242 4242 4242"}, ["last_name"]),
        ({"email": "a@b.example", "registered_at": datetime.now(UTC) + timedelta(days=1)}, ["registered_at"]),
        ({"email": "a@b.example", "registered_at": datetime(2026, 1, 1)}, ["registered_at"]),  # noqa: DTZ001
    ],
)
def test_bad_fields_are_named_and_nothing_is_stored(
    stores: Stores, door: Door, support: Actor, fields: dict[str, Any], bad: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        door.run(SaveCustomer(**fields), support)
    assert list(refused.value.fields) == bad
    assert search_customers(stores.postgres).rows == ()
    assert audited(stores) == []


def test_names_come_back_as_they_went_in(stores: Stores, door: Door, support: Actor) -> None:
    for number, name in enumerate(HOSTILE):
        user_id = save(door, support, f"h{number}@lee.example", first_name=name, last_name=name[::-1])
        found = get_customer(stores.postgres, user_id)
        assert (found.first_name, found.last_name) == (name, name[::-1])
        for question in (name, name[:3], f"h{number}@"):
            search_customers(stores.postgres, question)
    listed = search_customers(stores.postgres, limit=100).rows
    assert {row.first_name for row in listed} == set(HOSTILE)


def test_support_may_not_edit_staff(stores: Stores, door: Door, support: Actor) -> None:
    admin = Actor(new_id(), "root@localhost", "root", frozenset({"admin"}))
    staff = door.run(SaveStaff(email="wanda@example.com", roles=("admin",)), admin).result.user_id
    command = SaveCustomer(user_id=staff, email="mine@example.com")
    with pytest.raises(Denied):
        door.run(command, support)
    door.run(command, admin)
    assert actor_by_email(stores.postgres, "mine@example.com").roles == {"admin"}


def test_who_is_not_there_is_not_found(stores: Stores, door: Door, support: Actor) -> None:
    nobody = new_id()
    for command in (
        SaveCustomer(user_id=nobody, email="a@b.example"),
        address(nobody),
        AddPaymentMethod(user_id=nobody, payment_type="paypal"),
    ):
        with pytest.raises(NotFound):
            door.run(command, support)
    for ref in ("nobody@lee.example", str(nobody), "", "\x1b[2J"):
        with pytest.raises(NotFound):
            get_customer(stores.postgres, ref)


def test_an_address_of_each_type_is_the_default(stores: Stores, door: Door, support: Actor) -> None:
    user_id = save(door, support)
    first = door.run(address(user_id), support).result
    assert (first.created, first.is_default) == (True, True)
    second = door.run(address(user_id, street_address="Unter den Linden 7"), support).result
    assert not second.is_default
    assert door.run(address(user_id, address_type="billing"), support).result.is_default
    done = door.run(
        address(user_id, address_id=second.address_id, is_default=True, postal_code="10117", state="BE"), support
    )
    assert not done.result.created
    shipping = [row for row in get_customer(stores.postgres, user_id).addresses if row.address_type == "shipping"]
    assert [(row.address_id, row.is_default) for row in shipping] == [
        (second.address_id, True),
        (first.address_id, False),
    ]
    assert (shipping[0].postal_code, shipping[0].state, shipping[0].country) == ("10117", "BE", "DE")
    last = audited(stores)[-1]
    assert (last.before["postal_code"], last.after["postal_code"]) == ("10623", "10117")


def test_many_new_defaults_at_once_leave_one(stores: Stores, door: Door, support: Actor) -> None:
    user_id = save(door, support)
    done = at_once(door, support, [address(user_id, street_address=f"Street {n}", is_default=True) for n in range(8)])
    assert not [one for one in done if isinstance(one, Exception)]
    rows = get_customer(stores.postgres, user_id).addresses
    assert len(rows) == 8
    assert sum(row.is_default for row in rows) == 1


def test_an_address_is_its_customers_alone(door: Door, support: Actor) -> None:
    ann, bob = save(door, support), save(door, support, "bob@lee.example")
    address_id = door.run(address(ann), support).result.address_id
    with pytest.raises(NotFound):
        door.run(address(bob, address_id=address_id), support)
    with pytest.raises(NotFound):
        door.run(AddPaymentMethod(user_id=bob, payment_type="paypal", billing_address_id=address_id), support)


def test_a_bad_address_names_every_field(door: Door, support: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        door.run(
            address(save(door, support), city=" ", postal_code="", country="Germany", address_type="home"), support
        )
    assert set(refused.value.fields) == {"city", "postal_code", "country", "address_type"}


def test_of_a_card_only_four_digits_are_kept(stores: Stores, door: Door, support: Actor) -> None:
    user_id = save(door, support)
    card = AddPaymentMethod(
        user_id=user_id, card_last_four="4242", card_brand="visa", expiry_month=1, expiry_year=2199, is_default=True
    )
    door.run(AddPaymentMethod(user_id=user_id, payment_type="paypal"), support)
    door.run(card, support)
    first, second = get_customer(stores.postgres, user_id).payment_methods
    assert (first.card_brand, first.card_last_four, first.expiry_month, first.is_default) == ("visa", "4242", 1, True)
    assert (second.payment_type, second.is_default) == ("paypal", False)


@pytest.mark.parametrize("field", ["card_last_four", "card_brand"])
def test_a_card_number_is_nowhere(stores: Stores, door: Door, support: Actor, field: str, caplog: Any) -> None:
    user_id = save(door, support)
    caplog.set_level(0)
    with pytest.raises(Invalid) as refused:
        door.run(AddPaymentMethod(user_id=user_id, **{"card_last_four": "4242", field: "4242424242424242"}), support)
    assert list(refused.value.fields) == [field]
    assert "42424242" not in f"{refused.value} {refused.value.details()} {caplog.text}"
    with stores.postgres.reading() as connection:
        for table in ("user_payment_methods", "audit_log", "idempotency_keys", "outbox"):
            stored = connection.execute(text(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%42424242%'"))
            assert stored.scalar_one() == 0


def names(page: Page[CustomerRow]) -> list[str]:
    return [row.name for row in page.rows]


@pytest.fixture
def crowd(door: Door, support: Actor) -> None:
    for number, (first, last, phone) in enumerate(
        [
            ("Ann", "Lee", "+49 30 1234567"), ("Anna", "Leeds", "0049 (0)40 99887766"), ("Björk", "Guðmundsdóttir", ""),
            ("", "O'Neil & Sons", "555-0100"), ("Łukasz", "Groß", ""), ("Chen", "Wei", ""), ("Leo", "Ann", ""),
            ("", "", ""),
        ]
    ):  # fmt: skip
        save(door, support, f"c.{number}x@shop{number}.example", first_name=first, last_name=last, phone=phone)


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("ann", ["Leo Ann", "Ann Lee", "Anna Leeds"]),
        ("ANN LE", ["Leo Ann", "Ann Lee", "Anna Leeds"]),
        ("lee ann", ["Ann Lee", "Anna Leeds"]),
        ("ann lee", ["Ann Lee", "Anna Leeds"]),
        ("ann leed", ["Anna Leeds"]),
        ("bjork", ["Björk Guðmundsdóttir"]),
        ("BJÖRK gud", ["Björk Guðmundsdóttir"]),
        ("lukasz gross", ["Łukasz Groß"]),
        ("o'n", ["O'Neil & Sons"]),
        ("oneil", ["O'Neil & Sons"]),
        ("sons", ["O'Neil & Sons"]),
        ("+49 30 123", ["Ann Lee"]),
        ("4930 1234", ["Ann Lee"]),
        ("+49 40 998", ["Anna Leeds"]),
        ("0049 40 99887766", ["Anna Leeds"]),
        ("5550100", ["O'Neil & Sons"]),
        ("c.0x@shop0.example", ["Ann Lee"]),
        ("C.0X@SHOP", ["Ann Lee"]),
        ("@shop2", ["Björk Guðmundsdóttir"]),
        ("ann 4x", []),
        ("leo 6x", ["Leo Ann"]),
        ("nn", []),
        ("&", []),
        ("%", []),
        ("'", []),
        ("ann & !lee | (x:*", []),
        ("a\0b", []),
        ("\ud800", []),
    ],
)
def test_every_word_begins_something_of_the_customer(stores: Stores, question: str, found: list[str]) -> None:
    page = search_customers(stores.postgres, question)
    assert names(page) == found
    assert (page.estimate, page.exact) == (len(found), True)


@pytest.mark.usefixtures("crowd")
def test_all_customers_stand_by_last_name(stores: Stores) -> None:
    assert names(search_customers(stores.postgres)) == [
        "c.7x@shop7.example", "Leo Ann", "Łukasz Groß", "Björk Guðmundsdóttir", "Ann Lee", "Anna Leeds",
        "O'Neil & Sons", "Chen Wei",
    ]  # fmt: skip


@pytest.mark.parametrize("question", ["", "same"])
def test_pages_meet_in_both_directions(stores: Stores, door: Door, support: Actor, question: str) -> None:
    for number in range(23):  # names that are equal or nearly: the id decides
        save(door, support, f"n{number}@lee.example", first_name="Same", last_name="Name" if number % 3 else "")

    forward: list[UUID] = []
    page, seen = search_customers(stores.postgres, question, limit=5), [0]
    assert page.before is None
    while True:
        forward += [row.user_id for row in page.rows]
        seen.append(len(page.rows))
        if page.after is None:
            break
        page = search_customers(stores.postgres, question, after=page.after, limit=5)
    assert seen[1:] == [5, 5, 5, 5, 3]
    assert len(set(forward)) == 23

    page, backward = search_customers(stores.postgres, question, before="", limit=5), []
    assert page.after is None
    assert [row.user_id for row in page.rows] == forward[-5:]
    while True:
        backward = [row.user_id for row in page.rows] + backward
        if page.before is None:
            break
        page = search_customers(stores.postgres, question, before=page.before, limit=5)
    assert backward == forward


def test_a_cursor_of_another_list_is_refused(stores: Stores) -> None:
    for cursor in ("nonsense", "W10"):
        with pytest.raises(Invalid):
            search_customers(stores.postgres, after=cursor)


def place(stores: Stores, user_id: UUID, number: str, total: str, **columns: Any) -> None:
    values = {"order_number": number, "user_id": user_id, "subtotal": total, "total_amount": total} | columns
    names_ = ", ".join(values)
    with stores.postgres.writing() as connection:
        connection.execute(
            text(
                f"INSERT INTO orders ({names_}, shipping_address, billing_address)"
                f" VALUES ({', '.join(':' + name for name in values)}, '{{}}', '{{}}')"
            ),
            values,
        )


def test_a_row_and_the_detail_know_the_orders(stores: Stores, door: Door, support: Actor) -> None:
    ann, bob = save(door, support, first_name="Ann"), save(door, support, "bob@lee.example", first_name="Bob")
    door.run(address(ann, address_type="billing", city="Bonn"), support)
    door.run(address(ann, city="Berlin"), support)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(12):
        place(stores, ann, f"A-{number:02}", "10.50", created_at=start + timedelta(days=number))
    place(stores, ann, "A-EUR", "3.00", currency="EUR", created_at=start)
    place(stores, ann, "A-CAN", "99.00", order_status="cancelled", created_at=start)
    place(stores, ann, "A-REF", "99.00", order_status="refunded", created_at=start)
    place(stores, bob, "B-00", "1.00")

    row = search_customers(stores.postgres, "ann").rows[0]
    assert (row.city, row.country, row.order_count) == ("Berlin", "DE", 15)
    assert row.last_order_at == start + timedelta(days=11)
    detail = get_customer(stores.postgres, ann)
    assert detail.order_count == 15
    assert detail.lifetime_value == {"USD": Decimal("126.00"), "EUR": Decimal("3.00")}
    assert [order.order_number for order in detail.last_orders] == [f"A-{n:02}" for n in range(11, 1, -1)]
    assert (detail.last_orders[0].total_amount, detail.last_orders[0].currency) == (Decimal("10.50"), "USD")


def test_staff_are_no_customers(stores: Stores, door: Door, support: Actor) -> None:
    admin = Actor(new_id(), "root@localhost", "root", frozenset({"admin"}))
    door.run(SaveStaff(email="wanda@example.com", first_name="Wanda", roles=("admin",)), admin)
    assert search_customers(stores.postgres, "wanda").rows == search_customers(stores.postgres).rows == ()


def test_a_customer_of_another_program_is_found_like_ours(stores: Stores) -> None:
    with stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO users (email, password_hash, first_name, last_name)"
                " VALUES ('x@y.example', '!', 'Zoë', 'Müller')"
            )
        )
    assert names(search_customers(stores.postgres, "zoe mull")) == ["Zoë Müller"]


def test_a_search_walks_no_table(stores: Stores) -> None:
    """The plan for words is the GIN index's, however little the planner knows; for pages, the name index's."""
    from data.customers.reads import _page

    with stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO users (email, password_hash, first_name, last_name) SELECT 'c' || n || '@x.example', '!',"
                " 'First' || n % 977, 'Last' || n FROM generate_series(1, 20000) n"
            )
        )
        connection.execute(text("ANALYZE users"))
    with stores.postgres.reading() as connection:
        for question, index in (("first12 last1", "idx_users_search_words"), ("", "idx_users_sort_name")):
            page = _page(question, None, 50, backwards=False).compile(dialect=connection.dialect)
            plan = connection.exec_driver_sql(f"EXPLAIN {page}", page.params).scalars().all()
            assert index in "\n".join(plan)
            assert "Seq Scan" not in "\n".join(plan)
