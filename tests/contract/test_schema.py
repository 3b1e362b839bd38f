"""The schema as PostgreSQL has it: the seed's names, the models' shape, what it refuses by itself, up and down."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import data.access.schema
import data.bulk.schema
import data.customers.schema
import data.events.schema
import data.mail.schema
import data.notes.schema
import data.orders.editing.schema
import data.orders.origin_schema
import data.orders.schema
import data.payments.schema
import data.returns.schema
import data.shipments.schema
import data.stock.schema
import data.views.schema  # noqa: F401  (importing a schema registers its tables)
from data import migrations
from data.access.rules import ROLES
from data.errors import Conflict, Invalid
from data.migrations.versions.v0001_people import UUIDV7_BODY
from data.schema_base import Base

if TYPE_CHECKING:
    from data.settings import Settings
    from data.stores import Stores

#: What the seed's DDL calls its constraints and indexes, as PostgreSQL names those the seed leaves unnamed.
_CONSTRAINTS = """
    users_pkey users_email_key user_addresses_pkey user_addresses_user_id_fkey user_addresses_address_type_check
    user_payment_methods_pkey user_payment_methods_user_id_fkey user_payment_methods_payment_type_check
    user_payment_methods_billing_address_id_fkey orders_pkey orders_order_number_key orders_user_id_fkey
    orders_order_status_check order_items_pkey order_items_order_id_fkey order_items_quantity_check
    order_items_fulfillment_status_check order_status_history_pkey order_status_history_order_id_fkey
    order_status_history_changed_by_fkey warehouses_pkey inventory_pkey inventory_warehouse_id_fkey check_stock_levels
    inventory_movements_pkey inventory_movements_warehouse_id_fkey inventory_movements_movement_type_check
    inventory_movements_created_by_fkey
"""
_INDEXES = """
    idx_users_email idx_user_addresses_user_id idx_user_payment_methods_user_id idx_orders_user_id idx_orders_status
    idx_orders_created_at idx_order_items_order_id idx_order_items_product_id idx_inventory_product_warehouse
    idx_inventory_available_stock idx_inventory_movements_product idx_inventory_movements_created_at
"""
SEED_CONSTRAINTS, SEED_INDEXES = set(_CONSTRAINTS.split()), set(_INDEXES.split())
#: table: columns of the seed's DDL
SEED_COLUMNS = {
    "users": "user_id email password_hash first_name last_name phone date_of_birth created_at updated_at is_active"
    " email_verified last_login",
    "user_addresses": "address_id user_id address_type is_default street_address city state postal_code country"
    " created_at",
    "user_payment_methods": "payment_method_id user_id payment_type is_default card_last_four card_brand expiry_month"
    " expiry_year billing_address_id created_at is_active",
    "orders": "order_id order_number user_id order_status subtotal tax_amount shipping_amount discount_amount"
    " total_amount currency shipping_address billing_address created_at updated_at confirmed_at shipped_at"
    " delivered_at payment_method shipping_method notes",
    "order_items": "order_item_id order_id product_id sku product_name product_attributes unit_price quantity"
    " total_price fulfillment_status warehouse_id tracking_number created_at",
    "order_status_history": "history_id order_id previous_status new_status changed_by change_reason created_at",
    "warehouses": "warehouse_id name address is_active created_at",
    "inventory": "inventory_id product_id warehouse_id total_stock available_stock reserved_stock damaged_stock"
    " reorder_level max_stock_level last_updated last_restock_date",
    "inventory_movements": "movement_id product_id warehouse_id movement_type quantity reference_id reference_type"
    " stock_after_movement reason created_by created_at",
}
APPEND_ONLY = ("audit_log", "inventory_movements", "order_status_history")


@pytest.fixture
def connection(stores: Stores) -> Iterator[Connection]:
    with stores.postgres.engine.connect() as opened:
        yield opened


def shape(connection: Connection, schema: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every column, constraint and index of a schema as the server spells them, the schema's own name out."""
    columns = """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attidentity,
               pg_get_expr(d.adbin, d.adrelid), l.collname, c.reloptions::text
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
          LEFT JOIN pg_collation l ON l.oid = a.attcollation
         WHERE c.relnamespace = CAST(:schema AS regnamespace) AND a.attnum > 0 AND NOT a.attisdropped
           AND c.relname <> 'alembic_version' ORDER BY 1, 2"""
    constraints = """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = CAST(:schema AS regnamespace) AND conrelid <> 0
           AND contype <> 'n' AND conname NOT LIKE 'alembic%' ORDER BY 2"""
    indexes = """
        SELECT tablename, indexname, indexdef FROM pg_indexes
         WHERE schemaname = :schema AND tablename <> 'alembic_version' ORDER BY 2"""

    def plain(value: object) -> object:
        return re.sub(rf"\b{schema}\.", "", value) if isinstance(value, str) else value

    return {
        name: [tuple(plain(value) for value in row) for row in connection.execute(text(query), {"schema": schema})]
        for name, query in {"columns": columns, "constraints": constraints, "indexes": indexes}.items()
    }


