"""The timeline of one order: everything that happened to it, newest first, by keyset and by kind.

Read where it is written: steps and edits from the status history (with what the audit log says of the same version),
payments, parcels, notes, messages to the customer, and what the audit log says besides. Rejected: a table of entries
filled by every writer, a second truth that a writer could forget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from data.errors import Invalid
from data.events.outbox import MAX_ATTEMPTS
from data.paging import decode_cursor, encode_cursor
from data.types import Page

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["KINDS", "Change", "TimelineEntry", "timeline"]

#: the kinds there are, in the order the filter goes through them
KINDS = ("status", "edit", "payment", "parcel", "return", "note", "message")
_LISTING = "timeline:-at"
_BOOKKEEPING = frozenset({"version", "order_status", "reason", "edited", "assigned_id", "hold"})


@dataclass(frozen=True)
class Change:
    """One field as it was and as it is since; ``""`` where there was, or is, nothing."""

    label: str
    was: str
    now: str


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened. ``who`` is a name, ``""`` where unknown; ``what`` a few words, ``why`` what was said.

    ``visibility`` is a note's (``internal``, ``public``), else ``""``; ``changes`` are an edit's. ``state`` is how far
    a message to the customer came: ``queued``, ``sent``, ``failed``, or ``kept``, which is recorded and not sent.
    """

    at: datetime
    kind: str
    entry_id: UUID
    who: str
    what: str
    why: str
    visibility: str = ""
    changes: tuple[Change, ...] = ()
    state: str = ""


def timeline(
    postgres: Postgres,
    order_id: UUID,
    *,
    kinds: Sequence[str] = (),
    after: str | None = None,
    limit: int = 50,
) -> Page[TimelineEntry]:
    """Return a page of what happened to the order, newest first, of some ``kinds`` or all.

    An order nobody knows has an empty one. Raises ``Invalid`` for an unknown kind and a cursor of another list.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise Invalid({"kind": f"{unknown[0]!r} is not one of {', '.join(KINDS)}"})
    edge = decode_cursor(_LISTING, after) if after else (None, None, None)
    values = {
        "order_id": order_id,
        "target_id": str(order_id),
        "kinds": list(kinds or KINDS),
        "edge_at": edge[0],
        "edge_kind": edge[1],
        "edge_id": edge[2],
        "limit": limit + 1,
    }
    with postgres.reading() as connection:
        rows = [_entry(dict(row)) for row in connection.execute(_TIMELINE, values).mappings()]
    more, rows = len(rows) > limit, rows[:limit]
    last = rows[-1] if more else None
    return Page(
        rows=tuple(rows),
        after=encode_cursor(_LISTING, last.at, last.kind, last.entry_id) if last else None,
        estimate=None if after or more else len(rows),
        exact=not after and not more,
    )


def _entry(row: Mapping[str, Any]) -> TimelineEntry:
    changes = _changes(row["before"], row["after"]) if row["kind"] == "edit" else ()
    what = row["what"] or ", ".join(change.label for change in changes)
    told = row["why"]
    if row["kind"] == "edit" and changes and told.startswith("edited: "):
        told = _reason_of(told, changes)
    state = row["visibility"] if row["kind"] == "message" else ""
    visibility = "" if state else row["visibility"]
    return TimelineEntry(row["at"], row["kind"], row["entry_id"], row["who"], what, told, visibility, changes, state)


def _reason_of(told: str, changes: Sequence[Change]) -> str:
    """Return what was said of an edit: its history tells the changes too, which stand below it anyway."""
    said = "; ".join(f"{change.label} {change.was} → {change.now}" for change in changes)
    rest = told.removeprefix(f"edited: {said}")
    return rest.strip()[1:-1] if rest != told and rest.endswith(")") else ""


def _changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Change, ...]:
    """Return what an audit row says changed: the list an edit leaves, else the fields that differ."""
    was, now = before or {}, after or {}
    if isinstance(edited := now.get("edited"), list):
        return tuple(Change(*(_text(one.get(name)) for name in ("label", "was", "now"))) for one in edited)
    names = [name for name in {**was, **now} if name not in _BOOKKEEPING and was.get(name) != now.get(name)]
    return tuple(Change(name, _text(was.get(name)), _text(now.get(name))) for name in names)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
        case list():
            return ", ".join(map(_text, value))
        case _:
            return str(value)


_NAME = "coalesce(nullif(trim(concat_ws(' ', {0}.first_name, {0}.last_name)), ''), {0}.email, '')"
#: Steps whose reason is a sentence that says it all.
_TELLS = """
    (h.previous_status = h.new_status AND h.change_reason <> '' AND NOT t.after ? 'edited'
     AND (t.command LIKE 'returns.%' OR t.command LIKE 'payments.%'
          OR t.command IN ('orders.ship', 'orders.mark', 'changes.undo')))
