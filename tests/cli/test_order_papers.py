"""Papers, notes, timeline and inbox by the headless twin."""

from __future__ import annotations

from pathlib import Path

from data.settings import Settings
from data.shop import open_shop
from tests.cli.conftest import Twin
from tests.orders_world import customer, place, product, warehouses


def _order(settings: Settings) -> str:
    shop = open_shop(settings)
    warehouses(shop, "WH1")
    product(shop, "RAM-1", {"WH1": 9})
    number: str = place(shop, customer(shop), ("RAM-1", 2)).result.order_number
    shop.close()
    return number


def test_papers_notes_and_inbox(settings: Settings, twin: Twin, tmp_path: Path) -> None:
    number = _order(settings)
    assert f"Packing slip{number:>68}" in twin("orders", "print", number).out
    saved = twin("orders", "print", number, "--kind", "invoice", "--to", str(tmp_path), "--json").document
    assert Path(saved["path"]).read_bytes().startswith(b"%PDF-")
    assert saved["missing_glyphs"] == []
    twin("orders", "print", number, "--format", "pdf", code=2)
    twin("orders", "print", number, "--printer", code=3)
    twin("orders", "print", "0000-0000", code=4)

    first = twin("orders", "note", number, "@root call @nobody", "--key", "n1", "--json").document
    again = twin("orders", "note", number, "@root call @nobody", "--key", "n1", "--json").document
    assert (first["replayed"], again["replayed"], again["note_id"]) == (False, True, first["note_id"])
    assert first["unknown"] == [name for name in ("root", "nobody") if f"{name}@localhost" not in first["mentioned"]]
    rows = twin("orders", "timeline", number, "--kind", "note", "--json").document["rows"]
    assert [(row["what"], row["why"]) for row in rows] == [("note", "@root call @nobody")]
    assert len(twin("inbox", "list", "--json").document["rows"]) == len(first["mentioned"])
    assert twin("inbox", "read", "--json").document["read"] == len(first["mentioned"])
    assert twin("inbox", "list", "--json").document["rows"] == []


def test_export_to_a_file_and_to_standard_output(settings: Settings, twin: Twin, tmp_path: Path) -> None:
    number = _order(settings)
    file = tmp_path / "orders.csv"
    done = twin("orders", "export", "unpaid", "--to", str(file), "--columns", "order_number,sku", "--json").document
    assert (done["rows"], done["path"]) == (1, str(file))
    assert file.read_text("utf-8-sig").splitlines() == ["order_number,sku", f"{number},RAM-1"]
    out = twin("orders", "export", "--format", "jsonl", "--columns", "order_number").out
    assert out == f'{{"order_number":"{number}"}}\n'
    twin("orders", "export", "--columns", "nothing", code=3)
    twin("orders", "export", "--format", "xlsx", code=3)


def test_import_of_what_was_exported(settings: Settings, twin: Twin, tmp_path: Path) -> None:
    _order(settings)
    file, columns = tmp_path / "orders.csv", "order_number,email,sku,quantity"
    place = ",".join(f"shipping_{name}" for name in ("street_address", "city", "state", "postal_code", "country"))
    twin("orders", "export", "--to", str(file), "--columns", f"{columns},{place}")
    errors = str(tmp_path / "errors.jsonl")
    dry = twin("orders", "import", str(file), "--dry-run", "--errors", errors, "--json").document
    first = twin("orders", "import", str(file), "--errors", errors, "--json").document
    again = twin("orders", "import", str(file), "--errors", errors, "--json").document
    assert [(ran["placed"], ran["unchanged"]) for ran in (dry, first, again)] == [(1, 0), (1, 0), (0, 1)]
    file.write_text(file.read_text("utf-8-sig").replace(",2,", ",zero,"))
    refused = twin("orders", "import", str(file), "--errors", errors, "--json")
    assert refused.document["refused"] == 1
    assert "whole number" in refused.err
    twin("orders", "import", str(tmp_path / "nothing.csv"), code=4)
