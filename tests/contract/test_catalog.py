"""The catalog on a real MongoDB, behind the real door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from bson import Decimal128
from pymongo.errors import WriteError
from sqlalchemy import text

from data.catalog.commands import EditProduct, ProductInput, PutProduct, PutProducts, SaveCategory
from data.catalog.reads import (
    attributes_of,
    by_skus,
    category_tree,
    get_product,
    get_products,
    known_attributes,
    list_products,
    prefix_search,
)
from data.catalog.schema import ensure_schema
from data.catalog.types import AttributeDef, CategoryPath
from data.errors import Conflict, Denied, Invalid, NotFound
from data.shop import Shop

MEMORY = ("Computers", "Components", "Memory")


def put(shop: Shop, **fields: object):
    given = {"sku": "RAM-1", "title": "Corsair Vengeance 32 GB", "base_price": Decimal("79.95"), "brand": "Corsair"}
    return shop.door.run(PutProduct(product=ProductInput(**(given | fields))), shop.actor).result


def edit(
    shop: Shop, changes: dict[str, object], ref: str = "RAM-1", expected: int | None = None, key: str | None = None
):
    command = EditProduct(product_id=ref, changes=changes, expected_version=expected)
    return shop.door.run(command, shop.actor, key=key).result


def test_a_product_comes_back_as_it_was_put(shop: Shop) -> None:
    attributes = {"speed": [5, 2**40], "color": "White", "ecc": False, "note": None, "timing.cas": 2**40, "volts": 1.35}
    made = put(
        shop,
        category=MEMORY,
        attributes=attributes,
        discount_percentage=Decimal("12.5"),
        barcode="4006381333931",
        keywords=("ram", "ddr5"),
        primary_image="https://cdn.example.com/1.jpg",
        supplier_id="SUP-1",
        description="Björk's favourite\n'); DROP TABLE products; --",
    )
    product = get_product(shop.stores.mongo, "RAM-1")
    assert made.action == "created"
    assert product.attributes == attributes
    assert [type(product.attributes[name]) for name in ("ecc", "timing.cas", "volts")] == [bool, int, float]
    assert type(product.attributes["speed"][1]) is int  # type: ignore[index]
    assert product.pricing.base_price == Decimal("79.95")
    assert product.pricing.final_price == Decimal("69.96")  # 69.95625, half up
    assert product.category == CategoryPath(*MEMORY)
    assert (product.status, product.version, product.revision) == ("active", 1, 1)
    assert product.seo.keywords == ("ram", "ddr5")
    assert product.description.startswith("Björk's")
    assert product.inventory.supplier_id == "SUP-1"
    assert product.created_at is not None
    assert product.created_at.tzinfo is not None
    assert product.created_by == shop.actor.email


def test_a_product_is_found_by_id_sku_and_barcode(shop: Shop) -> None:
    made = put(shop, barcode="4006381333931")
    mongo = shop.stores.mongo
    assert {get_product(mongo, ref).sku for ref in (made.product_id, "RAM-1", " 4006381333931 ")} == {"RAM-1"}
    assert get_products(mongo, [made.product_id, "0" * 24, "nonsense"]).keys() == {made.product_id}
    assert by_skus(mongo, ["RAM-1", "RAM-2"]).keys() == {"RAM-1"}
    for ref in ("", "RAM-2", "0" * 24):
        with pytest.raises(NotFound):
            get_product(mongo, ref)


def test_putting_the_same_again_changes_nothing(shop: Shop) -> None:
    first = put(shop, attributes={"volts": 1, "n": None})
    again = put(shop, attributes={"volts": 1.0})
    changed = put(shop, attributes={"color": "White"})
    assert (first.action, again.action, again.version) == ("created", "unchanged", 1)
    assert (changed.action, changed.version) == ("updated", 2)
    product = get_product(shop.stores.mongo, "RAM-1")
    assert product.attributes == {"volts": 1, "n": None, "color": "White"}
    assert (product.version, product.revision) == (2, 2)


def test_a_batch_reports_row_by_row_and_a_bad_row_stops_no_other(shop: Shop) -> None:
    put(shop)
    put(shop, sku="RAM-2", barcode="111")
    products = (
        ProductInput(sku="RAM-1", title="Renamed"),
        ProductInput(sku="RAM-2"),
        ProductInput(sku="RAM-3", title="New", base_price=Decimal(5)),
        ProductInput(sku="RAM-4"),
        ProductInput(sku="RAM-5", title="Free", base_price=Decimal(-1)),
        ProductInput(sku="RAM-3", title="Twice"),
        ProductInput(sku="RAM-6", title="Stolen barcode", barcode="111"),
        ProductInput(sku="RAM-7", title="Unpriced", status="active"),
        ProductInput(sku="RAM-8", title="x", attributes={"a": 1, "a.b": 2}),
    )
    result = shop.door.run(PutProducts(products=products), shop.actor).result
    assert [(item.sku, item.action) for item in result.items] == [
        ("RAM-1", "updated"),
        ("RAM-2", "unchanged"),
        ("RAM-3", "created"),
    ]
    assert {error.index: set(error.fields) for error in result.errors} == {
        3: {"title"},
        4: {"pricing.base_price"},
        5: {"sku"},
        6: {"barcode"},
        7: {"status"},
        8: {"attributes"},
    }
    assert shop.stores.mongo.products.count_documents({}) == 3


def test_a_product_without_a_price_is_a_draft_until_it_has_one(shop: Shop) -> None:
    put(shop, base_price=None)
    product = get_product(shop.stores.mongo, "RAM-1")
    assert (product.status, product.pricing.base_price, product.pricing.final_price) == ("draft", None, None)
    with pytest.raises(Invalid) as refused:
        edit(shop, {"status": "active"})
    assert set(refused.value.fields) == {"status"}
    edit(shop, {"status": "active", "pricing.base_price": "19.90"})
    with pytest.raises(Invalid) as refused:
        edit(shop, {"pricing.base_price": None})
    assert set(refused.value.fields) == {"pricing.base_price"}
    assert get_product(shop.stores.mongo, "RAM-1").pricing.final_price == Decimal("19.90")


def test_an_edit_changes_what_it_names_and_says_so(shop: Shop) -> None:
    put(shop, category=MEMORY, attributes={"color": "White", "timing.cas": 36, "timing.rcd": 38})
    edited = edit(
        shop,
        {
            "title": "Corsair Vengeance RGB 32 GB",
            "brand": "Corsair",
            "pricing.discount_percentage": 10,
            "attributes.timing.cas": 40,
            "attributes.color": None,
            "attributes.modules": [2, 16],
        },
        expected=1,
    )
    product = get_product(shop.stores.mongo, "RAM-1")
    assert set(edited.changed) == {
        "title",
        "pricing.discount_percentage",
        "pricing.final_price",
        "attributes.timing.cas",
        "attributes.color",
        "attributes.modules",
    }
    assert product.attributes == {"timing.cas": 40, "timing.rcd": 38, "modules": [2, 16]}
    assert product.pricing.final_price == Decimal("71.96")
    assert (edited.version, product.version) == (2, 2)
    assert edit(shop, {"title": "Corsair Vengeance RGB 32 GB"}).changed == ()
    assert get_product(shop.stores.mongo, "RAM-1").version == 2


def test_an_edit_on_an_old_version_is_refused_with_what_stands_there_now(shop: Shop) -> None:
    put(shop)
    edit(shop, {"title": "Theirs", "pricing.base_price": Decimal(60)}, expected=1)
    with pytest.raises(Conflict) as refused:
        edit(shop, {"title": "Mine", "pricing.base_price": Decimal(50)}, expected=1)
    assert refused.value.current == {"version": 2, "title": "Theirs", "pricing.base_price": "60.00"}
    assert get_product(shop.stores.mongo, "RAM-1").title == "Theirs"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"sku": "6566a1b2c3d4e5f601234567"}, "sku"),
        ({"sku": "A\nB"}, "sku"),
        ({"pricing.base_price": "-1"}, "pricing.base_price"),
        ({"pricing.base_price": "1.005"}, "pricing.base_price"),
        ({"pricing.base_price": "100000000"}, "pricing.base_price"),
        ({"pricing.base_price": True}, "pricing.base_price"),
        ({"pricing.discount_percentage": 101}, "pricing.discount_percentage"),
        ({"pricing.final_price": 5}, "pricing.final_price"),
        ({"pricing.currency": "usd"}, "pricing.currency"),
        ({"status": "gone"}, "status"),
        ({"category.tertiary": "Memmory"}, "category"),
        ({"category.fourth": "x"}, "category.fourth"),
        ({"attributes.$where": 1}, "attributes.$where"),
        ({"attributes.a..b": 1}, "attributes.a..b"),
        ({"attributes.color.dark": 1}, "attributes.color.dark"),
        ({"attributes.timing": 1}, "attributes.timing"),
        ({"attributes.x": {"y": 1}}, "attributes.x"),
        ({"attributes.x": [[1]]}, "attributes.x"),
        ({"attributes.x": 2**63 - 1, "attributes.x.y": 2}, "attributes.x.y"),
        ({"inventory.available_stock": 5}, "inventory.available_stock"),
        ({"version": 9}, "version"),
    ],
)
def test_a_wrong_change_is_refused_under_its_field_and_nothing_is_written(
    shop: Shop, changes: dict[str, object], field: str
) -> None:
    put(shop, category=MEMORY, attributes={"color": "White", "timing.cas": 36})
    before = shop.stores.mongo.products.find_one({"sku": "RAM-1"})
    with pytest.raises(Invalid) as refused:
        edit(shop, {"brand": "Other", **changes})
    assert field in refused.value.fields
    assert shop.stores.mongo.products.find_one({"sku": "RAM-1"}) == before


def test_a_sku_can_be_changed_but_not_to_another_products(shop: Shop) -> None:
    put(shop)
    put(shop, sku="RAM-2")
    with pytest.raises(Invalid) as refused:
        edit(shop, {"sku": "RAM-2"})
    assert "sku" in refused.value.fields
    assert edit(shop, {"sku": "RAM-9"}).sku == "RAM-9"
    assert get_product(shop.stores.mongo, "RAM-9").title == "Corsair Vengeance 32 GB"


def test_the_same_edit_with_the_same_key_is_one_edit(shop: Shop) -> None:
    put(shop)
    first = edit(shop, {"title": "Once"}, key="k")
    edit(shop, {"title": "Later"})
    assert edit(shop, {"title": "Once"}, key="k") == first
    assert get_product(shop.stores.mongo, "RAM-1").title == "Later"
    with pytest.raises(Conflict):
        edit(shop, {"title": "Something else"}, key="k")


def test_an_edit_whose_commit_was_lost_is_not_made_twice(shop: Shop) -> None:
    """Killed between the two commits: the document is written, the key's row is not. The retry finds its key."""
    put(shop)
    first = edit(shop, {"title": "Once", "sku": "RAM-9"}, key="k")
    edit(shop, {"title": "Later"}, ref="RAM-9")
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("DELETE FROM idempotency_keys WHERE key = 'k'"))
    again = edit(shop, {"title": "Once", "sku": "RAM-9"}, key="k")
    assert again == first
    product = get_product(shop.stores.mongo, "RAM-9")
    assert (product.title, product.version) == ("Later", 3)


