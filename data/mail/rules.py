"""What a message to a customer may be, and how it becomes mail (RFC 5322). Pure.

Headers are built by the standard ``email`` package, which refuses line ends in them; before that every value is
checked or cleaned here, so that nothing a customer is called can add a header or an address.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default as _POLICY
from email.utils import parseaddr
from uuid import UUID

from data.errors import Invalid

__all__ = ["MAX_BODY", "MAX_SUBJECT", "Mail", "as_mail", "checked_content", "checked_recipient"]

MAX_SUBJECT = 200
MAX_BODY = 10_000
#: Control characters and what ends a line somewhere.
_NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True)
class Mail:
    """A message as it is stored; ``author`` is the e-mail of who wrote it."""

    message_id: UUID
    to_address: str
    to_name: str
    subject: str
    body: str
    author: str
    created_at: datetime


def checked_content(subject: str, body: str) -> tuple[str, str]:
    """Return subject and text as they are kept: no blanks around, line ends as ``\\n``. Raises ``Invalid`` by field."""
    subject, body = subject.strip(), body.replace("\r\n", "\n").replace("\r", "\n").strip()
    wrong: dict[str, str] = {}
    if not subject or len(subject) > MAX_SUBJECT:
        wrong["subject"] = f"is {len(subject)} characters long, at most {MAX_SUBJECT} fit" if subject else "is empty"
    elif not _one_line(subject):
        wrong["subject"] = "holds a line end or another control character"
    if not body or len(body) > MAX_BODY:
        wrong["text"] = f"is {len(body):,} characters long, at most {MAX_BODY:,} are kept" if body else "is empty"
    elif not _one_line(body.replace("\n", "").replace("\t", "")):
        wrong["text"] = "holds a control character"
    if wrong:
        raise Invalid(wrong)
    return subject, body


def checked_recipient(email: str) -> str:
    """Return the address a customer can be written to. Raises ``Invalid`` on ``to``."""
    if not email:
        raise Invalid({"to": "the order's customer has no e-mail address"})
    try:
        address = Address(addr_spec=email)
    except (ValueError, MessageError, IndexError) as error:
        raise Invalid({"to": f"{email!r} is no address that can be written to"}) from error
    if not email.isascii() or not _one_line(email) or not address.domain:
        raise Invalid({"to": f"{email!r} is no address that can be written to"})
    return email


def as_mail(mail: Mail, *, sender: str) -> bytes:
    """Return the message as a mail program takes it, ASCII alone, lines ended by ``\\n``.

    ``sender`` is an address, with a name or without; empty means the author's. The ``Message-ID`` is the message's own,
    so that whoever gets it twice can tell. Raises ``Invalid`` for addresses nobody could be written to from or at.
    """
    sender_name, sender_address = parseaddr(sender or mail.author)
    try:
        origin = _address(sender_name, sender_address)
    except (Invalid, ValueError):
        raise Invalid({"mail_from": f"{sender or mail.author!r} is no address that mail can come from"}) from None
    made = EmailMessage(policy=_POLICY.clone(cte_type="7bit"))
    made["From"] = origin
    made["To"] = _address(mail.to_name, mail.to_address)
    made["Subject"] = _spaced(mail.subject)
    made["Date"] = mail.created_at
    made["Message-ID"] = f"<{mail.message_id}@{origin.domain}>"
    made.set_content(mail.body + "\n")
    return made.as_bytes()


def _address(name: str, address: str) -> Address:
    return Address(display_name=_spaced(name), addr_spec=checked_recipient(address))


def _one_line(text: str) -> bool:
    return not any(unicodedata.category(letter) in _NO_TEXT for letter in text)


def _spaced(text: str) -> str:
    """Return ``text`` with a blank for every character that a header may not hold."""
    return "".join(" " if unicodedata.category(letter) in _NO_TEXT else letter for letter in text)
