"""What every table has in common: one metadata, one rule for names, and the column types the schema repeats.

Constraint names are those PostgreSQL itself gives to the seed's unnamed constraints (``users_pkey``,
``users_email_key``, ``orders_user_id_fkey``, ``orders_order_status_check``), so a database made from the seed's DDL
and one made from these models carry the same names. A check is named by its column or rule (``name="quantity"``) and
the rule below adds table and suffix; a name that must stand as written goes through ``literal_name``.

The models are typed declarative classes, used through SQLAlchemy Core (``select(User.email)``,
``insert(User.__table__)``). The unit-of-work session was rejected: the door is the unit of work, and a session's
deferred flush would blur which statement of a command takes which lock.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Integer, MetaData, Numeric, SmallInteger, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.sql.elements import conv
from sqlalchemy.types import Date

from data.ids import new_id

__all__ = [
    "NOW",
    "Base",
    "CreatedAt",
    "Currency",
    "Json",
    "Key",
    "Money",
    "SmallInt",
    "Str2",
    "Str4",
    "Str20",
    "Str50",
    "Str100",
    "Str255",
    "TextColumn",
    "UpdatedAt",
    "literal_name",
]

NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "ix": "idx_%(table_name)s_%(column_0_N_name)s",
}

#: The server's clock at the start of the transaction, as the seed's DEFAULT CURRENT_TIMESTAMP.
NOW = text("CURRENT_TIMESTAMP")


def literal_name(name: str) -> conv:
    """Return ``name`` marked as final, for a constraint the naming rule must leave alone (``check_stock_levels``)."""
    return conv(name)


class Base(DeclarativeBase):
    """Base of every table's model; ``Base.metadata`` is the schema the migrations are compared with."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        date: Date(),
        Decimal: Numeric(10, 2),
        UUID: Uuid(),
        int: Integer(),
        str: Text(),
        dict[str, Any]: JSONB(),
    }


#: UUIDv7 primary key: made by us, so that a command knows its ids before the round trip; the server's default is for
#: rows other programs insert. ``uuidv7()`` is PostgreSQL 18's own, and on older servers the first migration makes it.
Key = Annotated[UUID, mapped_column(Uuid(), primary_key=True, default=new_id, server_default=text("uuidv7()"))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=NOW, nullable=False)]
UpdatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=NOW, nullable=False)]
Money = Annotated[Decimal, mapped_column(Numeric(10, 2))]
Currency = Annotated[str, mapped_column(String(3), server_default=text("'USD'"))]
Json = Annotated[dict[str, Any], mapped_column(JSONB())]
SmallInt = Annotated[int, mapped_column(SmallInteger())]
TextColumn = Annotated[str, mapped_column(Text())]
Str2 = Annotated[str, mapped_column(String(2))]
Str4 = Annotated[str, mapped_column(String(4))]
Str20 = Annotated[str, mapped_column(String(20))]
Str50 = Annotated[str, mapped_column(String(50))]
Str100 = Annotated[str, mapped_column(String(100))]
Str255 = Annotated[str, mapped_column(String(255))]