"""
#: Each part walks the index that leads with the order; together they are one order's, some dozens of rows.
_TIMELINE = text(
    f"""
    WITH told AS MATERIALIZED (
        SELECT a.audit_id, a.at, a.actor_id, a.command, a.before, a.after, (a.after ->> 'version')::int AS order_version
          FROM audit_log a WHERE a.target_type = 'order' AND a.target_id = :target_id
    ), entries AS (
        SELECT h.created_at AS at, h.history_id AS entry_id,
               CASE WHEN t.after ? 'edited' OR t.command IN ('orders.edit', 'orders.allocate') THEN 'edit'
                    WHEN t.command LIKE 'returns.%' THEN 'return' WHEN t.command LIKE 'payments.%' THEN 'payment'
                    ELSE 'status' END AS kind,
               {_NAME.format("u")} AS who,
               -- lines are counted as they are now: after an edit nobody knows how many there were
               CASE WHEN h.previous_status IS NULL AND EXISTS (SELECT FROM told e WHERE e.after ? 'edited')
                    THEN 'placed'
                    WHEN h.previous_status IS NULL THEN 'placed, '
                    || (SELECT count(DISTINCT i.line_no)
                               || CASE count(DISTINCT i.line_no) WHEN 1 THEN ' line' ELSE ' lines' END
                          FROM order_items i WHERE i.order_id = h.order_id)
                    WHEN h.previous_status <> h.new_status THEN h.new_status
                    WHEN t.command = 'orders.cancel' THEN 'cancelled in part'
                    WHEN {_TELLS} THEN h.change_reason
                    ELSE coalesce(nullif(split_part(t.command, '.', 2), ''), 'changed') END AS what,
               CASE WHEN {_TELLS} THEN '' ELSE coalesce(h.change_reason, '') END AS why, '' AS visibility,
               t.before, t.after
          FROM order_status_history h
          LEFT JOIN users u ON u.user_id = h.changed_by
          LEFT JOIN told t ON t.order_version = h.order_version
         WHERE h.order_id = :order_id
           -- a box is told by the rows of its own, unless somebody said something of it
           AND (h.previous_status IS DISTINCT FROM h.new_status OR t.command IS NULL
                OR t.command NOT IN ('orders.ship', 'orders.deliver')
                OR t.command = 'orders.ship' AND h.change_reason NOT LIKE 'sent %')
        UNION ALL
        SELECT p.created_at, p.payment_id, 'payment', coalesce(nullif({_NAME.format("u")}, ''), p.provider),
               CASE WHEN p.status <> 'succeeded' THEN p.kind || ' of'
                    WHEN p.kind = 'authorise' THEN 'authorised' WHEN p.kind = 'capture' THEN 'captured'
                    WHEN p.kind = 'void' THEN 'voided' WHEN p.kind = 'refund' THEN 'refunded' ELSE p.kind END
               || ' ' || to_char(p.amount, 'FM99,999,990.00') || ' ' || p.currency
               || CASE p.status WHEN 'succeeded' THEN '' WHEN 'pending' THEN ' waits for an answer'
                       ELSE ' ' || p.status END,
               concat_ws(' ', p.provider, p.provider_reference, p.failure), '', NULL, NULL
          FROM payments p LEFT JOIN users u ON u.user_id = p.created_by WHERE p.order_id = :order_id
        UNION ALL
        SELECT e.at, s.shipment_id, 'parcel', {_NAME.format("u")},
               e.word || ' ' || s.warehouse_id || ', ' || inside.units
               || CASE inside.units WHEN 1 THEN ' unit' ELSE ' units' END,
               concat_ws(' ', s.carrier, s.tracking_number), '', NULL, NULL
          FROM shipments s LEFT JOIN users u ON u.user_id = s.created_by
          CROSS JOIN LATERAL (VALUES (s.shipped_at, 'sent from'), (s.delivered_at, 'arrived from')) AS e (at, word)
          CROSS JOIN LATERAL (SELECT sum(b.quantity) AS units FROM shipment_items b
                               WHERE b.shipment_id = s.shipment_id) AS inside
         WHERE s.order_id = :order_id AND e.at IS NOT NULL
        UNION ALL
        SELECT n.created_at, n.note_id, 'note', {_NAME.format("u")},
               CASE n.visibility WHEN 'public' THEN 'public note' ELSE 'note' END, n.body, n.visibility, NULL, NULL
          FROM order_notes n LEFT JOIN users u ON u.user_id = n.author_id WHERE n.order_id = :order_id
        UNION ALL
        SELECT m.created_at, m.message_id, 'message', {_NAME.format("u")},
               'message ' || (CASE sending.state WHEN 'kept' THEN 'recorded, not sent' ELSE sending.state END)
               || coalesce(' (' || nullif(sending.told, '') || ')', ''),
               m.subject || chr(10) || m.body, sending.state, NULL, NULL
          FROM order_messages m LEFT JOIN users u ON u.user_id = m.author_id
          CROSS JOIN LATERAL (
              SELECT CASE WHEN count(*) FILTER (WHERE a.outcome = 'sent') > 0 THEN 'sent'
                          WHEN count(*) FILTER (WHERE a.outcome = 'kept') > 0 THEN 'kept'
                          WHEN count(*) >= {MAX_ATTEMPTS} THEN 'failed' ELSE 'queued' END AS state,
                     (array_agg(a.told ORDER BY a.attempt_id DESC))[1] AS told
                FROM order_message_attempts a WHERE a.message_id = m.message_id) AS sending
         WHERE m.order_id = :order_id
        UNION ALL
        SELECT t.at, t.audit_id,
               CASE WHEN t.command LIKE 'returns.%' THEN 'return' WHEN t.after ->> 'taken_back' = 'note' THEN 'note'
                    ELSE 'edit' END,
               {_NAME.format("u")},
               CASE WHEN t.command = 'returns.exchange'
                    THEN concat_ws(' ', 'exchange drafted, balance', t.after ->> 'balance_amount',
                                   t.after ->> 'currency')
                    WHEN t.after ? 'taken_back' THEN (t.after ->> 'taken_back') || ' taken back'
                    ELSE coalesce(nullif(split_part(t.command, '.', 2), ''), t.command) END,
               coalesce(t.after ->> 'said', ''), '', t.before, t.after
          FROM told t LEFT JOIN users u ON u.user_id = t.actor_id
         WHERE t.order_version IS NULL
           AND t.command NOT IN ('orders.place', 'orders.import', 'orders.note', 'orders.message')
           AND t.command NOT LIKE 'payments.%' AND NOT t.after ? 'payment_id'
    )
    SELECT e.* FROM entries e
     WHERE e.kind = ANY(:kinds)
       AND (CAST(:edge_at AS timestamptz) IS NULL
            OR (e.at, e.kind, e.entry_id) < (CAST(:edge_at AS timestamptz), :edge_kind, CAST(:edge_id AS uuid)))
     ORDER BY e.at DESC, e.kind DESC, e.entry_id DESC LIMIT :limit
    """
)