def test_migrated_is_what_the_models_say(connection: Connection) -> None:
    """The models are laid out a second time, beside the migrated tables, and the server is asked to describe both."""
    connection.execute(text("CREATE SCHEMA from_models"))
    twin = connection.execution_options(schema_translate_map={None: "from_models"})
    Base.metadata.create_all(twin, checkfirst=False)
    migrated, modelled = shape(connection, "public"), shape(connection, "from_models")
    for what, described in migrated.items():
        assert described == modelled[what], what
    assert len(migrated["columns"]) > 150, "nothing was compared"


def test_alembic_sees_no_difference_either(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, Base.metadata) == []


def test_the_seeds_names_are_kept(connection: Connection) -> None:
    found = shape(connection, "public")
    assert SEED_CONSTRAINTS - {name for _, name, _ in found["constraints"]} == set()
    assert SEED_INDEXES - {name for _, name, _ in found["indexes"]} == set()
    columns = {(table, column) for table, column, *_ in found["columns"]}
    assert {(t, c) for t, cs in SEED_COLUMNS.items() for c in cs.split()} - columns == set()


def test_every_foreign_key_is_indexed(connection: Connection) -> None:
    unindexed = connection.execute(
        text(
            """
            SELECT conrelid::regclass || '.' || conname FROM pg_constraint k
             WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
                   SELECT FROM pg_index i
                    WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1]
                      AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '%IS NOT NULL%'))
            """
        )
    )
    assert unindexed.scalars().all() == []


