"""``storekeeper relay run|status|drain|check`` and ``relay dead-letters list|show|edit|replay|discard``."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, page_document, plain
from cli.columns import columns, pairs, shown
from cli.narration import say
from cli.options import Noun, with_after, with_key, with_limit
from cli.session import carry_out, done_document, opened_shop
from data.errors import Invalid
from data.settings import load_settings

if TYPE_CHECKING:
    from data.door import Done
    from data.events.commands import DeadLettersResolved
    from data.events.reads import Consistency, DeadLetterRow, RelayStatus
    from data.types import Page


@click.group(cls=Noun, name="relay")
def command() -> None:
    """The relay of events: run it, its lag, its dead letters."""


@command.command()
def run() -> Answer:
    """Be the relay until Ctrl-C or SIGTERM; stands by while another one leads. The local host runs one by itself."""
    from data.events.relay import run as run_relay

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    say("The relay runs; Ctrl-C ends it.")
    run_relay(load_settings(), stop)
    return Answer({"ended": True})


@command.command()
def status() -> Answer:
    """Show who leads, the lag and depth of every topic, and how many dead letters wait. Exits 8 where none runs."""
    from data.events.reads import relay_status

    with opened_shop("relay.view") as shop:
        found = relay_status(shop.stores.postgres)
    document = {**plain(found), "last_error": found.last_error}
    return Answer(document, lambda: _status_lines(found), exit_code=0 if found.running else 8)


def _status_lines(found: RelayStatus) -> Iterable[str]:
    yield from pairs(
        {
            "running": found.running,
            "leader": found.leader,
            "lag": f"{found.lag_seconds:.1f} s",
            "dead letters": found.dead_letters,
            "caches behind": found.cache_behind,
            "differences": found.differences,
            "compared": found.reconciled_at,
            "sampled": _sampled(found.consistency),
        }
    )
    yield ""
    yield from columns(
        ("topic", "lag s", "waiting", "handled", "skipped", "failed", "last error"),
        [
            (each.topic, each.lag_seconds, each.depth, each.handled, each.skipped, each.failed, each.last_error)
            for each in found.topics
        ],
    )


def _sampled(found: Consistency | None) -> str | None:
    if found is None:
        return None
    right = found.sampled - found.wrong
    return f"{right:,} of {found.sampled:,} products at the catalog's version, {found.at:%H:%M:%S} UTC"


@command.command()
@click.option("--size", type=click.IntRange(1, 10_000), default=200, show_default=True, metavar="N")
def check(size: int) -> Answer:
    """Compare the versions of N random products in catalog, search and cache now; exits 1 where some stay behind."""
    from data.events.consistency import sample_consistency

    with opened_shop("relay.view") as shop:
        found = sample_consistency(shop.stores, size)
    document = {**plain(found), "consistent": found.consistent}
    return Answer(document, lambda: pairs(document), exit_code=0 if found.consistent else 1)


@command.command()
@click.option("--timeout", type=click.FloatRange(0, 3600), default=30.0, show_default=True, metavar="SECONDS")
def drain(timeout: float) -> Answer:
    """Wait until everything written so far has reached search, caches and analytics; exits 8 where it has not."""
    from data.events.relay import drain as wait_until_quiet

    with opened_shop("relay.view") as shop:
        drained = wait_until_quiet(shop, timeout)
    sentence = "Everything has arrived." if drained.quiet else f"Not everything has arrived within {timeout:g} s."
    return Answer(plain(drained), lambda: [sentence], exit_code=0 if drained.quiet else 8)


@command.group("dead-letters")
def dead_letters() -> None:
    """Events that could not be handled, until a person has dealt with them."""


@dead_letters.command("list")
@click.option("--all", "resolved", is_flag=True, help="Also those that were dealt with.")
@with_limit
@with_after
def list_(resolved: bool, limit: int, after: str | None) -> Answer:
    """List dead letters, newest first."""
    from data.events.reads import list_dead_letters

    with opened_shop("relay.view") as shop:
        page = list_dead_letters(shop.stores.postgres, resolved=resolved, after=after, limit=limit)
    return Answer(page_document(page, first=after is None), lambda: _letter_lines(page))


def _letter_lines(page: Page[DeadLetterRow]) -> Iterable[str]:
    yield from columns(
        ("id", "died", "topic", "about", "kind", "tries", "dealt with", "reason"),
        [
            (
                str(row.event_id),
                row.died_at,
                row.topic,
                row.key,
                row.kind,
                row.attempts,
                row.resolution,
                row.reason,
            )
            for row in page.rows
        ],
    )
    if page.after:
        yield f"More: --after {page.after}"


@dead_letters.command()
@click.argument("event_id", type=int, metavar="ID")
def show(event_id: int) -> Answer:
    """Show all of one dead letter: its content, and why it could not be handled."""
    from data.events.reads import get_dead_letter

    with opened_shop("relay.view") as shop:
        found = get_dead_letter(shop.stores.postgres, event_id)
    document = plain(found)
    return Answer(document, lambda: pairs({**document, "payload": json.dumps(found.payload, ensure_ascii=False)}))


@dead_letters.command()
@click.argument("event_id", type=int, metavar="ID")
@click.option("--topic", metavar="TOPIC")
@click.option("--about", "about", metavar="KEY", help="What the event is about: an order's or a product's id.")
@click.option("--payload", metavar="JSON", help="The content, a JSON object.")
@with_key
def edit(event_id: int, topic: str | None, about: str | None, payload: str | None, key: str | None) -> Answer:
    """Mend a dead letter before it is replayed; what is not given stays."""
    from data.command import parse_command
    from data.events.commands import EditDeadLetter

    given = {"topic": topic, "key": about, "payload": None if payload is None else _object(payload)}
    content = {name: value for name, value in given.items() if value is not None}
    done = carry_out(parse_command(EditDeadLetter, {"event_id": event_id, **content}), key)
    return Answer(done_document(done), lambda: [f"dead letter {event_id} is mended; replay it"])


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Invalid({"payload": f"is not JSON: {error}"}) from None
    if not isinstance(found, dict):
        raise Invalid({"payload": "must be a JSON object"})
    return found


@dead_letters.command()
@click.argument("event_ids", nargs=-1, required=True, type=int, metavar="ID…")
@with_key
def replay(event_ids: tuple[int, ...], key: str | None) -> Answer:
    """Have dead letters handled again."""
    from data.events.commands import ReplayDeadLetters

    done = carry_out(ReplayDeadLetters(event_ids=event_ids), key)
    return Answer(done_document(done), lambda: _resolved_lines(done))


@dead_letters.command()
@click.argument("event_ids", nargs=-1, required=True, type=int, metavar="ID…")
@click.option("--reason", default="", metavar="TEXT", help="Why they may go.")
@with_key
def discard(event_ids: tuple[int, ...], reason: str, key: str | None) -> Answer:
    """Let dead letters go; they stay on record."""
    from data.events.commands import DiscardDeadLetters

    done = carry_out(DiscardDeadLetters(event_ids=event_ids, reason=reason), key)
    return Answer(done_document(done), lambda: _resolved_lines(done))


def _resolved_lines(done: Done[DeadLettersResolved]) -> Iterable[str]:
    count = len(done.result.event_ids)
    yield f"{count:,} dead letter{'' if count == 1 else 's'} {shown(done.result.resolution)}"
