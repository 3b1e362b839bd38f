"""Papers of stored orders: what stands on them, in whose script, and that nothing on them acts."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fontTools.ttLib import TTFont

from data.documents.fonts import fit
from data.documents.make import make_document, print_document, save_document
from data.errors import Invalid, NotFound
from data.payments.messages import RecordPayment
from data.piping import CommandFailed
from data.settings import Settings
from data.shop import Shop, open_shop
from tests.conftest import databases
from tests.hostile import STORABLE
from tests.orders_world import ADDRESS, customer, place, product, warehouses

SCRIPTS = (
    "Björk Guðmundsdóttir",
    "Жанна Їжакевич",
    "Ωμέγα Παπά",
    "陳偉 東京 さくら 김민수",
    "محمد",
    "שלום",
    "สมชาย",
    "क्षत्रिय",
)


_people = itertools.count(1)


@pytest.fixture(scope="module")
def desk(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with two products in two warehouses, shared by this module: every test places its own orders."""
    with databases(stack, tmp_path_factory.mktemp("documents")) as settings:
        shop = open_shop(settings)
        stock(shop)
        yield shop
        shop.close()


def stock(shop: Shop) -> None:
    warehouses(shop, "WH1", "WH2")
    product(shop, "RAM-0412", {"WH1": 200}, title="Corsair Vengeance 32 GB")
    product(shop, "CAB-0031", {"WH2": 200}, title="USB-C cable 1 m")


def order(shop: Shop, name: str = "Ann", **fields: Any) -> str:
    """Place an order over both warehouses and return its number."""
    user = customer(shop, f"c{next(_people)}@lee.example", first_name=name, last_name="Lee")
    number: str = place(shop, user, ("RAM-0412", 2), ("CAB-0031", 1), **fields).result.order_number
    return number


def text_of(shop: Shop, number: str, kind: str, **how: Any) -> str:
    return make_document(shop, [number], kind, format="text", **how).content.decode()


def opened(pdf: bytes) -> list[bytes]:
    """Return the file's streams as they are before packing."""
    parts = re.findall(rb">>\nstream\n(.*?)\nendstream", pdf, re.DOTALL)
    return [zlib.decompress(part) if part[:1] == b"x" else part for part in parts]


def glyphs_shown(pdf: bytes) -> str:
    """Return the characters a reader finds in the file, by the file's own tables from glyph to character."""
    maps = b"".join(part for part in opened(pdf) if b"begincmap" in part)
    return "".join(bytes.fromhex(code.decode()).decode("utf-16-be") for code in re.findall(rb"<\w+> <(\w+)>", maps))


def test_the_packing_slip_has_units_address_and_no_prices(desk: Shop) -> None:
    slip = text_of(desk, order(desk), "packing-slip")
    assert "Ann Lee" in slip
    assert "97201 Portland OR" in slip
    assert re.search(r"RAM-0412 +Corsair Vengeance 32 GB +2 +0 +2\n", slip)
    assert "10.00" not in slip
    assert max(map(len, slip.splitlines())) <= 80


def test_the_packing_slip_of_one_warehouse(desk: Shop) -> None:
    slip = text_of(desk, order(desk), "packing-slip", warehouse="WH2")
    assert "CAB-0031" in slip
    assert "RAM-0412" not in slip
    with pytest.raises(Invalid, match="nothing of it is sent from WH9"):
        text_of(desk, order(desk), "packing-slip", warehouse="WH9")


def test_the_pick_list_adds_up_orders_by_place_and_sku(desk: Shop) -> None:
    numbers = [order(desk), order(desk, notes="call before delivery")]
    picked = make_document(desk, numbers, "pick-list", format="text").content.decode()
    assert picked.index("Warehouse WH1") < picked.index("RAM-0412") < picked.index("Warehouse WH2")
    assert re.search(r"RAM-0412 +Corsair Vengeance 32 GB +4 ", picked)
    assert all(number in picked for number in numbers)
    assert f"{numbers[1]}: call before delivery" in picked


def test_the_invoice_adds_up(desk: Shop) -> None:
    number = order(desk)
    from data.orders.reads import get_order

    stored = get_order(desk.stores.postgres, number)
    paid = RecordPayment(order_id=stored.order_id, kind="capture", amount=Decimal("5.00"), provider="manual")
    desk.door.run(paid, desk.actor)
    bill = text_of(desk, number, "invoice")
    assert re.search(rf"Total USD +{stored.total_amount}\n", bill)
    assert re.search(r"Paid \S+ +-5.00\n", bill)
    assert re.search(rf"Due USD +{stored.total_amount - 5}\n", bill)


