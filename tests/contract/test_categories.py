"""The tree of categories: moved with its products, renamed, put in order, closed, taken back; on a real MongoDB."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from data.catalog.category_messages import MoveCategory, OrderCategories
from data.catalog.category_moves import products_in
from data.catalog.commands import EditProduct, ProductInput, PutProducts, SaveCategory
from data.catalog.reads import category_tree, get_product
from data.command import Command
from data.errors import Conflict, Invalid, NotFound
from data.shop import Shop
from data.undo.messages import Undo

PRODUCTS = (
    ("GPU-1", ("Parts", "Cards")),
    ("GPU-2", ("Parts", "Cards", "Gaming")),
    ("CAB-1", ("Parts", "Cables")),
    ("TOP-1", ("Parts",)),
    ("OTH-1", ("Other", "Cards")),
)


@pytest.fixture
def tree(shop: Shop) -> Shop:
    products = tuple(ProductInput(sku=sku, title=sku, category=path, base_price=Decimal(1)) for sku, path in PRODUCTS)
    do(shop, PutProducts(products=products))
    do(shop, SaveCategory(path=("Parts", "Cards"), description="graphics"))
    return shop


def do(shop: Shop, command: Command, key: str | None = None) -> Any:
    return shop.door.run(command, shop.actor, key=key).result


def paths(shop: Shop) -> list[str]:
    return [node.path for node in category_tree(shop.stores.mongo)]


def where(shop: Shop, sku: str) -> str:
    return str(get_product(shop.stores.mongo, sku).category)


def test_a_category_moves_with_all_that_is_in_it(tree: Shop) -> None:
    before = get_product(tree.stores.mongo, "GPU-2")
    moved = do(tree, MoveCategory(path=("Parts", "Cards"), to=("Graphics",)), "move-1")
    assert (moved.path, moved.products) == ("Graphics", 2)
    assert paths(tree) == ["Graphics", "Graphics > Gaming", "Other", "Other > Cards", "Parts", "Parts > Cables"]
    assert [where(tree, sku) for sku, _ in PRODUCTS] == [
        "Graphics", "Graphics > Gaming", "Parts > Cables", "Parts", "Other > Cards",
    ]  # fmt: skip
    after = get_product(tree.stores.mongo, "GPU-2")
    assert (after.version, after.revision) == (before.version + 1, before.revision + 1)
    node = next(node for node in category_tree(tree.stores.mongo) if node.path == "Graphics")
    assert (node.level, node.parent_category, node.description) == (1, "", "graphics")
    # deeper again, under another name, and back by undo
    do(tree, MoveCategory(path=("Graphics",), to=("Other", "Boards")))
    assert where(tree, "GPU-2") == "Other > Boards > Gaming"
    do(tree, Undo())
    do(tree, Undo())
    assert (where(tree, "GPU-1"), where(tree, "GPU-2")) == ("Parts > Cards", "Parts > Cards > Gaming")
    assert products_in(tree.stores.mongo, ("Parts",)) == 4


def test_a_move_that_was_cut_off_goes_on(tree: Shop) -> None:
    do(tree, MoveCategory(path=("Parts",), to=("Bits",)), "move-1")
    with tree.stores.postgres.writing() as connection:  # the commit was lost, and one product had not followed yet
        connection.execute(text("DELETE FROM idempotency_keys"))
    tree.stores.mongo.products.update_one({"sku": "CAB-1"}, {"$set": {"category.primary": "Parts"}})
    assert do(tree, MoveCategory(path=("Parts",), to=("Bits",)), "move-1").products == 1
    assert where(tree, "CAB-1") == "Bits > Cables"


def test_what_would_break_the_tree_is_refused_and_changes_nothing(tree: Shop) -> None:
    before = paths(tree)
    for path, to, error in (
        (("Parts",), ("Parts", "Inner"), Invalid),
        (("Parts",), ("Other", "Parts"), Invalid),  # four levels
        (("Parts", "Cables"), ("Nowhere", "Cables"), Invalid),
        (("Parts", "Cards"), ("Other", "Cards"), Conflict),
        (("Parts", "Nothing"), ("Nothing",), NotFound),
        (("Parts", "Nothing"), ("Other",), NotFound),  # before the other end is looked at
        (("Parts",), ("Parts",), Invalid),
    ):
        with pytest.raises(error):
            do(tree, MoveCategory(path=path, to=to))
    assert paths(tree) == before


def test_siblings_are_put_in_order_and_back(tree: Shop) -> None:
    do(tree, OrderCategories(parent=(), names=("Parts", "Other")))
    assert paths(tree)[0] == "Parts"
    assert do(tree, Undo()).sentence == "The categories on top stand in the order of before"
    assert paths(tree)[0] == "Other"
    with pytest.raises(Invalid):
        do(tree, OrderCategories(parent=("Parts",), names=("Nothing",)))


def test_a_closed_category_takes_no_more_products_and_is_opened_by_undo(tree: Shop) -> None:
    closed = "closed"
    do(tree, SaveCategory(path=("Parts", "Cables"), is_active=False), closed)
    cables = ("Parts", "Cables")
    with pytest.raises(Invalid, match="Parts > Cables is closed, it takes no more products"):
        do(tree, EditProduct(product_id="TOP-1", changes={"category": "Parts > Cables"}))
    # a new product and an import are no way in; what is in it stays and can be changed
    put = (
        ProductInput(sku="NEW-1", title="New", category=cables),
        ProductInput(sku="TOP-1", category=cables),
        ProductInput(sku="CAB-1", category=cables, title="Cable"),
    )
    told = do(tree, PutProducts(products=put))
    assert {error.sku: list(error.fields) for error in told.errors} == {"NEW-1": ["category"], "TOP-1": ["category"]}
    assert (get_product(tree.stores.mongo, "CAB-1").title, where(tree, "TOP-1")) == ("Cable", "Parts")
    assert do(tree, Undo(change_key=closed)).sentence == "Parts > Cables is open again"
    do(tree, EditProduct(product_id="TOP-1", changes={"category": "Parts > Cables"}))
    assert where(tree, "TOP-1") == "Parts > Cables"


def test_undo_removes_a_new_category_while_it_is_empty(tree: Shop) -> None:
    before = paths(tree)
    do(tree, SaveCategory(path=("Parts", "Fans"), description="They blow"))
    assert do(tree, Undo()).sentence == "Parts > Fans is removed: it was new and empty"
    assert paths(tree) == before
    do(tree, SaveCategory(path=("Parts", "Fans")), "fans")
    do(tree, EditProduct(product_id="TOP-1", changes={"category": "Parts > Fans"}))
    do(tree, SaveCategory(path=("Parts", "Fans", "Big")), "big")
    with pytest.raises(Conflict, match="there are categories below it"):
        do(tree, Undo(change_key="fans"))
    do(tree, Undo(change_key="big"))
    with pytest.raises(Conflict, match="there are products in it"):
        do(tree, Undo(change_key="fans"))
    do(tree, Undo())  # the edit
    do(tree, Undo(change_key="fans"))
    assert paths(tree) == before
