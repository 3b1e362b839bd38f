"""The facet panel: counts, choosing, ranges, trees, chips, finding; the query stays the screen's."""

from __future__ import annotations

from data.types import Facet, FacetValue, Histogram
from widgets.facets import Chip, FacetPanel, RangeFacet, TreeFacet

from .conftest import Run

STATUS = Facet("status", "Status", (FacetValue("active", 214, True), FacetValue("draft", 38)))
BRAND = Facet("brand", "Brand", (FacetValue("Corsair", 1214, False), FacetValue("G.Skill", 177)), more=41)
SPEEDS = Histogram((4800, 5200, 5600, 6000, 6400), (1, 4, 8, 2))
SPEED = RangeFacet("memory.speed", "Speed", SPEEDS)
CATEGORY = TreeFacet(
    "category",
    "Category",
    (
        FacetValue("Computers", 252),
        FacetValue("Computers > Memory", 214),
        FacetValue("Computers > Cases", 38),
        FacetValue("Computers > Cases > Small", 3),
        FacetValue("Home", 9),
        FacetValue("Home > Kettles", 9),
    ),
)


async def test_it_shows_values_counts_and_what_is_chosen(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((STATUS, SPEED, BRAND))
        await pilot.pause()
        rows = [app.row(y)[:26].rstrip() for y in range(9)]
        assert rows[0] == "  Status"
        assert rows[1] == "▸ ▣ active            214"
        assert rows[2] == "  ▢ draft              38"
        assert rows[3].startswith("  Speed  ▂▅█▃")
        assert rows[4] == "  4,800 ├●━━━━━━━●┤ 6,400"
        assert rows[6] == "  ▢ Corsair         1,214"
        assert rows[8] == "  … 41 more, / finds in…"


async def test_what_tells_a_range_and_a_path_apart_is_never_cut(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        deep = Facet("category", "Category", (FacetValue("Computers > Components > Memory", 1214),))
        panel.show_facets((RangeFacet("latency", "First word latency, ns", SPEEDS), deep))
        await pilot.pause()
        assert [app.row(y)[2:25].rstrip() for y in range(2)] == ["First word latency, ns", "  ▂▅█▃"]
        await pilot.press("right_curly_bracket", "slash")
        await pilot.pause()
        assert app.row(2)[2:25].rstrip() == "▢ …ents > Memory  1,214"
        folded = TreeFacet(
            "t", "T", (FacetValue("Computers and the rest", 1214), FacetValue("Computers and the rest > B", 1))
        )
        panel.stop_finding()
        panel.show_facets((folded, STATUS))
        await pilot.press("home", "left")
        await pilot.pause()
        assert app.row(1)[2:25].rstrip() == "▢ Computers a… …  1,214"


async def test_space_posts_what_to_change_and_changes_nothing_itself(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((STATUS, BRAND))
        await pilot.press("space", "j", "enter", "G", "space")
        await pilot.pause()
        toggled = [(message.name, message.value, message.chosen) for message in app.of(FacetPanel.Toggled)]
        assert toggled == [("status", "active", False), ("status", "draft", True)]
        assert [(message.name, message.find) for message in app.of(FacetPanel.MoreRequested)] == [("brand", "")]
        assert app.row(1).startswith("  ▣ active")


async def test_arrows_move_the_ends_of_a_range(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((SPEED,))
        await pilot.press("right")
        low = app.of(FacetPanel.RangeChosen)[-1]
        assert (low.name, low.low, low.high) == ("memory.speed", 5200, None)
        panel.show_facets((RangeFacet("memory.speed", "Speed", SPEEDS, (5200, None)),))
        await pilot.press("shift+left")
        both = app.of(FacetPanel.RangeChosen)[-1]
        assert (both.low, both.high) == (5200, 6000)
        await pilot.pause()
        assert "5,200 ├" in app.row(1)  # the ends are those chosen
        await pilot.press("left")
        assert app.of(FacetPanel.RangeChosen)[-1].low is None
        count = len(app.of(FacetPanel.RangeChosen))
        panel.show_facets((RangeFacet("memory.speed", "Speed", SPEEDS, (5200, 5600)),))
        await pilot.press("right")  # the ends never cross
        assert len(app.of(FacetPanel.RangeChosen)) == count
        await pilot.press("space")
        assert [message.name for message in app.of(FacetPanel.MoreRequested)] == ["memory.speed"]


async def test_a_tree_shows_the_branches_that_matter_and_unfolds_by_hand(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((CATEGORY,))
        await pilot.pause()
        assert [app.row(y)[2:20].rstrip() for y in range(4)] == ["Category", "▢ Computers …", "▢ Home …", ""]
        await pilot.press("right")
        await pilot.pause()
        rows = [app.row(y)[2:22].rstrip() for y in range(6)]
        assert rows == ["Category", "▢ Computers", "  ▢ Memory", "  ▢ Cases …", "▢ Home …", ""]
        await pilot.press("j", "space")
        assert app.of(FacetPanel.Toggled)[-1].value == "Computers > Memory"
        await pilot.press("k", "left")
        await pilot.pause()
        assert app.row(1)[2:20].rstrip() == "▢ Computers …"
        chosen = TreeFacet("tree", "Tree", (FacetValue("A", 3), FacetValue("A > B", 3, True), FacetValue("C", 1)))
        panel.show_facets((chosen,))
        await pilot.pause()
        assert app.row(2)[2:20].rstrip() == "  ▣ B"  # what is chosen is never folded away


async def test_chips_are_given_up(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((BRAND,), (Chip("-color:white", "-:color"), Chip("[b]x", "+:x")))
        await pilot.pause()
        assert [app.row(y)[2:20].rstrip() for y in range(4)] == ["Chosen", "✗ -color:white", "✗ [b]x", "Brand"]
        await pilot.press("space")
        assert [message.name for message in app.of(FacetPanel.ChipRemoved)] == ["-:color"]


async def test_finding_asks_for_values_of_the_facet_under_the_cursor_and_letters_are_text(run: Run) -> None:
    panel = FacetPanel()
    async with run(panel) as (app, pilot):
        panel.show_facets((STATUS, BRAND))
        await pilot.press("right_curly_bracket")
        assert panel.key == "brand=Corsair"
        await pilot.press("slash", "s", "k")
        await pilot.pause()
        assert panel.finding == "sk"
        assert [(message.name, message.find) for message in app.of(FacetPanel.MoreRequested)][-1] == ("brand", "sk")
        panel.show_facets((STATUS, Facet("brand", "Brand", (FacetValue("G.Skill", 177),))))
        await pilot.pause()
        rows = "\n".join(app.row(y) for y in range(8))
        assert "/ sk" in rows
        assert "G.Skill" in rows
        assert "active" not in rows
        await pilot.press("G")
        assert panel.finding == "skG"  # G is text here, not the end of the list
        panel.show_facets((STATUS, Facet("brand", "Brand")))
        await pilot.pause()
        assert app.row(2)[2:].strip() == "no value holds this"
        await pilot.press("backspace", "escape")
        assert panel.finding is None
        assert [message.name for message in app.of(FacetPanel.FindStopped)] == ["brand"]
