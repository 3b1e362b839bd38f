"""``storekeeper reconcile``: recompute every stock level from the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import columns
from cli.options import JsonCommand
from cli.session import opened_shop

if TYPE_CHECKING:
    from data.stock.reads import Mismatch


@click.command("reconcile", cls=JsonCommand)
def command() -> Answer:
    """Recompute every stock level from the ledger and print each mismatch; exits 1 where there is one."""
    from data.stock.reads import reconcile

    with opened_shop("stock.view") as shop:
        found = reconcile(shop.stores.postgres)
    document = {"ok": not found, "total": len(found), "total_exact": True, "rows": plain(found)}
    return Answer(document, lambda: _lines(found), exit_code=1 if found else 0)


def _lines(found: Sequence[Mismatch]) -> Iterable[str]:
    if not found:
        yield "Every level is what the ledger says."
        return
    yield from columns(
        ("sku", "warehouse", "what", "stored", "by the ledger"),
        [(row.sku, row.warehouse_id, row.what, row.stored, row.expected) for row in found],
    )
    yield f"{len(found):,} mismatches. Nothing was changed."
