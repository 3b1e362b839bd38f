"""Saved views, related products, history and suggestions by the headless twin."""

from __future__ import annotations

from tests.cli.conftest import Twin
from tests.cli.test_verbs import parts, stocked  # noqa: F401  (fixtures)


def test_a_view_is_saved_listed_searched_by_and_removed(stocked: Twin) -> None:  # noqa: F811
    stocked("relay", "drain")
    saved = stocked("views", "save", "Dear", "corsair sort:-price", "--on", "2", "--json").document
    assert (saved["name"], saved["key"], saved["created"]) == ("Dear", 2, True)
    assert stocked("views", "save", "dear", "corsair sort:price", "--on", "2", "--json").document["created"] is False
    views = stocked("views", "list", "--json").document["views"]
    assert [(view["name"], view["query"]) for view in views] == [("dear", "corsair sort:price")]
    found = stocked("products", "search", "--view", "DEAR", "--json").document
    assert [hit["sku"] for hit in found["hits"]] == ["RAM-2", "RAM-1"]
    narrowed = stocked("products", "search", "--view", "dear", "--filter", "color=White", "--json").document
    assert [hit["sku"] for hit in narrowed["hits"]] == ["RAM-1"]
    assert stocked("views", "save", "x", "q", "--on", "2", "--json", code=3).error["fields"]["key"]
    assert "dear" in stocked("views", "remove", "Dear").out
    stocked("products", "search", "--view", "dear", code=4)
    stocked("views", "list", "--of", "shoes", code=2)


def test_related_history_and_suggestions(stocked: Twin) -> None:  # noqa: F811
    stocked("products", "edit", "RAM-1", "--set", "pricing.base_price=82")
    stocked("relay", "drain")
    related = stocked("products", "related", "RAM-1", "--json").document
    assert related["together"] == []
    assert isinstance(related["alike"], list)
    changes = stocked("products", "history", "RAM-1", "--json").document["changes"]
    assert changes[0]["after"]["pricing.base_price"] in ("82", "82.00")
    assert "pricing.base_price" in stocked("products", "history", "RAM-1").out
    kinds = [one["kind"] for one in stocked("products", "suggest", "cors", "--json").document["suggestions"]]
    assert kinds[0] == "brand"
    assert "product" in kinds
    stocked("products", "history", "nobody", code=4)
