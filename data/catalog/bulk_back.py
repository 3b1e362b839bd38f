"""Taking a whole bulk job back: another job, made from what the audit log says the first one found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from data.access.schema import AuditEntry
from data.bulk.messages import TargetInput
from data.bulk.reads import Job, get_job
from data.bulk.runs import make_job
from data.catalog.reads import get_products
from data.errors import NotFound

if TYPE_CHECKING:
    from data.shop import Shop

_COMPUTED = "pricing.final_price"
_ROWS_AT_ONCE = 1_000


def taking_back(shop: Shop, job_id: UUID, *, key: str | None = None) -> Job:
    """Return a new job that brings every record of ``job_id`` back to what it was; run it like any other.

    A record that somebody has changed since in the same field is refused by it. Raises ``NotFound`` where the job has
    changed nothing, or has not begun.
    """
    job = get_job(shop.stores.postgres, job_id)
    if not job.changed:
        raise NotFound("change to take back in the bulk job", job.title)
    arguments = {"title": f"take back: {job.title}"[:200]}
    return make_job(shop, "products.values", arguments, _targets(shop, job), key=key)


def _targets(shop: Shop, job: Job) -> Iterator[TargetInput]:
    """Yield what the job changed, as the audit rows of its batches tell it."""
    log = AuditEntry
    query = (
        select(log.audit_id, log.target_type, log.target_id, log.before, log.after)
        .where(
            log.actor_id == job.actor_id,
            log.at >= job.created_at,
            log.command == "bulk.batch",
            log.idempotency_key.startswith(f"bulk:{job.job_id}:"),
            log.target_type.in_(("product", "stock")),
        )
        .order_by(log.audit_id)
        .limit(_ROWS_AT_ONCE)
    )
    last = None
    while True:
        with shop.stores.postgres.reading() as connection:
            rows = connection.execute(query.where(log.audit_id > last) if last else query).all()
        products = get_products(shop.stores.mongo, {row.target_id.partition("/")[0] for row in rows})
        for row in rows:
            product = products.get(row.target_id.partition("/")[0])
            label = product.sku if product is not None else row.target_id
            yield _target(row.target_type, row.target_id, label, row.before or {}, row.after or {})
        if len(rows) < _ROWS_AT_ONCE:
            return
        last = rows[-1].audit_id


def _target(kind: str, target_id: str, label: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> TargetInput:
    if kind == "stock":
        product_id, _, warehouse = target_id.partition("/")
        data = {"warehouse_id": warehouse, "value": before["reorder_level"]}
        return TargetInput(target_id=product_id, label=label, data=data)
    return TargetInput(
        target_id=target_id,
        label=label,
        data={
            "set": {path: value for path, value in before.items() if path != _COMPUTED},
            "remove": [path for path in after if path not in before],
            "base": {path: value for path, value in after.items() if path != _COMPUTED},
        },
    )