def test_a_batch_whose_commit_was_lost_answers_as_the_first_time(shop: Shop) -> None:
    put(shop)
    batch = PutProducts(products=(ProductInput(sku="RAM-1", brand="New"), ProductInput(sku="RAM-2", title="Two")))
    first = shop.door.run(batch, shop.actor, key="k").result
    with shop.stores.postgres.writing() as connection:
        connection.execute(text("DELETE FROM idempotency_keys WHERE key = 'k'"))
    again = shop.door.run(batch, shop.actor, key="k")
    assert (again.replayed, again.result) == (False, first)
    assert [item.action for item in first.items] == ["updated", "created"]


def test_a_document_remembers_the_last_sixteen_keys(shop: Shop) -> None:
    put(shop)
    for number in range(20):
        edit(shop, {"title": f"Title {number}"})
    stored = shop.stores.mongo.products.find_one({"sku": "RAM-1"})
    assert stored is not None
    assert [entry["version"] for entry in stored["edit_keys"]] == list(range(6, 22))


def test_edits_of_many_threads_are_all_made_one_after_the_other(shop: Shop) -> None:
    put(shop)

    def one(number: int) -> int:
        return edit(shop, {f"attributes.n{number}": number}).version

    with ThreadPoolExecutor(6) as threads:
        versions = list(threads.map(one, range(24)))
    product = get_product(shop.stores.mongo, "RAM-1")
    assert sorted(versions) == list(range(2, 26))
    assert product.attributes == {f"n{number}": number for number in range(24)}


