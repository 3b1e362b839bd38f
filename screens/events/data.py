"""What the events screen reads and does, in threads: the relay's status, dead letters, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.events.consistency import ConsistencySample
    from data.events.reads import RelayStatus
    from data.shop import Shop


def status(shop: Shop) -> RelayStatus:
    """Return how the relay is doing."""
    from data.events import reads

    return reads.relay_status(shop.stores.postgres)


def letter_source(shop: Shop, resolved: bool) -> Any:
    """Return the pages of dead letters; with ``resolved`` also those that were dealt with."""
    from data.events.reads import list_dead_letters

    def fetch(*, after: str | None, before: str | None, limit: int) -> Any:
        return list_dead_letters(shop.stores.postgres, resolved=resolved, after=after, before=before, limit=limit)

    return fetch


def sample(shop: Shop) -> ConsistencySample:
    """Compare the versions of some products now."""
    from data.events.consistency import sample_consistency

    return sample_consistency(shop.stores)


def edit(shop: Shop, event_id: int, topic: str, about: str, payload: dict[str, Any], key: str) -> Any:
    """Mend one letter."""
    from data.events.commands import EditDeadLetter

    command = EditDeadLetter(event_id=event_id, topic=topic, key=about, payload=payload)
    return shop.door.run(command, shop.actor, key=key).result


def replay(shop: Shop, event_ids: tuple[int, ...], key: str) -> Any:
    """Have letters handled again."""
    from data.events.commands import ReplayDeadLetters

    return shop.door.run(ReplayDeadLetters(event_ids=event_ids), shop.actor, key=key).result


def discard(shop: Shop, event_ids: tuple[int, ...], reason: str, key: str) -> Any:
    """Let letters go."""
    from data.events.commands import DiscardDeadLetters

    return shop.door.run(DiscardDeadLetters(event_ids=event_ids, reason=reason), shop.actor, key=key).result
