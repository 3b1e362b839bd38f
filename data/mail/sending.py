"""The relay's handler of messages: hands each to the mail command, and writes down how that ended.

The command runs outside every transaction. Whatever dies between its end and the row that says so, the message is
handed over again, with the same ``Message-ID``: a mail may come twice, and is never lost. Rejected: writing "begun"
first and never trying again, which loses what a killed relay had in hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, text

from data.errors import Invalid
from data.events.outbox import Event
from data.ids import new_id
from data.mail.rules import Mail, as_mail
from data.mail.schema import MessageAttempt
from data.piping import CommandFailed, pipe, words_of
from data.stores import Stores

__all__ = ["MAX_TOLD", "send_mail"]

#: A mail command that hangs holds up other mail, and nothing else.
_PATIENCE = 20.0
#: Longest reason kept with an attempt, in characters.
MAX_TOLD = 500

_MESSAGE = text(
    """
    SELECT m.message_id, m.to_address, m.to_name, m.subject, m.body, coalesce(u.email, '') AS author, m.created_at,
           EXISTS (SELECT FROM order_message_attempts a
                    WHERE a.message_id = m.message_id AND a.outcome IN ('sent', 'kept')) AS done
      FROM order_messages m LEFT JOIN users u ON u.user_id = m.author_id WHERE m.message_id = :message_id
    """
)


def send_mail(stores: Stores, events: Sequence[Event]) -> int:
    """Send the message of each event, unless that is done; return how many were. Without a command it is kept unsent.

    Raises ``CommandFailed`` and ``Invalid`` where one could not be sent: the event is tried again, then buried.
    """
    return sum(not _send(stores, UUID(event.key)) for event in events)


def _send(stores: Stores, message_id: UUID) -> bool:
    """Return whether there was something to do."""
    with stores.postgres.reading() as connection:
        row = connection.execute(_MESSAGE, {"message_id": message_id}).mappings().one_or_none()
    if row is None or row["done"]:
        return False
    mail = Mail(**{name: value for name, value in row.items() if name != "done"})
    settings = stores.settings
    try:
        words = words_of("mail_command", settings.mail_command)
        if words:
            pipe(words, as_mail(mail, sender=settings.mail_from), patience=_PATIENCE)
    except (CommandFailed, Invalid) as error:
        _note(stores, message_id, "failed", str(error))
        raise
    _note(stores, message_id, "sent" if words else "kept", "" if words else "no mail_command is set")
    return True


def _note(stores: Stores, message_id: UUID, outcome: str, told: str) -> None:
    values = {"attempt_id": new_id(), "message_id": message_id, "outcome": outcome, "told": told[:MAX_TOLD]}
    with stores.postgres.writing() as connection:
        connection.execute(insert(MessageAttempt).values(values))