def test_two_imports_of_the_same_new_products_create_each_once(shop: Shop) -> None:
    products = tuple(ProductInput(sku=f"P-{number}", title=f"Product {number}") for number in range(300))

    def one(_: int):
        return shop.door.run(PutProducts(products=products), shop.actor).result

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(one, range(4)))
    assert sum(result.count("created") for result in results) == 300
    assert all(len(result.items) == 300 and not result.errors for result in results)
    assert shop.stores.mongo.products.count_documents({"version": 1}) == 300


def test_the_relays_stock_summary_and_an_edit_do_not_disturb_each_other(shop: Shop) -> None:
    put(shop, supplier_id="SUP-1")
    products = shop.stores.mongo.products
    before = get_product(shop.stores.mongo, "RAM-1")
    products.update_one(
        {"sku": "RAM-1", "inventory.version": {"$lt": 7}},
        {"$set": {"inventory.available_stock": 42, "inventory.version": 7}, "$inc": {"revision": 1}},
    )
    edit(shop, {"title": "Edited", "inventory.supplier_id": "SUP-2"}, expected=before.version)
    product = get_product(shop.stores.mongo, "RAM-1")
    assert (product.inventory.available_stock, product.inventory.version) == (42, 7)
    assert (product.inventory.supplier_id, product.title) == ("SUP-2", "Edited")
    assert (product.version, product.revision) == (2, 3)


