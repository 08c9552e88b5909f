"""A number that changes with everything that changes who sees what: so what is known of it can be kept in memory."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from stores.sql.tables import CounterRow

_NAME = "access"


def access_revision(connection: Connection) -> int:
    """The number now."""
    return connection.execute(select(CounterRow.value).where(CounterRow.name == _NAME)).scalar() or 0


def bump_access(connection: Connection) -> None:
    """Another number, in the transaction of the change."""
    raised = update(CounterRow).where(CounterRow.name == _NAME).values(value=CounterRow.value + 1)
    if not connection.execute(raised).rowcount:
        connection.execute(insert(CounterRow).values(name=_NAME, value=1))