def test_every_index_says_which_query_it_serves() -> None:
    root = Path(migrations.__file__).parents[1]
    bare = []
    for path in sorted(root.rglob("*schema.py")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            starts = re.match(r'\s*(Index|UniqueConstraint)\(("idx_\w+")?', line)
            if starts and "#" not in lines[number - 1] and "Index(" not in lines[number - 1] + lines[number - 2]:
                bare.append(f"{path.parent.name}: {line.strip()}")
    assert bare == []


def test_time_is_always_with_its_zone(connection: Connection) -> None:
    naive = connection.execute(
        text(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'"
        )
    )
    assert naive.scalars().all() == []


@pytest.mark.parametrize("expression", ["uuidv7()", UUIDV7_BODY])
def test_keys_are_uuid_version_7_in_order_of_time(connection: Connection, expression: str) -> None:
    """Also where another program inserts: by the server's own function, and by ours for servers older than 18."""
    made = [connection.execute(text(f"SELECT {expression}")).scalar_one() for _ in range(3)]
    assert {key.version for key in made} == {7}
    assert {key.variant for key in made} == {"specified in RFC 4122"}
    stamps = [datetime.fromtimestamp((key.int >> 80) / 1000).timestamp() for key in made]  # noqa: DTZ006
    now = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
    assert stamps == sorted(stamps)
    assert abs(float(now) - stamps[-1]) < 5


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET created_at = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_ledgers_take_new_rows_only(stores: Stores, table: str, change: str) -> None:
    statement = change.format(table).replace("created_at", "at" if table == "audit_log" else "created_at")
    with pytest.raises(Conflict, match="append-only"), stores.postgres.writing() as connection:
        connection.execute(text(statement))


def an_order(connection: Connection) -> tuple[UUID, UUID]:
    user = connection.execute(
        text("INSERT INTO users (email, password_hash) VALUES ('ann@lee.example', '!') RETURNING user_id")
    ).scalar_one()
    order = connection.execute(
        text(
            "INSERT INTO orders (order_number, user_id, subtotal, total_amount, shipping_address, billing_address)"
            " VALUES ('K7M2-QX4C', :user, 10, 10, '{}', '{}') RETURNING order_id"
        ),
        {"user": user},
    ).scalar_one()
    connection.execute(
        text("INSERT INTO order_status_history (order_id, new_status) VALUES (:order, 'pending')"), {"order": order}
    )
    return user, order


def test_an_order_with_a_history_stays(stores: Stores) -> None:
    with stores.postgres.writing() as connection:
        an_order(connection)
    with pytest.raises(Conflict, match="append-only"), stores.postgres.writing() as connection:
        connection.execute(text("DELETE FROM orders"))


def test_a_payment_settles_once_and_never_otherwise_changes(stores: Stores) -> None:
    with stores.postgres.writing() as connection:
        _, order = an_order(connection)
        connection.execute(
            text(
                "INSERT INTO payments (order_id, kind, amount, provider, idempotency_key)"
                " VALUES (:order, 'capture', 10, 'test', 'k')"
            ),
            {"order": order},
        )
    for change in (
        "UPDATE payments SET amount = 9",
        "UPDATE payments SET status = 'succeeded', amount = 9",
        "UPDATE payments SET provider_reference = 'x'",
        "DELETE FROM payments",
        "TRUNCATE payments",
    ):
        with pytest.raises(Conflict), stores.postgres.writing() as connection:
            connection.execute(text(change))
    with stores.postgres.writing() as connection:
        connection.execute(text("UPDATE payments SET status = 'succeeded', provider_reference = 'ch_1'"))
    with pytest.raises(Conflict, match="pending"), stores.postgres.writing() as connection:
        connection.execute(text("UPDATE payments SET status = 'failed'"))
    with pytest.raises(Conflict), stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO payments (order_id, kind, amount, provider, idempotency_key)"
                " VALUES (:order, 'capture', 5, 'test', 'k')"
            ),
            {"order": order},
        )


def pay(stores: Stores, order: UUID, kind: str, amount: int, status: str = "succeeded", currency: str = "USD") -> None:
    with stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO payments (order_id, kind, amount, status, currency, provider, idempotency_key)"
                " VALUES (:order, :kind, :amount, :status, :currency, 'test', gen_random_uuid()::text)"
            ),
            {"order": order, "kind": kind, "amount": amount, "status": status, "currency": currency},
        )


def test_no_order_gives_back_more_than_it_took(stores: Stores) -> None:
    with stores.postgres.writing() as connection:
        _, order = an_order(connection)
    pay(stores, order, "authorise", 99)
    pay(stores, order, "capture", 99, "pending")
    with pytest.raises(Conflict, match="refund"):
        pay(stores, order, "refund", 1)
    pay(stores, order, "capture", 10)
    pay(stores, order, "refund", 99, "failed")
    pay(stores, order, "refund", 4, "pending")
    for amount, currency in ((7, "USD"), (1, "EUR")):
        with pytest.raises(Conflict, match="refund"):
            pay(stores, order, "refund", amount, currency=currency)
    pay(stores, order, "refund", 6)