@pytest.mark.parametrize("kind", ["packing-slip", "pick-list", "invoice"])
def test_a_pdf_shows_what_the_text_shows(desk: Shop, kind: str) -> None:
    document = make_document(desk, [order(desk)], kind)
    assert document.content.startswith(b"%PDF-")
    assert document.missing == ()
    assert set("CorsairVengeance32GB") <= set(glyphs_shown(document.content))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_customer_is_named_in_their_own_script(desk: Shop, name: str) -> None:
    document = make_document(desk, [order(desk, name)], "invoice")
    assert document.missing == ()
    # A shaped text may show a letter and its mark as one glyph: what counts is that each character is on the paper.
    shown = unicodedata.normalize("NFKD", glyphs_shown(document.content))
    assert set(unicodedata.normalize("NFKD", name)) - set(shown) == set()
    fonts = {font.name: font for font in fit(name).fonts}
    assert all(any(ord(letter) in font.covers for font in fonts.values()) for letter in name)


def test_every_character_drawn_has_an_outline() -> None:
    letters = set("".join(SCRIPTS)) - {" "}
    for font in fit("".join(SCRIPTS)).fonts:
        with TTFont(font.path, fontNumber=0, lazy=True) as read:
            glyphs, names = read["glyf"], read.getBestCmap()
            empty = [
                letter for letter in letters if ord(letter) in names and not glyphs[names[ord(letter)]].numberOfContours
            ]
        letters -= {chr(code) for code in font.covers}
        assert empty == []
    assert letters == set()


def test_what_no_font_has_is_told_plainly(desk: Shop) -> None:
    document = make_document(desk, [order(desk, "Ann 𓀀𒀀")], "invoice")
    assert document.missing == ("𒀀", "𓀀")
    assert set("[U+13000]") <= set(glyphs_shown(document.content))
    assert fit("Ann 𓀀").text("𓀀") == "[U+13000]"


def test_stored_text_is_inert_on_paper(desk: Shop) -> None:
    acting = r") Tj ET endstream endobj 9 0 obj << /S /JavaScript /JS (app.alert(1)) >> \(\)"
    address = msgspec.structs.replace(ADDRESS, street_address=acting, city="".join(STORABLE)[:90])
    number = order(desk, "=cmd|'/c calc'!A1", shipping_address=address)
    for kind in ("packing-slip", "invoice"):
        pdf = make_document(desk, [number], kind).content
        bare = pdf + b"".join(opened(pdf))
        for key in (
            b"/JavaScript",
            b"/JS",
            b"/AA",
            b"/URI",
            b"/Launch",
            b"/EmbeddedFile",
            b"/AcroForm",
        ):
            assert key not in bare, key
        assert re.findall(rb"/OpenAction .*", pdf) == [b"/OpenAction [3 0 R /FitH null]"]  # the zoom
        text = text_of(desk, number, kind)
        assert not [letter for letter in text if ord(letter) < 32 and letter != "\n"]
        assert not set("\u202e\u2066\u200b\x9b") & set(text)


def test_every_hostile_string_can_be_printed(desk: Shop) -> None:
    notes = "\n".join(STORABLE)[:9_000]
    number = order(desk, notes=notes)
    assert make_document(desk, [number], "pick-list").content.startswith(b"%PDF-")
    if shutil.which("pdftotext"):  # where it is there, another program's reading is looked at, too
        pdf = make_document(desk, [number], "pick-list").content
        ran = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
        assert number in ran.stdout.decode()


def test_the_same_order_gives_the_same_bytes(desk: Shop) -> None:
    number = order(desk)
    assert make_document(desk, [number], "invoice").content == make_document(desk, [number], "invoice").content


def test_wrong_questions_are_refused(desk: Shop) -> None:
    number = order(desk)
    with pytest.raises(NotFound):
        make_document(desk, ["K7M2-QX4C"], "invoice")
    for refs, kind, format in (
        ([number, order(desk)], "invoice", "pdf"),
        ([number], "label", "pdf"),
        ([number], "invoice", "doc"),
    ):
        with pytest.raises(Invalid):
            make_document(desk, refs, kind, format=format)


def test_to_a_file_and_to_the_print_command(desk: Shop, tmp_path: Path) -> None:
    document = make_document(desk, [order(desk)], "invoice")
    saved = save_document(document, tmp_path)
    assert saved.name == document.name
    assert saved.read_bytes() == document.content
    out = tmp_path / "printed"
    printing = replace(desk, settings=msgspec.structs.replace(desk.settings, print_command=f"tee '{out}'"))
    print_document(printing, document)
    assert out.read_bytes() == document.content
    for command, why in (
        ("", "no print command"),
        ("false", "ended with 1"),
        ("no-such-program-here", "cannot be run"),
    ):
        broken = replace(desk, settings=msgspec.structs.replace(desk.settings, print_command=command))
        with pytest.raises((Invalid, CommandFailed), match=why):
            print_document(broken, document)
