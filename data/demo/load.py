"""Loading the demo: the same story through the same doors, told from the moment of the first load.

Each part runs as the member of staff whose work it is, so the audit log, the timelines and the ledger read like a shop.
All keys come from the seed and the sizes: a load that was interrupted goes on where it was, and one that is complete is
left as it is. A load of another size is another story and adds its orders to those there are.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from data.access.commands import SaveStaff
from data.access.reads import actor_by_email
from data.access.schema import AuditEntry
from data.catalog.commands import PutProducts, SaveCategory
from data.catalog.reads import by_skus
from data.demo.commands import BeginDemo, FinishDemo, LoadedPerson, LoadPeople
from data.demo.crew import Crew, batches
from data.demo.orders import make_story
from data.demo.people import Person, make_people
from data.demo.products import DemoProduct, kinds, make_products
from data.demo.report import DemoReport
from data.demo.trade import Goods, receive, trade
from data.errors import Denied, Invalid
from data.stock.commands import SaveWarehouse
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.access.rules import Actor
    from data.shop import Shop

#: The demo's staff by first name: last name and role.
STAFF = {
    "ann": ("Keller", "admin"),
    "sam": ("Okafor", "support"),
    "wes": ("Lindholm", "warehouse"),
    "cat": ("Moreau", "catalogue"),
    "amy": ("Tanaka", "analyst"),
}
#: The demo's warehouses by id: name, street, city, state, postal code, country.
WAREHOUSES = {
    "WH1": ("Berlin", "Westhafenstraße 1", "Berlin", "", "13353", "DE"),
    "WH2": ("Rotterdam", "Waalhaven O.z. 77", "Rotterdam", "", "3087 BM", "NL"),
    "WH3": ("Reno", "1500 Vassar Street", "Reno", "NV", "89502", "US"),
}
_PLACE = ("street_address", "city", "state", "postal_code", "country")
_PEOPLE_BATCH, _PRODUCT_BATCH = 50, 1_000
#: One for the customers while the catalog is filled; then for the orders of a day.
_THREADS = 3


def load_demo(
    shop: Shop,
    *,
    products: int = 2_000,
    customers: int = 500,
    orders: int = 1_000,
    seed: int = 7,
    report: ReportProgress | None = None,
) -> DemoReport:
    """Fill the shop with a believable business of this size, the same for the same ``seed``.

    Ninety days of orders end at the moment of the first load. Search and analytics follow by the relay. Raises
    ``Denied`` without the permissions ``demo.load`` and ``access.manage``, ``Invalid`` for a negative size or for
    orders without products or customers, ``Unavailable``.
    """
    started = time.monotonic()
    sizes = {"products": products, "customers": customers, "orders": orders}
    _check(shop, sizes)
    load = _Load(shop, f"{seed}:{products}x{customers}x{orders}", seed, report or (lambda _: None))
    done = load.found() or load.run(**sizes)
    return replace(done, seconds=round(time.monotonic() - started, 3))


def _check(shop: Shop, sizes: Mapping[str, int]) -> None:
    if not shop.actor.may("demo.load"):
        raise Denied(shop.actor.email, "demo.load")
    wrong = {name: "must be 0 or more" for name, size in sizes.items() if size < 0}
    if sizes["orders"] > 0 and not (sizes["products"] and sizes["customers"]):
        wrong["orders"] = "need products and customers"
    if wrong:
        raise Invalid(wrong)


class _Load:
    """One load: its name, its crew, and how far it is."""

    def __init__(self, shop: Shop, label: str, seed: int, report: ReportProgress) -> None:
        self._shop = shop
        self._label = label
        self._seed = seed
        self._report = report
        self._done = self._total = 0

    def found(self) -> DemoReport | None:
        """Return what an earlier load of this very name left, or ``None`` where it is not complete."""
        mark = select(AuditEntry.after).where(
            AuditEntry.target_type == "demo", AuditEntry.target_id == self._label, AuditEntry.command == FinishDemo.name
        )
        with self._shop.stores.postgres.reading() as connection:
            after = connection.execute(mark.limit(1)).scalar()
        return None if after is None else DemoReport(**after, changed=False, seconds=0.0)

    def run(self, *, products: int, customers: int, orders: int) -> DemoReport:
        """Load everything and leave the mark."""
        self._total = products + customers + orders
        crew = Crew(self._shop.door, f"demo:{self._label}", _hire(self._shop))
        now: datetime = crew.run("ann", BeginDemo(seed=self._seed), f"demo:{self._seed}:begin").now
        assortment = make_products(products, self._seed)
        people = make_people(customers, self._seed)
        story = make_story(orders, self._seed, now, assortment, people)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="demo") as threads:
            # Customers are PostgreSQL's work, the catalog is MongoDB's.
            saving = threads.submit(_save_people, crew, people, now.date())
            goods = self._fill_catalog(crew, assortment)
            for warehouse, (label, *place) in WAREHOUSES.items():
                address = dict(zip(_PLACE, place, strict=True))
                crew.run("wes", SaveWarehouse(warehouse_id=warehouse, label=label, address=address), f"wh:{warehouse}")
            stored = saving.result()
            self._advance(customers, "customers")
            receive(crew, story.opening, goods, "opening")
            placed = trade(crew, story, goods, stored, threads, self._advance)
        done = FinishDemo(label=self._label, products=products, customers=customers, orders=placed)
        crew.run("ann", done, "finish")
        return DemoReport(products, customers, placed, changed=True, seconds=0.0)

    def _advance(self, count: int, what: str) -> None:
        self._done += count
        self._report(Progress(self._done, self._total, what))

    def _fill_catalog(self, crew: Crew, assortment: tuple[DemoProduct, ...]) -> Goods:
        """Put what is missing into the catalog, and return the ids of all; what is there already is left as it is."""
        mongo, skus = self._shop.stores.mongo, [item.product.sku for item in assortment]
        known = by_skus(mongo, skus)
        for batch in batches(assortment, _PRODUCT_BATCH):
            missing = tuple(item.product for item in batch if item.product.sku not in known)
            if missing:
                crew.run("cat", PutProducts(products=missing))
            self._advance(len(batch), "products")
        for kind in kinds() if assortment else ():
            command = SaveCategory(path=kind.category, attributes=kind.definitions)
            crew.run("cat", command, f"category:{kind.prefix}")
        ids = {sku: product.product_id for sku, product in by_skus(mongo, skus).items()}
        return {item.product.sku: (ids[item.product.sku], item.reorder) for item in assortment}


def _hire(shop: Shop) -> dict[str, Actor]:
    hired = {}
    for name, (family, role) in STAFF.items():
        email = f"{name}@storekeeper.example"
        command = SaveStaff(email=email, first_name=name.title(), last_name=family, roles=(role,))
        shop.door.run(command, shop.actor, key=f"demo:staff:{name}")
        hired[name] = actor_by_email(shop.stores.postgres, email)
    return hired


def _save_people(crew: Crew, people: tuple[Person, ...], today: date) -> dict[str, LoadedPerson]:
    stored: dict[str, LoadedPerson] = {}
    for number, batch in enumerate(batches(people, _PEOPLE_BATCH)):
        loaded = crew.run("sam", LoadPeople(people=batch, today=today), f"people:{number}")
        stored |= {person.email: person for person in loaded.people}
    return stored
