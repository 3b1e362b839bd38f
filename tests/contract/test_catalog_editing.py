"""Creating, copying, archiving, attributes and undoing, on a real MongoDB behind the real door."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from data.access.commands import SaveStaff
from data.access.reads import actor_by_email
from data.catalog.commands import (
    ArchiveProduct,
    CreateProduct,
    DuplicateProduct,
    EditAttributes,
    EditProduct,
    ProductInput,
    PutProduct,
    RestoreProduct,
)
from data.catalog.reads import get_product
from data.command import Command
from data.errors import Conflict, Denied, Invalid, NotFound
from data.shop import Shop
from data.undo.messages import Undo

RAM = ProductInput(
    sku="RAM-1", title="Vengeance 32 GB", brand="Corsair", base_price=Decimal("79.95"), barcode="12345678"
)


def do(shop: Shop, command: Command, key: str | None = None) -> Any:
    return shop.door.run(command, shop.actor, key=key).result


def ram(shop: Shop):
    return get_product(shop.stores.mongo, "RAM-1")


@pytest.fixture
def catalog(shop: Shop) -> Shop:
    product = replace_input(RAM, attributes={"color": "White", "memory.speed": 6000, "note": None})
    do(shop, CreateProduct(product=product))
    return shop


def replace_input(product: ProductInput, **fields: Any) -> ProductInput:
    import msgspec

    return msgspec.structs.replace(product, **fields)


def as_clerk(shop: Shop, role: str) -> Shop:
    do(shop, SaveStaff(email="cat@example.com", first_name="Cat", last_name="Lee", roles=(role,)))
    return replace(shop, actor=actor_by_email(shop.stores.postgres, "cat@example.com"))


def test_creating_refuses_a_sku_that_is_taken_and_repeats_nothing(shop: Shop) -> None:
    made = do(shop, CreateProduct(product=RAM), "create-1")
    again = shop.door.run(CreateProduct(product=RAM), shop.actor, key="create-1")
    assert (made.action, again.replayed, again.result) == ("created", True, made)
    with pytest.raises(Invalid) as refused:
        do(shop, CreateProduct(product=replace_input(RAM, title="Another")))
    assert refused.value.fields == {"sku": "RAM-1 belongs to another product"}
    with pytest.raises(Invalid, match="barcode"):
        do(shop, CreateProduct(product=replace_input(RAM, sku="RAM-2")))
    assert ram(shop).title == RAM.title


def test_creating_again_after_a_lost_commit_finds_what_it_made(shop: Shop) -> None:
    do(shop, CreateProduct(product=RAM), "create-1")
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("DELETE FROM idempotency_keys"))
    assert do(shop, CreateProduct(product=RAM), "create-1").action == "created"
    assert shop.stores.mongo.products.count_documents({}) == 1


def test_a_copy_is_a_draft_with_everything_but_what_is_the_originals_alone(catalog: Shop) -> None:
    do(catalog, EditProduct(product_id="RAM-1", changes={"seo.keywords": ["ram", "ddr5"], "description": "fast"}))
    do(catalog, DuplicateProduct(product_id="RAM-1", sku="RAM-2", title="Vengeance 64 GB"))
    copy, original = get_product(catalog.stores.mongo, "RAM-2"), ram(catalog)
    assert (copy.title, copy.status, copy.barcode) == ("Vengeance 64 GB", "draft", "")
    assert (copy.brand, copy.attributes, copy.pricing) == (original.brand, original.attributes, original.pricing)
    assert (copy.seo, copy.description, copy.category) == (original.seo, "fast", original.category)
    assert copy.inventory.available_stock == 0
    with pytest.raises(NotFound):
        do(catalog, DuplicateProduct(product_id="RAM-9", sku="RAM-3"))
    with pytest.raises(Invalid, match="sku"):
        do(catalog, DuplicateProduct(product_id="RAM-1", sku="RAM-2"))


def test_archiving_and_restoring(catalog: Shop) -> None:
    do(catalog, ArchiveProduct(product_id="RAM-1", expected_version=1))
    assert ram(catalog).status == "archived"
    assert do(catalog, ArchiveProduct(product_id="RAM-1")).changed == ()
    with pytest.raises(Conflict):
        do(catalog, RestoreProduct(product_id="RAM-1", expected_version=1))
    do(catalog, RestoreProduct(product_id="RAM-1"))
    assert ram(catalog).status == "active"
    with pytest.raises(Invalid, match="not archived"):
        do(catalog, RestoreProduct(product_id="RAM-1"))
    do(catalog, PutProduct(product=ProductInput(sku="FAN-1", title="Fan", status="archived")))
    do(catalog, RestoreProduct(product_id="FAN-1"))
    assert get_product(catalog.stores.mongo, "FAN-1").status == "draft"  # it has no price


def test_attributes_are_set_renamed_and_removed_in_one_write(catalog: Shop) -> None:
    edited = do(
        catalog,
        EditAttributes(
            product_id="RAM-1",
            sets={"ecc": False, "empty": None, "timing": [36, 36], "memory.type": "DDR5"},
            renames={"color": "colour", "memory.speed": "memory.clock"},
            removes=("note",),
        ),
    )
    found = ram(catalog)
    assert found.attributes == {
        "colour": "White",
        "ecc": False,
        "empty": None,
        "memory.clock": 6000,
        "memory.type": "DDR5",
        "timing": [36, 36],
    }
    assert found.version == edited.version == 2


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"renames": {"nothing": "x"}}, "attributes.nothing"),
    ({"renames": {"color": "note"}}, "attributes.note"),
    ({"sets": {"$where": 1}}, "attributes.$where"),
    ({"sets": {"a.$b": 1}}, "attributes.a.$b"),
    ({"sets": {"a..b": 1}}, "attributes.a..b"),
    ({"sets": {"": 1}}, "attributes."),
    ({"sets": {"color.inner": 1}}, "attributes.color.inner"),
    ({"sets": {"memory": 1}}, "attributes.memory"),
    ({"sets": {"text": "x" * 2_001}}, "attributes.text"),
    ({"sets": {f"n{i}": i for i in range(298)}}, "attributes"),
)


def test_what_no_document_could_hold_is_refused_by_name(catalog: Shop) -> None:
    for command, field in REFUSED:
        with pytest.raises(Invalid) as refused:
            do(catalog, EditAttributes(product_id="RAM-1", **command))
        assert set(refused.value.fields) == {field}
    assert ram(catalog).version == 1


def test_300_attributes_with_odd_names_and_null_everything_are_held_and_found(catalog: Shop) -> None:
    from data.events.relay import drain
    from data.search.language import parse_query

    odd = {"price($)": 5, "🎮 fps": 144, "größe": None, "a b.c d": "x", "toString": True, "0": [None], "rgb": "🌈"}
    rest = {f"n{i}": i for i in range(297 - len(odd))}
    do(catalog, EditAttributes(product_id="RAM-1", sets=odd | rest))
    nothing = dict.fromkeys(("description", "brand", "category", "pricing.discount_percentage", "barcode"), None)
    do(catalog, EditProduct(product_id="RAM-1", changes=nothing | {"seo.keywords": None, "media.videos": None}))
    found = ram(catalog)
    assert len(found.attributes) == 300
    assert {name: found.attributes[name] for name in odd} == odd
    assert (found.brand, found.description, found.barcode, found.category.names) == ("", "", "", ())
    drain(catalog, 20)
    for line in ("vengeance n7:7", "rgb:🌈"):
        assert [hit.sku for hit in catalog.stores.search.search(parse_query(line), limit=5).hits] == ["RAM-1"]


def test_a_description_of_10_mb_is_refused_by_name(catalog: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        do(catalog, EditProduct(product_id="RAM-1", changes={"description": "x" * 10_000_000}))
    assert list(refused.value.fields) == ["changes.description"]
    with pytest.raises(Invalid) as refused:
        do(catalog, CreateProduct(product=replace_input(RAM, sku="R-2", description="x" * 10_000_000)))
    assert list(refused.value.fields) == ["product.description"]


def test_undo_brings_back_what_stood_there_and_only_that(catalog: Shop) -> None:
    changes = {"pricing.base_price": "84.90", "attributes.color": None, "attributes.new": 1, "category": None}
    do(catalog, EditProduct(product_id="RAM-1", changes=changes))
    do(catalog, EditProduct(product_id="RAM-1", changes={"title": "Renamed"}), "theirs")
    do(catalog, EditAttributes(product_id="RAM-1", sets={"note": "set", "gone": None}, renames={"new": "newer"}))
    do(catalog, Undo(change_key=""))
    found = ram(catalog)
    assert found.attributes == {"memory.speed": 6000, "note": None, "new": 1}  # a null is a null again, not nothing
    do(catalog, Undo(change_key="theirs"))
    assert ram(catalog).title == RAM.title
    undone = do(catalog, Undo())
    found = ram(catalog)
    assert found.attributes == {"color": "White", "memory.speed": 6000, "note": None}
    assert found.pricing.final_price == Decimal("79.95")
    assert undone.command == "catalog.edit"
    assert undone.sentence.startswith("RAM-1: ")
    # All of mine is taken back, so the creation itself is the next.
    assert do(catalog, Undo()).sentence == "RAM-1 is removed: it was new, and nobody had used it"
    with pytest.raises(NotFound):
        ram(catalog)
    with pytest.raises(NotFound):
        do(catalog, Undo())


def test_undo_is_idempotent_and_takes_archiving_back(catalog: Shop) -> None:
    do(catalog, ArchiveProduct(product_id="RAM-1"))
    first = catalog.door.run(Undo(), catalog.actor, key="u1")
    second = catalog.door.run(Undo(), catalog.actor, key="u1")
    assert (second.replayed, second.result) == (True, first.result)
    assert ram(catalog).status == "active"


def test_undo_leaves_what_somebody_changed_since(catalog: Shop) -> None:
    other = as_clerk(catalog, "catalogue")
    do(catalog, EditProduct(product_id="RAM-1", changes={"title": "Mine", "brand": "Mine"}))
    do(other, EditProduct(product_id="RAM-1", changes={"title": "Theirs"}))
    with pytest.raises(Conflict, match="title was changed since, now Theirs"):
        do(catalog, Undo())
    assert (ram(catalog).title, ram(catalog).brand) == ("Theirs", "Mine")
    do(other, Undo())  # takes back theirs, never mine
    assert ram(catalog).title == "Mine"
    do(catalog, Undo())
    assert (ram(catalog).title, ram(catalog).brand) == (RAM.title, "Corsair")


def test_undo_removes_a_new_product_once_and_its_sku_is_free_again(catalog: Shop) -> None:
    from data.events.relay import drain

    drain(catalog, 20)
    made = do(catalog, DuplicateProduct(product_id="RAM-1", sku="RAM-2"))
    drain(catalog, 20)
    catalog.stores.mongo.products.delete_one({"sku": "RAM-2"})  # as if the commit after removing it was lost
    again = catalog.door.run(Undo(), catalog.actor, key="u1")
    assert "RAM-2 is removed" in again.result.sentence
    assert catalog.door.run(Undo(), catalog.actor, key="u1").replayed
    assert ram(catalog).sku == "RAM-1"
    drain(catalog, 20)
    assert made.product_id not in {hit.product_id for hit in _everything_found(catalog)}
    assert do(catalog, DuplicateProduct(product_id="RAM-1", sku="RAM-2")).action == "created"


def _everything_found(shop: Shop):
    from data.search.language import parse_query

    return shop.stores.search.search(parse_query(""), limit=50).hits


def test_a_new_product_of_which_something_has_come_is_not_removed(catalog: Shop) -> None:
    from data.stock.commands import ReceiveStock, SaveWarehouse

    other = as_clerk(catalog, "catalogue")
    do(catalog, DuplicateProduct(product_id="RAM-1", sku="RAM-2"))
    do(other, EditProduct(product_id="RAM-2", changes={"title": "Theirs"}))
    with pytest.raises(Conflict, match="RAM-2 is not removed: somebody else has changed it"):
        do(catalog, Undo())
    do(catalog, DuplicateProduct(product_id="RAM-1", sku="RAM-3"))
    do(catalog, SaveWarehouse(warehouse_id="WH1", label="Main"))
    do(catalog, ReceiveStock(warehouse_id="WH1", product_id="RAM-3", quantity=1))
    with pytest.raises(Conflict, match="RAM-3 is not removed: it has stock by now"):
        do(catalog, Undo())
    do(catalog, DuplicateProduct(product_id="RAM-1", sku="RAM-4"))
    foreign = {"$set": {"title": "By another program"}, "$inc": {"version": 1}}
    catalog.stores.mongo.products.update_one({"sku": "RAM-4"}, foreign)
    with pytest.raises(Conflict, match="RAM-4 is not removed: somebody else"):
        do(catalog, Undo())
    assert {sku for sku in ("RAM-2", "RAM-3", "RAM-4") if catalog.stores.mongo.products.find_one({"sku": sku})} == {
        "RAM-2", "RAM-3", "RAM-4",
    }  # fmt: skip


def test_undo_asks_for_the_permission_of_the_change(catalog: Shop) -> None:
    clerk = as_clerk(catalog, "catalogue")
    do(clerk, EditProduct(product_id="RAM-1", changes={"title": "Theirs"}))
    clerk = as_clerk(catalog, "warehouse")
    with pytest.raises(Denied):
        do(clerk, Undo())
    with pytest.raises(Denied):
        do(as_clerk(catalog, "analyst"), Undo())
