"""Jobs over many products: dry run, results by row, resume after anything, on real stores behind the real door."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from data.access.commands import SaveStaff
from data.access.reads import actor_by_email
from data.bulk.kinds import kind_called
from data.bulk.messages import AddTargets, OpenJob, RunBatch, TargetInput
from data.bulk.reads import get_job, list_jobs, list_rows
from data.bulk.runs import BATCH, dry_run, make_job, run_job
from data.catalog.bulk import OPERATIONS
from data.catalog.commands import EditProduct, ProductInput, PutProducts, SaveCategory
from data.catalog.reads import by_skus
from data.errors import Conflict, Denied, Invalid, NotFound
from data.shop import Shop
from data.stock.commands import ReceiveStock, SaveWarehouse
from data.stock.reads import levels_of
from data.undo.messages import Undo

MANY = 450  # three batches


@pytest.fixture
def catalog(shop: Shop) -> Shop:
    products = tuple(
        ProductInput(sku=f"P-{i:03}", title=f"Part {i}", category=("Parts",),
                     base_price=None if i % 50 == 7 else Decimal(10 + i))
        for i in range(MANY)
    )  # fmt: skip
    shop.door.run(PutProducts(products=products), shop.actor)
    return shop


def targets(shop: Shop, count: int = MANY) -> list[TargetInput]:
    found = by_skus(shop.stores.mongo, [f"P-{i:03}" for i in range(count)])
    return [TargetInput(target_id=product.product_id, label=sku) for sku, product in sorted(found.items())]


def prices(shop: Shop) -> dict[str, Decimal | None]:
    found = by_skus(shop.stores.mongo, [f"P-{i:03}" for i in range(MANY)])
    return {sku: product.pricing.base_price for sku, product in found.items()}


def change(shop: Shop, op: str, value: Any = None, *, count: int = MANY, **more: Any):
    return make_job(shop, "products.change", {"op": op, "value": value, **more}, targets(shop, count))


def test_a_dry_run_says_what_the_job_then_does(catalog: Shop) -> None:
    job = change(catalog, "price_percent", "-10")
    before = prices(catalog)
    told = dry_run(catalog, job.job_id)
    assert (told.total, told.changed, told.unchanged, told.refused) == (MANY, MANY - 9, 0, 9)
    assert told.examples[0] == ("P-000", "price 10.00 → 9.00")
    assert told.reasons == (("price: there is no price to change", 9),)
    assert prices(catalog) == before
    heard: list[int] = []
    done = run_job(catalog, job.job_id, report=lambda progress: heard.append(progress.done))
    assert (done.state, done.changed, done.refused) == ("done", MANY - 9, 9)
    assert heard == [200, 400, 450]
    after = prices(catalog)
    assert all(after[sku] == (price * 9 / 10).quantize(Decimal("0.01")) for sku, price in before.items() if price)
    refused = list_rows(catalog.stores.postgres, job.job_id, outcome="refused").rows
    assert [row.label for row in refused] == [f"P-{i:03}" for i in range(7, MANY, 50)]
    with catalog.stores.postgres.reading() as connection:
        rows = "SELECT count(*) FROM audit_log WHERE command = 'bulk.batch' AND target_type = 'product'"
        assert connection.execute(text(rows)).scalar_one() == MANY - 9


def test_a_job_that_was_stopped_or_killed_goes_on_and_does_no_row_twice(catalog: Shop) -> None:
    job = change(catalog, "price_amount", "1.50")
    asked = iter([False, True])
    stopped = run_job(catalog, job.job_id, cancelled=lambda: next(asked))
    assert (stopped.state, stopped.done) == ("stopped", BATCH)
    batch = RunBatch(job_id=job.job_id, first=BATCH, count=BATCH)
    catalog.door.run(batch, catalog.actor, key=f"bulk:{job.job_id}:{BATCH}")
    # as if the commit in PostgreSQL had been lost after the documents were written
    with catalog.stores.postgres.writing() as connection:
        connection.execute(text("DELETE FROM idempotency_keys WHERE command = 'bulk.batch'"))
        connection.execute(text("UPDATE bulk_rows SET outcome = NULL WHERE number >= 200"))
        connection.execute(text("UPDATE bulk_jobs SET changed = 196, refused = 4"))
    done = run_job(catalog, job.job_id)
    assert (done.state, done.changed, done.refused) == ("done", MANY - 9, 9)
    assert all(price == 10 + int(sku[2:]) + Decimal("1.50") for sku, price in prices(catalog).items() if price)
    assert run_job(catalog, job.job_id) == done


def test_what_is_left_out_is_named_with_what_belongs_there() -> None:
    for op in OPERATIONS:
        with pytest.raises(Invalid) as caught:
            kind_called("products.change").check({"op": op, "value": "", "name": " ", "warehouse_id": ""})
        assert caught.value.fields
        assert all(why.startswith("is missing") for why in caught.value.fields.values()), (op, caught.value.fields)


def test_collecting_says_of_how_many(catalog: Shop) -> None:
    heard: list[tuple[int, int]] = []
    arguments = {"op": "price_set", "value": "1"}
    for about in (0, 400, MANY):
        make_job(
            catalog,
            "products.change",
            arguments,
            targets(catalog, MANY),
            total=about,
            report=lambda progress: heard.append((progress.done, progress.total)),
        )
    assert heard == [(MANY, 0), (MANY, MANY), (MANY, MANY)]


CHANGES: tuple[tuple[str, Any, dict[str, Any], str, Any], ...] = (
    ("price_set", "5", {}, "price", Decimal("5.00")),
    ("discount", "25", {}, "final", Decimal("3.75")),
    ("status", "archived", {}, "status", "archived"),
    ("category", "Parts > Small", {}, "category", "Parts > Small"),
    ("attribute", [1, "two"], {"name": "made.of"}, "attribute", [1, "two"]),
    ("attribute", None, {"name": "made.of"}, "attribute", None),
)


def test_every_change_is_made(catalog: Shop) -> None:
    catalog.door.run(SaveCategory(path=("Parts", "Small")), catalog.actor)
    for op, value, more, path, expected in CHANGES:
        assert run_job(catalog, change(catalog, op, value, count=3, **more).job_id).changed == 3
        product = by_skus(catalog.stores.mongo, ["P-000"])["P-000"]
        seen = {
            "price": product.pricing.base_price,
            "final": product.pricing.final_price,
            "status": product.status,
            "category": str(product.category),
            "attribute": product.attributes.get("made.of", "missing"),
        }
        assert seen[path] == expected
        assert run_job(catalog, change(catalog, op, value, count=3, **more).job_id).unchanged == 3
    run_job(catalog, change(catalog, "attribute_removed", name="made.of", count=3).job_id)
    assert "made.of" not in by_skus(catalog.stores.mongo, ["P-000"])["P-000"].attributes


def test_reorder_levels_are_set_where_the_product_is_stocked(catalog: Shop) -> None:
    catalog.door.run(SaveWarehouse(warehouse_id="WH1", label="Berlin"), catalog.actor)
    catalog.door.run(ReceiveStock(product_id="P-001", warehouse_id="WH1", quantity=3), catalog.actor)
    job = change(catalog, "reorder_level", 5, count=3, warehouse_id="WH1")
    told = dry_run(catalog, job.job_id)
    assert told.examples == (("P-001", "reorder level 0 → 5"),)
    assert told.reasons == (("is not stocked in WH1", 2),)
    assert (run_job(catalog, job.job_id).changed, run_job(catalog, job.job_id).refused) == (1, 2)
    product = by_skus(catalog.stores.mongo, ["P-001"])["P-001"]
    levels = levels_of(catalog.stores.postgres, [product.product_id])[product.product_id]
    assert [level.reorder_level for level in levels] == [5]


def test_own_values_are_refused_by_field_where_somebody_was_first(catalog: Shop) -> None:
    rows = targets(catalog, 3)
    own = {"set": {"pricing.base_price": "99", "status": "draft"}, "base": {"pricing.base_price": "10.00"}}
    mine = [TargetInput(target_id=row.target_id, label=row.label, data=own) for row in rows]
    job = make_job(catalog, "products.values", {"title": "sheet"}, mine)
    done = run_job(catalog, job.job_id)
    assert (done.changed, done.refused) == (1, 2)
    told = [row.message for row in list_rows(catalog.stores.postgres, job.job_id).rows]
    assert told == ["price 10.00 → 99.00, status active → draft"] + [
        f"price: was changed meanwhile, it is {price} now" for price in ("11.00", "12.00")
    ]


def test_what_is_wrong_is_refused_before_anything_is_changed(catalog: Shop) -> None:
    run, actor = catalog.door.run, catalog.actor
    for arguments, field in (
        ({"op": "price_percent", "value": "lots"}, "value"),
        ({"op": "status", "value": "sold"}, "value"),
        ({"op": "attribute", "name": "$x", "value": 1}, "name"),
        ({"op": "reorder_level", "value": -1, "warehouse_id": "WH1"}, "value"),
        ({"op": "reorder_level", "value": 1}, "warehouse_id"),
        ({"op": "everything"}, "op"),
    ):
        with pytest.raises(Invalid) as refused:
            run(OpenJob(kind="products.change", arguments=arguments), actor)
        assert list(refused.value.fields) == [field]
    with pytest.raises(NotFound):
        run(OpenJob(kind="products.vanish", arguments={}), actor)
    job = change(catalog, "price_percent", "-100", count=2)
    with pytest.raises(Conflict):
        run(AddTargets(job_id=job.job_id, first=5, targets=()), actor)
    told = dry_run(catalog, change(catalog, "price_amount", "-10.50", count=2).job_id)
    assert told.reasons == (("price: -0.50 is negative", 1),)
    assert len(told.first) == 1
    assert told.first[0] not in dict(told.examples)
    told = dry_run(catalog, change(catalog, "category", "Nowhere", count=2).job_id)
    assert told.reasons == (("category: there is no category Nowhere", 2),)


def test_a_job_needs_the_permission_of_what_it_does(catalog: Shop) -> None:
    command = SaveStaff(email="wes@example.com", first_name="Wes", last_name="Hale", roles=("warehouse",))
    catalog.door.run(command, catalog.actor)
    wes = replace(catalog, actor=actor_by_email(catalog.stores.postgres, "wes@example.com"))
    job = change(catalog, "price_percent", "5", count=2)
    with pytest.raises(Denied):
        run_job(wes, job.job_id)
    with pytest.raises(Denied):
        change(wes, "price_percent", "5", count=2)
    assert get_job(catalog.stores.postgres, job.job_id).done == 0
    assert [found.job_id for found in list_jobs(catalog.stores.postgres, catalog.actor.user_id).rows] == [job.job_id]


def test_a_job_is_taken_back_by_a_job_that_leaves_what_others_changed(catalog: Shop) -> None:
    from data.catalog.bulk_back import taking_back

    before = prices(catalog)
    job = change(catalog, "price_percent", "-10", count=5)
    run_job(catalog, job.job_id)
    with pytest.raises(Conflict, match="bulk job"):
        catalog.door.run(Undo(), catalog.actor)
    catalog.door.run(EditProduct(product_id="P-002", changes={"pricing.base_price": 50}), catalog.actor)
    back = taking_back(catalog, job.job_id)
    done = run_job(catalog, back.job_id)
    assert (done.changed, done.refused) == (4, 1)
    assert prices(catalog) == before | {"P-002": Decimal("50.00")}
