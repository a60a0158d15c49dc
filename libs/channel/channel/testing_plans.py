"""For tests of what a channel's statements read once its tables are full, whatever the planner knows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy
from sqlalchemy import event, text

from channel import claims, instances, kept_contents, retries, settlement, taking_back
from channel.batches import Batch, Header
from channel.outlets import Chunk, Message
from channel.ports import Ledger
from chassis.database import APART, Database, Session, cursor_of, make_engine
from chassis.ids import new_id
from chassis.partitions import ensure_partitions
from chassis.testing import as_administrator
from chassis.testing_plans import READS_ALL, ROWS, expected_cost, nodes
from contracts.ids import message_ids
from contracts.vocabulary import Channel, Lane, MessageState

HELD = 3_000  # rows that are really there
ASKED = 100  # of them, by one statement
PHONE = "'+48600' || lpad(CAST(i AS text), 6, '0')"  # as SQL: `phone(i)`
_STATE = "CASE WHEN i % 2 = 0 THEN 'submitted' ELSE 'unknown' END"
_ALIKE = ("ledger", "claims", "retries", "contents", "sends")
# By table, what a row is selected as, for each `i` of account `a` and message `m`.
_BESIDE = {
    "contents": "CAST(m AS text), a, 'shop', '{}', now(), now() + interval '1 day'",
    "retries": "m, a, CAST(NULL AS uuid), now() + interval '1 hour', 1, 'failed', CAST('{}' AS bytea)",
}
_STATEMENTS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


class Plans:
    """Of each statement on some tables, as it runs: what the planner expects it to cost, and how many rows of them it
    looks at. Both count what is read only to be thrown away."""

    def __init__(self, tables: Sequence[str]) -> None:
        self._tables = tuple(tables)
        self.costs: dict[str, float] = {}
        self.looked_at: dict[str, int] = {}

    def watch(self, engine: sqlalchemy.Engine) -> None:
        """From now on, every statement of connections that it opens."""
        plans = self

        class Watched(psycopg.Cursor[Any]):
            def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
                for statement in query.split(APART) if isinstance(query, str) else ():
                    if plans._is_of_interest(statement):
                        plans._look(self.connection, statement, params)
                return super().execute(query, params, **options)

        @event.listens_for(engine, "connect")
        def on_connect(connection: Any, _record: Any) -> None:
            connection.cursor_factory = Watched

    def _is_of_interest(self, statement: str) -> bool:
        return statement.lstrip().startswith(_STATEMENTS) and any(name in statement for name in self._tables)

    def _look(self, connection: psycopg.Connection[Any], statement: str, bound: Any) -> None:
        cursor = psycopg.Cursor(connection)
        cursor.execute("SAVEPOINT looked_at")
        cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement, bound)  # type: ignore[arg-type]
        ((plan,),) = cursor.fetchall()
        cursor.execute("ROLLBACK TO SAVEPOINT looked_at")
        top = plan[0]["Plan"]
        self.costs[statement] = max(expected_cost(top), self.costs.get(statement, 0.0))
        rows = sum(map(self._rows, nodes(top)))
        self.looked_at[statement] = max(rows, self.looked_at.get(statement, 0))

    def _rows(self, node: dict[str, Any]) -> int:
        rows = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Join Filter", "Index Recheck"))
        if node.get("Relation Name", "").startswith(self._tables) and node["Node Type"] != "ModifyTable":
            rows += node["Actual Rows"]
        return int(rows * node["Actual Loops"])

    def wrong(self, *, many: bool) -> dict[str, float]:
        """Statements that look at more than they ask for, or would read ten million rows.

        :param many: as `full` was told. Of a table that the planner takes for small as it is, all may be read once.
        """
        most = 10 * ASKED if many else 3 * HELD
        looked_at = {statement: float(rows) for statement, rows in self.looked_at.items() if rows > most}
        return looked_at | {statement: cost for statement, cost in self.costs.items() if cost > READS_ALL}


@contextmanager
def full(
    database: Database, own: Mapping[str, str], *, columns: Mapping[str, str] | None = None, many: bool
) -> Iterator[tuple[UUID, list[UUID]]]:
    """A day of the ledger and tables beside it with some thousand rows; afterwards they are empty.

    Yields the account of whom `ASKED` of them are, and their messages.

    :param own: as `_BESIDE`. :param columns: of the ledger, the channel's own, in the same way.
    :param many: the planner takes them for ten
        million rows each; else it knows nothing.
    """
    account, today = new_id(), datetime.now(UTC).date()
    with database.transaction() as session:
        (day,) = ensure_partitions(session, "ledger", today, days=1) or (f"ledger_p{today:%Y%m%d}",)
    beside = {**_BESIDE, **own}
    tables = [day, *beside]
    of = message_ids(new_id())
    message_ids_ = [of(number) for number in range(1, HELD + 1)]
    more = columns or {}
    rows = {
        "ledger": (
            f"INSERT INTO ledger ({', '.join(['message_id', 'account_id', 'address', 'state', *more])})"
            f" SELECT {', '.join(['m', 'a', PHONE, _STATE, *more.values()])}"
        ),
        **{name: f"INSERT INTO {name} OVERRIDING SYSTEM VALUE SELECT {row}" for name, row in beside.items()},
    }
    made = (
        f" FROM (SELECT i, m, CASE WHEN i <= {ASKED} THEN CAST(:account AS uuid) ELSE gen_random_uuid() END AS a"
        " FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS u(m, i)) made"
    )
    with as_administrator(database) as session:
        for name in tables:
            session.execute(text(f"ALTER TABLE {name} SET (autovacuum_enabled = off)"))
        for statement in rows.values():
            session.execute(text(statement + made), {"account": account, "ids": message_ids_})
        for name in tables if many else ():
            session.execute(text(f"ANALYZE {name}"))
            # The planner multiplies the rows of a page by the pages that it finds: these are few, and very full.
            counted = text(f"UPDATE pg_class SET reltuples = {ROWS} WHERE oid = CAST(:name AS regclass)")
            session.execute(counted, {"name": name})
    try:
        yield account, message_ids_[:ASKED]
    finally:
        with as_administrator(database) as session:
            for name in tables:
                session.execute(text(f"TRUNCATE {name} CASCADE"))
                session.execute(text(f"ALTER TABLE {name} RESET (autovacuum_enabled)"))
                session.execute(text(f"ANALYZE {name}"))


def phone(number: int) -> str:
    """The address of the message of that number."""
    return f"+48600{number:06d}"


@contextmanager
def watched(database: Database, tables: Sequence[str]) -> Iterator[tuple[Plans, Session, Any]]:
    """A transaction whose statements on these tables, and on those of every channel, are looked at; nothing stays."""
    plans = Plans([*_ALIKE, *tables])
    engine = make_engine(database.engine.url.render_as_string(hide_password=False), pool_size=1)
    plans.watch(engine)
    other = Database(engine)
    try:
        with other.transaction() as session:
            yield plans, session, cursor_of(session)
            session.rollback()
    finally:
        other.dispose()


def chunk_of(account_id: UUID, address_of: Callable[[int], str] = phone) -> Chunk:
    """A batch of a campaign to `ASKED` people."""
    raw = {
        "batch_id": str(new_id()), "account_id": str(account_id), "campaign_id": str(new_id()),
        "send_id": str(new_id()), "content_hash": "h",
    }  # fmt: skip
    content: Any = None
    recipients = [
        {"number": number, "address": address_of(number), "contact_id": str(UUID(int=number)), "fields": {}}
        for number in range(1, ASKED + 1)
    ]
    return Chunk(Batch(Header(raw, Lane.BULK), content, ASKED), None, recipients)


def run_alike(
    session: Session, cursor: Any, ledger: Ledger, channel: Channel, chunk: Chunk,
    message: Callable[..., Message], known: Sequence[UUID], **of_message: Any,
) -> None:  # fmt: skip
    """What every channel does with its messages, from their claim on.

    :param message: makes one, as `OutboundDefaults.message` says. :param of_message: what the channel keeps of each.
    :param known: messages of the chunk's account that are in the ledger.
    """
    instance, now, account_id = new_id(), datetime.now(UTC), UUID(chunk.batch.header.account_id)
    instances.renew_lease(cursor, instance)
    claims.take(cursor, ledger, instance, [chunk])
    content: Any = _Content(str(account_id))
    chunk.batch.content = content
    made = []
    for recipient in chunk.recipients:
        one = message(chunk, recipient, chunk.batch.header.id_of(recipient["number"]), False, 0)
        one.state, one.at = MessageState.SUBMITTED, now.timestamp()
        for name, value in of_message.items():
            setattr(one, name, value(recipient["number"]) if callable(value) else value)
        made.append(one)
    settlement.settle(cursor, ledger, made)
    settlement.settle(cursor, ledger, made, careful=True)
    claims.settled_states(cursor, [one.message_id for one in made])
    claims.delete(cursor, [chunk.claim.claim_id] if chunk.claim else [])
    claims.take_abandoned(cursor, new_id(), 20)
    retries.due(cursor, ASKED)
    kept_contents.sweep(session, now)
    actor: Any = {"account_id": str(account_id), "user_id": str(new_id())}
    taking_back.take_back_messages(
        session, actor=actor, now=now, message_ids=known, is_wanted_back=True, channel=channel, source=ledger.source
    )


class _Content:
    def __init__(self, account_id: str) -> None:
        self.account_id, self.sender, self.template = account_id, "shop", None
