"""What every table has in common: one metadata, one rule for names, and the column types the schema repeats.

Constraint names are those PostgreSQL itself gives to the seed's unnamed constraints (``users_pkey``,
``users_email_key``, ``orders_user_id_fkey``, ``orders_order_status_check``), so a database made from the seed's DDL
and one made from these models carry the same names. A check is named by its column or rule (``name="quantity"``) and
the rule below adds table and suffix; a name that must stand as written goes through ``literal_name``.

A model is a class of typed columns (``email: ColumnClause[Str255]``) over one ``Table``, for statements of SQLAlchemy's
Core: ``select(User.email)``, ``insert(User)``. Rejected: SQLAlchemy's declarative classes, which are mapped for a
session. There is none here (the door is the unit of work, and a session's deferred flush would blur which statement of
a command takes which lock), and the mapper alone was 7 MB of each process.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    ColumnClause,
    Date,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.elements import conv
from sqlalchemy.types import NullType, TypeEngine

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
    "column",
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


def column(*parts: Any, **options: Any) -> Any:
    """Return how to make a column: what ``sqlalchemy.Column`` takes, without the name.

    Said of one column (``sku: ColumnClause[Str50] = column(unique=True)``) or, in ``Annotated``, of many.
    """
    return partial(Column[Any], *parts, **options)


#: The column's type where neither the column nor its annotation says one.
_TYPES: dict[Any, TypeEngine[Any]] = {
    datetime: DateTime(timezone=True),
    date: Date(),
    Decimal: Numeric(10, 2),
    UUID: Uuid(),
    bool: Boolean(),
    int: Integer(),
    str: Text(),
    dict[str, Any]: JSONB(),
}


class Base:
    """Base of every table's model; ``Base.metadata`` is the schema the migrations are compared with.

    A subclass names its ``__tablename__`` and annotates its columns; may be null what the annotation lets be ``None``.
    It stands for its table in every statement.
    """

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMES)
    __tablename__: ClassVar[str]
    __table_args__: ClassVar[tuple[SchemaItem, ...]] = ()
    __table_options__: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    __table__: ClassVar[Table]

    def __init_subclass__(cls) -> None:
        """Make the table of ``cls``, and put its columns in the place of how to make them."""
        hints = get_type_hints(cls, include_extras=True)
        columns = [
            _made(cls, name, *get_args(hint)) for name, hint in hints.items() if get_origin(hint) is ColumnClause
        ]
        cls.__table__ = Table(cls.__tablename__, cls.metadata, *columns, *cls.__table_args__, **cls.__table_options__)
        for one in columns:
            setattr(cls, one.name, one)

    @classmethod
    def __clause_element__(cls) -> Table:
        """Return the table: SQLAlchemy asks whatever a statement is given for this."""
        return cls.__table__


def _made(model: type[Base], name: str, hint: Any) -> Column[Any]:
    """Return the column ``name``, whose annotation is ``ColumnClause[hint]``."""
    choices = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    (kind,) = (choice for choice in choices if choice is not NoneType)
    kind, how = get_args(kind) if get_origin(kind) is Annotated else (kind, column(_TYPES.get(kind)))
    made: Column[Any] = model.__dict__.get(name, how)()
    if isinstance(made.type, NullType):
        made.type = how().type
    made.name = made.key = name
    made.nullable = NoneType in choices
    return made


#: UUIDv7 primary key: made by us, so that a command knows its ids before the round trip; the server's default is for
#: rows other programs insert. ``uuidv7()`` is PostgreSQL 18's own, and on older servers the first migration makes it.
Key = Annotated[UUID, column(Uuid(), primary_key=True, default=new_id, server_default=text("uuidv7()"))]
CreatedAt = Annotated[datetime, column(DateTime(timezone=True), server_default=NOW)]
UpdatedAt = Annotated[datetime, column(DateTime(timezone=True), server_default=NOW)]
Money = Annotated[Decimal, column(Numeric(10, 2))]
Currency = Annotated[str, column(String(3), server_default=text("'USD'"))]
Json = Annotated[dict[str, Any], column(JSONB())]
SmallInt = Annotated[int, column(SmallInteger())]
TextColumn = Annotated[str, column(Text())]
Str2 = Annotated[str, column(String(2))]
Str4 = Annotated[str, column(String(4))]
Str20 = Annotated[str, column(String(20))]
Str50 = Annotated[str, column(String(50))]
Str100 = Annotated[str, column(String(100))]
Str255 = Annotated[str, column(String(255))]
