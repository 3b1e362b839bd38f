"""The entry point ``storekeeper``: alone it opens the terminal app, with words it is the headless twin.

Standard output gets one answer and nothing else; narration and errors' sentences go to standard error. Exit codes are
``data.errors``': 0 ok, 1 mismatch or unknown, 2 usage, 3 invalid input, 4 not found, 5 conflict, 6 out of stock,
7 denied, 8 store unavailable; 130 after Ctrl-C, 141 where the reader of the output has gone. With ``--json`` an error
is a document too: ``{"error": {"code", "message", …}}``.

Nouns are imported when they are named (a table below, not a scan of the folder), so ``--help`` and the terminal app
pay for none of them.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from cli.answer import Answer, to_json
from cli.narration import say
from data.errors import StorekeeperError
from data.memory import calm_collector

__all__ = ["main", "run"]

INTERRUPTED = 130
READER_GONE = 141
USAGE = 2
#: Opens the terminal app and, on a new folder of local engines, loads demo data meanwhile (`make run`).
WITH_DEMO = "--with-demo"
UNKNOWN = 1

#: noun → (module, one line for the help)
NOUNS: dict[str, tuple[str, str]] = {
    "products": ("cli.products", "Import, search, show and edit products."),
    "orders": ("cli.orders", "Place, show and list orders; ship, deliver, cancel, allocate them."),
    "categories": ("cli.categories", "The tree of categories: list, save, move, order."),
    "bulk": ("cli.bulk", "Jobs over many records: list, show, go on, take back."),
    "undo": ("cli.undo", "Take back your last change."),
    "inbox": ("cli.inbox", "Notes that mention you."),
    "payments": ("cli.payments", "Authorise, capture, void and refund; what an order owes."),
    "taxes": ("cli.taxes", "The tax table: list, set, remove."),
    "codes": ("cli.codes", "Discount codes: list, add, stop."),
    "returns": ("cli.returns", "Request, receive and inspect returns; exchanges."),
    "gateway": ("cli.gateway", "Serve a payment gateway to try things on."),
    "customers": ("cli.customers", "Find, show and add customers and their addresses."),
    "stock": ("cli.stock", "Show, receive, adjust, transfer and hold stock; its movements."),
    "demo": ("cli.demo", "Load demo data."),
    "doctor": ("cli.doctor", "Say how the five stores, the relay and the schema are."),
    "reconcile": ("cli.reconcile", "Recompute every stock level from the ledger; exit 1 on a mismatch."),
    "relay": ("cli.relay", "The relay of events: run it, its lag, its dead letters."),
    "cache": ("cli.cache", "Warm the product cache; what it holds."),
    "views": ("cli.views", "Saved views of lists: a query under a name."),
    "search": ("cli.search", "Rebuild the search index, list its versions, go back."),
    "stack": ("cli.stack", "Start, stop and show the local engines."),
    "config": ("cli.config", "Show the settings in force."),
    "keys": ("cli.keys", "List every key of the terminal app."),
}


class _Root(click.Group):
    """The nouns, each imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in NOUNS:
            return None
        module, _ = NOUNS[cmd_name]
        command: click.Command = importlib.import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(noun, line) for noun, (_, line) in NOUNS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in NOUNS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], NOUNS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=_Root, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="storekeeper", prog_name="storekeeper")
def root() -> None:
    """Storekeeper: a keyboard-driven back office for e-commerce. Without a command it opens the terminal app.

    --with-demo, without a command, also fills a new shop with demo data.

    Every command takes --json and then prints exactly one JSON document on standard output. Settings come from
    STOREKEEPER_* variables over a TOML file (storekeeper config show).
    """


def main() -> NoReturn:
    """Run the program named on the command line and leave with its exit code."""
    calm_collector()
    arguments = sys.argv[1:]
    if not arguments or arguments == [WITH_DEMO]:
        sys.exit(_open_terminal(with_demo=bool(arguments)))
    # A terminal or pipe that cannot show a character shows its code instead of ending the program.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(arguments))


def _open_terminal(*, with_demo: bool) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say("The terminal app needs a terminal. For scripts: storekeeper --help")
        return USAGE
    from tui.main import run as run_terminal

    try:
        return run_terminal(with_demo=with_demo)
    except StorekeeperError as error:  # wrong settings or a wrong keymap, before there is a screen to say it on
        say(str(error))
        return error.exit_code


def run(arguments: Sequence[str]) -> int:
    """Carry out ``arguments`` (without the program's name), write the answer, and return the exit code."""
    as_json = "--json" in arguments
    try:
        answer = _answer(arguments)
        _write(answer, as_json=as_json)
        return answer.exit_code
    except KeyboardInterrupt:  # while the answer was being written: the rest of it is not wanted
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output once more at its end; that must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _answer(arguments: Sequence[str]) -> Answer:
    try:
        found = root.main(args=list(arguments), prog_name="storekeeper", standalone_mode=False)
    except click.ClickException as error:
        return _usage(error)
    except StorekeeperError as error:
        say(str(error))
        return _failed(error.code, str(error), error.exit_code, error.details())
    except (KeyboardInterrupt, click.Abort):
        sentence = "Interrupted. What was committed stays; what was under way left nothing."
        say(sentence)
        return _failed("interrupted", sentence, INTERRUPTED, {})
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: a bug is told, and never as half an answer
        return _bug(error)
    # Help and version were printed by click, which hands back their exit code.
    return found if isinstance(found, Answer) else Answer(None, exit_code=int(found or 0))


def _usage(error: click.ClickException) -> Answer:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.message, err=True)
        return _failed("usage", "a command is missing", USAGE, {})
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
    say(error.format_message())
    return _failed("usage", error.format_message(), USAGE, {})


def _bug(error: Exception) -> Answer:
    import traceback

    for line in traceback.format_exc().splitlines():
        say(line)
    message = f"{type(error).__name__}: {error}"
    say("This is a fault of Storekeeper, not of what you asked; please report it with the lines above.")
    return _failed("internal", message, UNKNOWN, {})


def _failed(code: str, message: str, exit_code: int, details: dict[str, Any]) -> Answer:
    return Answer({"error": {"code": code, "message": message, **details}}, exit_code=exit_code)


def _write(answer: Answer, *, as_json: bool) -> None:
    """Write the answer to standard output, all of it or a ``BrokenPipeError``."""
    if as_json:
        if answer.document is not None:
            text = to_json(answer.document, indent=sys.stdout.isatty()) + "\n"
            # Bytes, because JSON is UTF-8 whatever the terminal's locale says.
            sys.stdout.buffer.write(text.encode())
    else:
        for line in answer.lines():
            sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
