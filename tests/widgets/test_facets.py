"""The facet panel: counts, choosing, ranges, finding; the query stays the screen's."""

from __future__ import annotations

from data.types import Facet, FacetValue
from widgets.facets import FacetPanel, RangeFacet

from .conftest import Run

CATEGORY = Facet("category", "Category", (FacetValue("Memory", 214, True), FacetValue("Power supply", 38)))
BRAND = Facet("brand", "Brand", (FacetValue("Corsair", 1214, False), FacetValue("G.Skill", 177)), more=41)
SPEED = RangeFacet("memory.speed", "Speed", 4800, 6400, (1, 4, 8, 2), (None, None))


async def test_it_shows_values_counts_and_what_is_chosen(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((CATEGORY, SPEED, BRAND))
        await pilot.pause()
        rows = [app.row(y)[:26].rstrip() for y in range(9)]
        assert rows[0] == "  Category"
        assert rows[1] == "▸ ▣ Memory             214"
        assert rows[2] == "  ▢ Power supply        38"
        assert rows[3].startswith("  Speed  ▂▅█▃")
        assert rows[4] == "  4,800 ├●━━━━━━━━●┤ 6,400"
        assert rows[6] == "  ▢ Corsair          1,214"
        assert rows[8] == "  … 41 more"


async def test_space_posts_what_to_change_and_changes_nothing_itself(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((CATEGORY, BRAND))
        await pilot.press("space", "j", "enter", "G", "space")
        await pilot.pause()
        toggled = [(message.name, message.value, message.chosen) for message in app.of(FacetPanel.Toggled)]
        assert toggled == [("category", "Memory", False), ("category", "Power supply", True)]
        assert [message.name for message in app.of(FacetPanel.MoreRequested)] == ["brand"]
        assert app.row(1).startswith("  ▣ Memory")


async def test_arrows_move_the_ends_of_a_range(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((SPEED,))
        await pilot.press("right")
        low = app.of(FacetPanel.RangeChosen)[-1]
        assert (low.name, low.low, low.high) == ("memory.speed", 5200, None)
        panel.show_facets((RangeFacet("memory.speed", "Speed", 4800, 6400, (1, 4, 8, 2), (5200, None)),))
        await pilot.press("shift+left")
        both = app.of(FacetPanel.RangeChosen)[-1]
        assert (both.low, both.high) == (5200, 6000)
        await pilot.press("left")
        assert app.of(FacetPanel.RangeChosen)[-1].low is None
        count = len(app.of(FacetPanel.RangeChosen))
        panel.show_facets((RangeFacet("memory.speed", "Speed", 4800, 6400, (1, 4, 8, 2), (5200, 5600)),))
        await pilot.press("right")  # the ends never cross
        assert len(app.of(FacetPanel.RangeChosen)) == count


async def test_finding_filters_while_typing_and_letters_are_text(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((CATEGORY, BRAND))
        await pilot.press("slash", "s", "k")
        await pilot.pause()
        rows = "\n".join(app.row(y) for y in range(8))
        assert panel.finding == "sk"
        assert "G.Skill" in rows
        assert "Corsair" not in rows
        await pilot.press("G")
        assert panel.finding == "skG"  # G is text here, not the end of the list
        await pilot.press("backspace", "escape")
        assert panel.finding is None
