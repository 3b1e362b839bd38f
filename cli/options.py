"""Options that many verbs share, and the group that makes a function a verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from data.errors import Invalid

__all__ = ["JsonCommand", "Noun", "with_after", "with_key", "with_limit"]

F = TypeVar("F", bound=Callable[..., Any])

#: How many rows a list answers with unless told.
DEFAULT_LIMIT = 50


class JsonCommand(click.Command):
    """A verb: takes ``--json`` like every other. Its callback returns an :class:`cli.answer.Answer`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The flag is read by cli.main, which has to know it even where parsing failed; here it is declared and listed.
        self.params.append(
            click.Option(
                ["--json"], is_flag=True, expose_value=False, help="Answer with one JSON document on standard output."
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb. Raises ``Invalid`` for an argument that is not UTF-8, which no store could be asked for.

        Names of files are left alone: they are bytes, and may be any.
        """
        refused = {
            name: "is not valid text (UTF-8)"
            for name, value in ctx.params.items()
            for text in (value if isinstance(value, tuple) else (value,))
            if isinstance(text, str) and not _is_text(text)
        }
        if refused:
            raise Invalid(refused)
        return super().invoke(ctx)


def _is_text(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


class Noun(click.Group):
    """A group of verbs on one noun."""

    command_class = JsonCommand
    group_class = type

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order they were written, the commonest first."""
        return list(self.commands)


def with_limit(function: F) -> F:
    """Add ``--limit``: how many rows at most."""
    return click.option(
        "--limit",
        type=click.IntRange(1, 500),
        default=DEFAULT_LIMIT,
        show_default=True,
        metavar="N",
        help="How many rows at most (1 to 500).",
    )(function)


def with_after(function: F) -> F:
    """Add ``--after``: read on where the last answer's ``next`` left off."""
    return click.option("--after", metavar="CURSOR", help="Read on from the `next` of an earlier answer.")(function)


def with_key(function: F) -> F:
    """Add ``--key``: the idempotency key of a write."""
    return click.option(
        "--key",
        metavar="KEY",
        help="Idempotency key: the same write sent twice with one key is done once. Default: a new one each time.",
    )(function)
