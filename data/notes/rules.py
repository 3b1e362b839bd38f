"""Whom a note mentions: ``@ann`` or ``@ann@shop.example`` at the start of a word. Pure."""

from __future__ import annotations

import re

__all__ = ["MAX_BODY", "MAX_MENTIONS", "VISIBILITIES", "mentions_in"]

VISIBILITIES = ("internal", "public")
MAX_BODY = 4_000
MAX_MENTIONS = 20
#: After a letter it is an e-mail address and not a mention; a full stop at the end belongs to the sentence.
_MENTION = re.compile(r"(?<![\w.@+-])@([A-Za-z0-9_][\w.+-]*(?:@[\w-]+(?:\.[\w-]+)+)?)", re.ASCII)


def mentions_in(body: str) -> tuple[str, ...]:
    """Return the names that ``body`` mentions, in lower case, each once, in their order: ``ann`` or an e-mail."""
    return tuple(dict.fromkeys(found[1].rstrip(".-").lower() for found in _MENTION.finditer(body)))