def test_every_write_is_in_the_audit_log(shop: Shop) -> None:
    put(shop)
    edit(shop, {"pricing.base_price": 70, "attributes.color": "White"})
    with shop.stores.postgres.reading() as connection:
        rows = connection.execute(
            text("SELECT before, after FROM audit_log WHERE command = 'catalog.edit' AND target_type = 'product'")
        ).all()
    assert len(rows) == 1
    assert rows[0].before["pricing.base_price"] in {"79.95", 79.95}
    assert rows[0].after["attributes.color"] == "White"


def test_a_support_clerk_may_not_edit(shop: Shop) -> None:
    from dataclasses import replace

    put(shop)
    clerk = replace(shop.actor, roles=frozenset({"support"}))
    with pytest.raises(Denied):
        shop.door.run(EditProduct(product_id="RAM-1", changes={"title": "x"}), clerk)


def test_hostile_text_is_kept_as_it_came(shop: Shop) -> None:
    hostile = "\x1b]52;c;aGk=\x07 [red]x[/] \u202egpj \u200b {0} ${HOME} 😀"
    put(shop, title=hostile, attributes={hostile.replace(".", ""): hostile})
    product = get_product(shop.stores.mongo, "RAM-1")
    assert product.title == hostile
    assert list(product.attributes.values()) == [hostile]


# ── the store's own rules ──


def test_the_validator_refuses_what_this_program_could_not_read(shop: Shop) -> None:
    products = shop.stores.mongo.products
    put(shop)
    good = {"sku": "X", "title": "x", "status": "active", "pricing": {"currency": "USD"}, "version": 1}
    products.insert_one(dict(good))
    for wrong in (
        {"version": "1"},
        {"pricing": {"currency": "USD", "base_price": "12"}},
        {"pricing": {"currency": "USD", "base_price": -1}},
        {"status": "sold"},
        {"title": 5},
        {"attributes": {"when": products.find_one({"sku": "RAM-1"})["created_at"]}},
    ):
        with pytest.raises(WriteError):
            products.insert_one({**good, "sku": "Y", **wrong})


def test_an_edit_by_another_program_is_read_as_it_is(shop: Shop) -> None:
    put(shop)
    shop.stores.mongo.products.update_one(
        {"sku": "RAM-1"}, {"$set": {"pricing.base_price": 10.1, "pricing.final_price": 9, "attributes": {"a": {}}}}
    )
    product = get_product(shop.stores.mongo, "RAM-1")
    assert (product.pricing.base_price, product.pricing.final_price) == (Decimal("10.10"), Decimal("9.00"))
    assert product.attributes == {}
    edit(shop, {"pricing.discount_percentage": 10})
    stored = shop.stores.mongo.products.find_one({"sku": "RAM-1"})
    assert stored is not None
    assert stored["pricing"]["final_price"] == Decimal128("9.09")


def test_making_the_schema_again_is_harmless_and_repairs_it(shop: Shop) -> None:
    db = shop.stores.mongo.db
    db.command("collMod", "products", validator={})
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: ensure_schema(db), range(4)))
    options = next(found["options"] for found in db.list_collections() if found["name"] == "products")
    assert "$jsonSchema" in options["validator"]
    assert db["products"].index_information()["sku"]["unique"] is True