def test_refunds_at_once_cannot_share_one_capture(stores: Stores) -> None:
    with stores.postgres.writing() as connection:
        _, order = an_order(connection)
    pay(stores, order, "capture", 10)
    barrier = threading.Barrier(8)

    def refund(_: int) -> bool:
        barrier.wait()
        try:
            pay(stores, order, "refund", 10)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(refund, range(8))) == 1


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("INSERT INTO users (email, password_hash) VALUES ('ANN@LEE.EXAMPLE', '!')", "idx_users_email"),
        (
            (
                "INSERT INTO user_payment_methods (user_id, payment_type, card_last_four)"
                " SELECT user_id, 'credit_card', '42x2' FROM users"
            ),
            "user_payment_methods_card_last_four_check",
        ),
        (
            (
                "INSERT INTO user_addresses (user_id, street_address, city, postal_code, country)"
                " SELECT user_id, 's', 'c', 'p', 'de' FROM users"
            ),
            "user_addresses_country_check",
        ),
        ("UPDATE orders SET order_status = 'lost'", "orders_order_status_check"),
        (
            (
                "INSERT INTO payments (order_id, kind, amount, provider, idempotency_key)"
                " SELECT order_id, 'capture', 0, 'p', 'k' FROM orders"
            ),
            "payments_amount_check",
        ),
        ("INSERT INTO user_roles (user_id, role) SELECT user_id, 'king' FROM users", "user_roles_role_check"),
    ],
)
def test_the_database_refuses_what_the_code_should_have(stores: Stores, statement: str, constraint: str) -> None:
    with stores.postgres.writing() as connection:
        an_order(connection)
    with pytest.raises(Conflict, match=constraint), stores.postgres.writing() as connection:
        connection.execute(text(statement))


def test_a_card_number_does_not_even_fit(stores: Stores) -> None:
    with stores.postgres.writing() as connection:
        an_order(connection)
    with pytest.raises(Invalid), stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO user_payment_methods (user_id, payment_type, card_last_four)"
                " SELECT user_id, 'credit_card', '4242424242424242' FROM users"
            )
        )


def test_the_roles_of_the_code_are_those_of_the_table(connection: Connection) -> None:
    rule = connection.execute(
        text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'user_roles_role_check'")
    ).scalar_one()
    assert set(re.findall(r"'(\w+)'", rule)) == set(ROLES)


def test_up_down_up(stores: Stores, settings: Settings) -> None:
    engine = stores.postgres.engine
    everything = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    with engine.connect() as connection:
        before = shape(connection, "public")
    assert migrations.is_current(engine)

    migrations.downgrade(engine)
    assert not migrations.is_current(engine)
    with engine.connect() as connection:
        names = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        assert connection.execute(text(names)).scalars().all() == ["alembic_version"]
        assert connection.execute(text(functions)).scalar_one() == 0

    migrations.upgrade(settings.postgres_url)
    assert migrations.is_current(engine)
    with engine.connect() as connection:
        assert shape(connection, "public") == before
        tables = connection.execute(text(everything)).scalar_one()
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text(everything)).scalar_one() == tables


def test_every_step_can_be_taken_back_alone(stores: Stores) -> None:
    engine = stores.postgres.engine
    steps = [revision.revision for revision in scripts().walk_revisions()]
    for below in (*steps[1:], "base"):
        migrations.downgrade(engine, below)
    for step in reversed(steps):
        migrations.upgrade(engine, step)
    assert migrations.is_current(engine)


def test_the_head_written_down_is_alembics() -> None:
    assert scripts().get_heads() == [migrations.HEAD]


def test_a_changed_function_comes_with_a_revision_that_installs_it() -> None:
    installed = [
        revision.module.PLACEMENT_SHA256
        for revision in scripts().walk_revisions()  # newest first
        if hasattr(revision.module, "PLACEMENT_SHA256")
    ]
    placement = Path(migrations.__file__).parents[1] / "orders" / "placement.sql"
    assert hashlib.sha256(placement.read_bytes()).hexdigest() == installed[0], "see v0005_placement.py"


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return ScriptDirectory.from_config(config)


def test_a_database_of_a_newer_program_is_left_alone(stores: Stores) -> None:
    with stores.postgres.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not migrations.is_current(stores.postgres.engine)
    with pytest.raises(Conflict, match="newer"):
        migrations.upgrade(stores.postgres.engine)


def test_a_database_that_was_never_migrated_is_not_current(stores: Stores) -> None:
    with stores.postgres.writing() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert not migrations.is_current(stores.postgres.engine)
