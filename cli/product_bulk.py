"""``storekeeper products bulk``: one change to many products, those named or all that a filter finds."""

from __future__ import annotations

from typing import Any

import click

from cli.answer import Answer
from cli.bulk import try_or_run
from cli.options import JsonCommand, with_key
from cli.session import opened_shop

__all__ = ["bulk"]


@click.command(cls=JsonCommand)
@click.argument("skus", nargs=-1, metavar="[SKU]…")
@click.option("--filter", "line", metavar="LINE", help="All that this line finds: 'brand:Corsair stock:0'; '' is all.")
@click.option("--price-percent", metavar="P", help="Raise or lower the base price by P percent: -10.")
@click.option("--price-amount", metavar="A", help="Raise or lower the base price by an amount: 1.50.")
@click.option("--price-set", metavar="A", help="Set the base price.")
@click.option("--discount", metavar="P", help="Set the discount in percent.")
@click.option("--status", metavar="S", help="draft, active or archived.")
@click.option("--category", metavar="PATH", help="'Electronics > Computers'.")
@click.option("--attribute", metavar="NAME=VALUE", help="VALUE is JSON where it is JSON, else text.")
@click.option("--attribute-removed", metavar="NAME", help="Take the attribute away.")
@click.option("--reorder-level", metavar="WAREHOUSE=N", help="From how many on stock counts as low.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done.")
@with_key
def bulk(skus: tuple[str, ...], line: str | None, dry_run: bool, key: str | None, **changes: str | None) -> Answer:
    """Change many products by a job: price, discount, status, category, an attribute or the reorder level.

    The products are the SKUs named, or with --filter all that the line finds now. What cannot be changed is refused by
    itself, with a reason, and stops no other. Ctrl-C stops; `storekeeper bulk run JOB` goes on.
    """
    from data.bulk.runs import make_job
    from data.catalog.bulk_targets import named, of_line

    wanted = {name: value for name, value in changes.items() if value is not None}
    if len(wanted) != 1:
        raise click.UsageError("Say one thing to change, like --price-percent -10.")
    if bool(skus) == (line is not None):
        raise click.UsageError("Name SKUs, or say --filter LINE.")
    ((op, value),) = wanted.items()
    with opened_shop("catalog.view") as shop:
        targets = of_line(shop, line) if line is not None else named(shop, skus)
        job = make_job(shop, "products.change", _arguments(op, value), targets, key=key)
        return try_or_run(shop, job.job_id, dry_run=dry_run)


def _arguments(op: str, value: str) -> dict[str, Any]:
    """Return what the job's kind is told. Raises ``BadParameter`` for half of a pair."""
    from data.catalog.bulk import read_json

    option = f"--{op.replace('_', '-')}"
    if op == "attribute_removed":
        return {"op": op, "name": value}
    if op not in ("attribute", "reorder_level"):
        return {"op": op, "value": value}
    left, equals, right = value.partition("=")
    if not equals:
        raise click.BadParameter(f"{value!r} has no =.", param_hint=option)
    if op == "attribute":
        return {"op": op, "name": left.strip(), "value": read_json(right)}
    return {"op": op, "warehouse_id": left.strip(), "value": right}
