"""Forms: checked on leaving a field and on saving, errors under their fields, drafts kept."""

from __future__ import annotations

from tests.hostile import HOSTILE
from widgets.field import Field, Option, SelectField, numeric
from widgets.form import Form

from .conftest import Run


def _form() -> Form:
    return Form(
        [
            Field("email", "E-mail", required=True, check=lambda text: "" if "@" in text else "is no address"),
            Field("quantity", "Quantity", value="1", check=numeric(low=1, high=99)),
            SelectField(
                "country", "Country", [Option("DK", "Denmark"), Option("DM", "Dominica"), Option("FR", "France")]
            ),
            Field("notes", "Notes"),
        ]
    )


async def test_saving_shows_every_error_and_goes_to_the_first(run: Run) -> None:
    async with run(_form) as (app, pilot):
        form = app.widget
        form.focus_first()
        await pilot.press("tab", "ctrl+u", "x", "tab", "tab")
        form.submit()
        await pilot.pause()
        text = [app.row(y) for y in range(10)]
        assert text[1].strip() == "▲ is needed"
        assert text[3].strip() == "▲ is not a whole number"
        assert form.field("email").input.has_focus
        assert app.of(Form.Submitted) == []


async def test_a_right_form_is_submitted_from_its_last_field(run: Run) -> None:
    async with run(_form) as (app, pilot):
        form = app.widget
        form.focus_first()
        await pilot.press(*"ann@lee.example", "enter", "ctrl+u", "7", "enter", "f", "enter", *"call", "enter")
        await pilot.pause()
        submitted = app.of(Form.Submitted)[0]
        assert submitted.values == {"email": "ann@lee.example", "quantity": "7", "country": "FR", "notes": "call"}


async def test_leaving_a_field_checks_it_and_typing_clears_the_error(run: Run) -> None:
    async with run(_form) as (app, pilot):
        form = app.widget
        form.focus_first()
        await pilot.press("a", "tab")
        await pilot.pause()
        assert form.field("email").problem.text == "is no address"
        await pilot.press("shift+tab", "@")
        await pilot.pause()
        assert form.field("email").problem.text == ""


async def test_a_select_jumps_by_letter_and_steps_by_arrow(run: Run) -> None:
    async with run(_form) as (app, pilot):
        form = app.widget
        country = form.field("country")
        country.input.focus()
        chosen = []
        for key in ("d", "d", "d", "right", "right", "left", "f"):
            await pilot.press(key)
            chosen.append(country.value)
        assert chosen == ["DK", "DM", "DK", "DM", "FR", "DM", "FR"]
        await pilot.pause()
        assert country.value == "FR"
        assert "‹ France ›" in "\n".join(app.row(y) for y in range(8))
        await pilot.press("backspace", "ctrl+u", "ctrl+w", "delete", "ctrl+k")
        assert country.value == "FR"  # a choice is never taken apart


async def test_a_form_that_does_not_fit_says_where_one_is_and_what_is_out_of_view(run: Run) -> None:
    def long() -> Form:
        form = Form([Field(f"f{n}", f"Field {n}", required=n == 17) for n in range(1, 18)])
        form.limit(10)
        return form

    async with run(long) as (app, pilot):
        form = app.widget

        async def cue() -> str:
            await pilot.pause()
            await pilot.pause()
            return app.row(9)

        form.focus_first()
        assert (await cue()).startswith("field 1 of 17  ↓ 8 more: Field 10, Field 11, Field 12")
        assert app.row(8).startswith("Field 9")
        await pilot.press(*["enter"] * 9)
        assert (await cue()).startswith("field 10 of 17  ↑ ")
        assert form.field("f10").input.region.bottom <= form.cue.region.y
        await pilot.press("pagedown", "pagedown")
        assert await cue() == "field 17 of 17  ↑ 8 more"
        await pilot.press("up", "up", "down")
        assert form.field("f16").input.has_focus
        await pilot.press("pageup", "pageup", "pageup")
        assert (await cue()).startswith("field 1 of 17  ↓ 8 more")
        form.show_errors({"f2": "is wrong"})
        assert "↓ 9 more" in await cue()
        form.limit(30)
        assert (await cue()).startswith("Field 9")
        assert not form.cue.display


async def test_a_form_that_fits_says_nothing(run: Run) -> None:
    async with run(_form) as (app, pilot):
        await pilot.pause()
        assert "field" not in "\n".join(app.row(y) for y in range(24))


async def test_dirty_draft_and_restore(run: Run) -> None:
    async with run(_form) as (app, pilot):
        form = app.widget
        assert not form.dirty
        form.focus_first()
        await pilot.press(*"a@b")
        await pilot.pause()
        assert form.dirty
        assert form.changes == {"email": "a@b"}
        draft = form.draft()
        assert app.of(Form.Edited)
        form.fill({"email": "new@x", "quantity": "2"})
        assert not form.dirty
        form.restore(draft | {"nobody": "x"})
        assert form.values["email"] == "a@b"
        assert form.values["quantity"] == "2"
        form.settle()
        assert not form.dirty


async def test_errors_of_the_command_find_their_fields(run: Run) -> None:
    async with run(_form) as (app, pilot):
        form = app.widget
        rest = form.show_errors({"quantity": "only 3 are there", "warehouse": "unknown"})
        await pilot.pause()
        assert rest == {"warehouse": "unknown"}
        assert "▲ only 3 are there" in "\n".join(app.row(y) for y in range(8))
        assert form.field("quantity").input.has_focus


async def test_hostile_values_are_kept_as_they_are_and_shown_inert(run: Run) -> None:
    async with run(lambda: Field("name", "Name")) as (app, pilot):
        field = app.widget
        for text in HOSTILE:
            if any(0xD800 <= ord(char) < 0xE000 for char in text):
                continue
            field.value = text
            await pilot.pause(0)
            assert field.input.value == text
