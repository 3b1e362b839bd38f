"""What can be said of how the desk handles an order without a store: what a tag is, and when an order is on hold. Pure.

A tag is one short word in one spelling, so that "Rush", "rush" and " RUSH " are one tag and a filter line holds it
without quotes. Rejected: a table of tags that must be made before they are used; a desk at work makes them up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

from data.errors import Invalid
from data.text import visible

__all__ = ["LONGEST_TAG", "MOST_TAGS", "checked_tags", "held_now", "normal_tag", "parse_until", "told_hold"]

LONGEST_TAG = 30
MOST_TAGS = 20
#: What separates tags in a filter line, or means something there.
_SEPARATORS = re.compile(r"[\s,;:\"#]+")


def normal_tag(text: str) -> str:
    """Return the one spelling of a tag: ``" #Gift Wrap"`` is ``gift-wrap``; ``""`` where nothing is left."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _SEPARATORS.sub("-", folded).strip("-")


def checked_tags(tags: Iterable[str], *, field: str = "tags") -> tuple[str, ...]:
    """Return ``tags`` in their one spelling, each once. Raises ``Invalid`` for one that is empty, too long or unseen.

    What cannot be seen cannot be told apart, so a tag has no control or invisible characters.
    """
    clean = tuple(dict.fromkeys(normal_tag(tag) for tag in tags))
    if not clean:
        raise Invalid({field: "say which"})
    for tag in clean:
        if not tag or len(tag) > LONGEST_TAG:
            raise Invalid({field: f"a tag has 1 to {LONGEST_TAG} characters"})
        if visible(tag) != tag:
            raise Invalid({field: f"{visible(tag)} holds characters that cannot be seen"})
    return clean


def held_now(reason: str | None, until: datetime | None, now: datetime) -> bool:
    """Say whether an order with this hold is held at ``now``: its time ends a hold by itself, also where no job ran."""
    return reason is not None and (until is None or until > now)


def told_hold(reason: str | None, until: datetime | None) -> str | None:
    """Return a hold in words, as audit log and timeline keep it; ``None`` where there is none."""
    return f"{reason} (until {until:%Y-%m-%d %H:%M} UTC)" if reason is not None and until is not None else reason


def parse_until(text: str, *, field: str = "until") -> datetime | None:
    """Return when a hold ends, as a person types it: the beginning (UTC) of a day; ``None`` for ``""``, until released.

    Raises ``Invalid``.
    """
    if not text.strip():
        return None
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid({field: f"{text.strip()!r} is no day: 2026-11-22, or nothing"}) from None
