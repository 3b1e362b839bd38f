"""What a customer's e-mail, name, phone, address and payment method may be. Pure.

Each rule takes what a person typed and returns it in the form that is stored, or raises ``ValueError`` with one
sentence; ``cleaned`` runs them all and names every field that was refused at once. Names may hold any character:
a name is what its owner says it is, and what shows it makes it safe to show.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from data.errors import Invalid
from data.payments.rules import CARD_TYPES, PAYMENT_TYPES, looks_like_card_number

__all__ = [
    "ADDRESS_TYPES",
    "COUNTRIES",
    "address_type",
    "birth_date",
    "cleaned",
    "country",
    "email",
    "expiry_fields",
    "last_four",
    "payment_type",
    "phone",
    "postal_code",
    "text",
]

ADDRESS_TYPES = ("shipping", "billing")
_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA "
    "GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS "
    "MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS "
    "RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW "
    "TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
#: ISO 3166-1 alpha-2, all 249 officially assigned codes.
COUNTRIES = frozenset(_COUNTRIES.split())
_NO_POSTAL_CODE = (
    "AE AG AO AW BF BI BJ BO BQ BS BW BZ CD CF CG CI CK CM CW DJ DM ER FJ GA GD GH GM GQ GY HK JM KI KM KN KP LY ML MO "
    "MR MW NR NU QA RW SB SC SL SR SS ST SX SY TD TG TK TL TO TV UG VU YE ZW"
)
#: Countries whose post delivers without a code (Universal Postal Union).
NO_POSTAL_CODE = frozenset(_NO_POSTAL_CODE.split())

_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\]{1,64}")
_LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?", re.UNICODE)
_PHONE = re.compile(r"\+?[0-9()/. -]+")
_BLANKS = " \t\r\n"


def cleaned(fields: Mapping[str, tuple[Callable[[Any], Any], object]]) -> dict[str, Any]:
    """Return each field's value as its rule returns it. Raises ``Invalid`` naming every field whose rule refused it."""
    kept: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for name, (rule, value) in fields.items():
        try:
            kept[name] = rule(value)
        except ValueError as why:
            refused[name] = str(why)
    if refused:
        raise Invalid(refused)
    return kept


def text(limit: int, *, required: bool = False) -> Callable[[str], str | None]:
    """Return the rule for free text of at most ``limit`` characters: outer blanks off, ``None`` for nothing."""

    def rule(value: str) -> str | None:
        value = value.strip(_BLANKS)
        if required and not value:
            raise ValueError("must not be empty")
        if len(value) > limit:
            raise ValueError(f"is {len(value)} characters long, at most {limit} are kept")
        if looks_like_card_number(value):
            raise ValueError("looks like a card number, which must not be stored")
        return value or None

    return rule


def email(value: str) -> str:
    """Return the e-mail address with its domain in lower case; letters of any script are taken (RFC 6531)."""
    value = value.strip(_BLANKS)
    local, at, domain = value.rpartition("@")
    if not at:
        raise ValueError("has no @, write it like ann@lee.example")
    if len(value) > 254:
        raise ValueError("is longer than the 254 characters an address may have")
    if any(unicodedata.category(character)[0] in "CZ" for character in value):
        raise ValueError("holds a blank or an invisible character")
    if not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError("has something before the @ that no address has")
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise ValueError("has no valid domain behind the @")
    return f"{local}@{domain.lower()}"


def phone(value: str) -> str | None:
    """Return the phone number as typed with single blanks, ``None`` for nothing; 5 to 15 digits (E.164)."""
    value = " ".join(value.split())
    if not value:
        return None
    digits = sum(character.isdigit() for character in value)
    if not _PHONE.fullmatch(value) or not 5 <= digits <= 15:
        raise ValueError("must be 5 to 15 digits, write it like +49 30 1234567")
    if digits > 12 and not value.startswith("+") and looks_like_card_number(value):
        raise ValueError("looks like a card number, which must not be stored; begin a phone number with +")
    if len(value) > 20:
        raise ValueError("is longer than 20 characters, leave out some blanks")
    return value


def birth_date(today: date) -> Callable[[date | None], date | None]:
    """Return the rule for a date of birth: not after ``today``, not before 1900."""

    def rule(value: date | None) -> date | None:
        if value is not None and not date(1900, 1, 1) <= value <= today:
            raise ValueError(f"must be between 1900-01-01 and {today.isoformat()}")
        return value

    return rule


def country(value: str) -> str:
    """Return the ISO 3166-1 alpha-2 code in upper case."""
    code = value.strip(_BLANKS).upper()
    if code not in COUNTRIES:
        raise ValueError("must be a two-letter country code, like DE or US")
    return code


def postal_code(country_code: str) -> Callable[[str], str]:
    """Return the rule for postal codes in ``country_code``: mandatory but where the post has none (kept as ``""``)."""
    needed = country_code.strip(_BLANKS).upper() not in NO_POSTAL_CODE

    def rule(value: str) -> str:
        return text(20, required=needed)(value) or ""

    return rule


def address_type(value: str) -> str:
    """Return the type of an address, ``shipping`` or ``billing``."""
    return _one_of(value, ADDRESS_TYPES)


def payment_type(value: str) -> str:
    """Return the type of a payment method, one of ``PAYMENT_TYPES``."""
    return _one_of(value, PAYMENT_TYPES)


def last_four(kind: str) -> Callable[[str], str | None]:
    """Return the rule for a card's last four digits: mandatory for cards, none for PayPal.

    No message repeats what was typed.
    """

    def rule(value: str) -> str | None:
        value = value.strip(_BLANKS)
        if sum(character.isdigit() for character in value) > 4:
            raise ValueError("takes the last four digits only; a whole number must not be stored")
        if kind in CARD_TYPES and not value:
            raise ValueError("must be the last four digits of the card")
        if kind == "paypal" and value:
            raise ValueError("does not belong to PayPal")
        if value and not re.fullmatch(r"[0-9]{4}", value):
            raise ValueError("must be exactly four digits")
        return value or None

    return rule


def expiry_fields(month: int | None, year: int | None, today: date) -> dict[str, str]:
    """Return what is wrong with a card's expiry, by field; empty where it is right. A card ends with its month."""
    if month is None and year is None:
        return {}
    if month is None or not 1 <= month <= 12:
        return {"expiry_month": "must be 1 to 12"}
    if year is None or not 2000 <= year <= 2199:
        return {"expiry_year": "must be a year in four digits"}
    if (year, month) < (today.year, today.month):
        return {"expiry_month": "lies in the past"}
    return {}


def _one_of(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}")
    return value
