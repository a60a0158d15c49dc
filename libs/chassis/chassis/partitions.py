"""Tables that are partitioned by the days of a time-ordered UUID: their partitions are made, and listed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from contracts.ids import first_id_at


def days_of(connection: Connection, table: str) -> dict[date, str]:
    """The day partitions of a table and their names, oldest first."""
    names = connection.scalars(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(:table) AND c.relname ~ '_p[0-9]{8}$' ORDER BY 1"
        ),
        {"table": table},
    ).all()
    return {date.fromisoformat(f"{name[-8:-4]}-{name[-4:-2]}-{name[-2:]}"): name for name in names}


def ensure_partitions(session: Session, table: str, first_day: date, days: int = 3) -> list[str]:
    """Create the day partitions of `table`, which is partitioned by ranges of a time-ordered UUID; idempotent.

    They are the service's own, in the schema `work`; the function that makes them is the owner's (`chassis.ownership`).

    :returns: names of the partitions made now, `{table}_p20261124`.

    A row of a day that has no partition goes to the table's DEFAULT partition, so nothing is refused for lack of one; a
    day whose rows already lie there is left to it.
    """
    made = []
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"partitions:{table}"})
    for day in (first_day + timedelta(days=offset) for offset in range(days)):
        name = f"{table}_p{day:%Y%m%d}"
        if session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name}):
            continue
        start = first_id_at(datetime(day.year, day.month, day.day, tzinfo=UTC))
        end = first_id_at(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1))
        if _default_holds(session, table, start, end):
            continue
        asked = {"table": table, "name": name, "start": start, "end": end}
        session.execute(text("SELECT create_day_partition(:table, :name, :start, :end)"), asked)
        made.append(name)
    return made


def _default_holds(session: Session, table: str, start: Any, end: Any) -> bool:
    default = session.scalar(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(:table) AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'"
        ),
        {"table": table},
    )
    if default is None:
        return False
    key = session.scalar(
        text("SELECT pg_get_partkeydef(to_regclass(:table))"), {"table": table}
    )  # "RANGE (message_id)"
    column = str(key).partition("(")[2].rstrip(")").split(",")[0]
    held = session.scalar(
        text(f"SELECT EXISTS (SELECT 1 FROM {default} WHERE {column} >= :start AND {column} < :end)"),
        {"start": start, "end": end},
    )
    return bool(held)