# ── lists, fallback search, categories ──


def test_pages_go_through_all_products_forward_and_back(shop: Shop) -> None:
    products = tuple(
        ProductInput(sku=f"P-{number:03}", title=f"Product {number}", category=("A", f"B{number % 2}"))
        for number in range(25)
    )
    shop.door.run(PutProducts(products=products), shop.actor)
    mongo = shop.stores.mongo
    first = list_products(mongo, limit=10)
    second = list_products(mongo, limit=10, after=first.after)
    third = list_products(mongo, limit=10, after=second.after)
    assert [row.sku for page in (first, second, third) for row in page.rows] == [f"P-{n:03}" for n in range(25)]
    assert (first.before, third.after, first.estimate) == (None, None, 25)
    back = list_products(mongo, limit=10, before=third.before)
    assert (back.rows, back.before is not None, back.after is not None) == (second.rows, True, True)
    last = list_products(mongo, limit=10, before="")
    assert ([row.sku for row in last.rows][-1], last.after) == ("P-024", None)
    odd = list_products(mongo, category=CategoryPath("A", "B1"), limit=50)
    assert [row.sku for row in odd.rows] == [f"P-{n:03}" for n in range(1, 25, 2)]
    assert len(list_products(mongo, status="draft", limit=50).rows) == 25
    assert list_products(mongo, status="active").rows == ()
    with pytest.raises(Invalid):
        list_products(mongo, after="rubbish")


def test_prefix_search_finds_by_the_beginning_of_every_word(shop: Shop) -> None:
    put(shop)
    put(shop, sku="RAM-2", title="Crème brûlée (set) RTX4070", brand="Bröd & Sons")
    mongo = shop.stores.mongo
    found = {
        words: {row.sku for row in prefix_search(mongo, words)}
        for words in ("veng cors", "BRULEE brod", "rtx 4070", "ram", "32 gb", "vengence", "", "(", ".*")
    }
    assert found == {
        "veng cors": {"RAM-1"},
        "BRULEE brod": {"RAM-2"},
        "rtx 4070": {"RAM-2"},
        "ram": {"RAM-1", "RAM-2"},
        "32 gb": {"RAM-1"},
        "vengence": set(),
        "": set(),
        "(": set(),
        ".*": set(),
    }
    edit(shop, {"title": "Kingston Fury", "brand": "Kingston"})
    assert {row.sku for row in prefix_search(mongo, "king fur")} == {"RAM-1"}
    assert prefix_search(mongo, "vengeance") == ()


def test_categories_appear_with_their_products_and_in_the_order_of_the_tree(shop: Shop) -> None:
    put(shop, category=MEMORY)
    put(shop, sku="CASE-1", category=("Computers", "Cases"))
    shop.door.run(SaveCategory(path=("Computers", "Components"), sort_order=1), shop.actor)
    saved = shop.door.run(
        SaveCategory(
            path=MEMORY, description="RAM", attributes=(AttributeDef("speed", "Speed", "MHz"), AttributeDef("color"))
        ),
        shop.actor,
    ).result
    mongo = shop.stores.mongo
    assert saved.created is False
    assert [category.path for category in category_tree(mongo)] == [
        "Computers",
        "Computers > Cases",
        "Computers > Components",
        "Computers > Components > Memory",
    ]
    memory = category_tree(mongo)[-1]
    assert (memory.slug, memory.level, memory.parent_category, memory.version) == ("memory", 3, "Components", 2)
    assert known_attributes(mongo)["speed"].unit == "MHz"
    assert shop.door.run(SaveCategory(path=("New", "One")), shop.actor).result.created is True
    with pytest.raises(Invalid):
        shop.door.run(SaveCategory(path=("a", "b", "c", "d")), shop.actor)


def test_the_attributes_of_a_category_are_counted(shop: Shop) -> None:
    for number, color in enumerate(["White", "White", "Black"]):
        put(shop, sku=f"RAM-{number}", category=MEMORY, attributes={"color": color, "ecc": None})
    put(shop, sku="CASE", category=("Computers", "Cases"), attributes={"psu": 300})
    used = attributes_of(shop.stores.mongo, CategoryPath(*MEMORY))
    assert {use.name: (use.products, use.values) for use in used} == {
        "color": (3, ("White", "Black")),
        "ecc": (3, ()),
    }
