"""From a committed write to everything that follows it: outbox, relay, dead letters, reindex. See docs/events.md."""
