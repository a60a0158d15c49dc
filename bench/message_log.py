"""How fast the message log and reports are read at ten million messages, and by which plans.

    python bench/message_log.py [--messages 10000000] [--runs 20] [--plans] [--url postgresql+psycopg://…]

Needs a PostgreSQL where a database may be created (`WICI_TEST_DATABASE_URL`). The rows are made by the server itself, over
forty days and campaigns of 25,000, nine of ten of one account; with `--url` a database that was filled before is asked, and
one that is empty is filled and stays. Each question is asked `--runs` times, of another campaign or address each time; the
slowest of twenty is the p95. Beside the clock's figures, which other work on the machine spoils, stands the CPU of a question,
here and in the database. `--plans` prints what PostgreSQL did for each statement of the last run.
"""

from __future__ import annotations

import argparse
import random
import statistics as numbers
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ingester import backend_cpu
from sqlalchemy import event, text

from chassis.database import Database, make_engine
from chassis.partitions import ensure_partitions
from chassis.testing import migrated_database
from contracts import ids
from contracts.reporting.recipients import Who
from contracts.vocabulary import MessageState
from reporting.usecases import messages, recipients, reports, statistics, variants

DAYS, SIZE = 40, 25_000
LOUD, QUIET = UUID(int=1), UUID(int=2)
GOAL_MS = 100.0

# Of a hundred messages 93 are delivered, four are still out, and three bounced, a third of them for good.
_MESSAGES = """
INSERT INTO messages (message_id, account_id, campaign_id, contact_id, channel, address, sender, domain, state, state_at,
    submitted_at, delivered_at, parts, cost, opens, opened_at, clicks, clicked_at, code)
SELECT (:head || lpad(to_hex(n), 8, '0'))::uuid, :account, :campaign, gen_random_uuid(), 'email',
    'osoba' || (n * 7919 + :salt) % 4000000 || '@poczta' || n % 50 || '.example', 'Sklep <news@sklep.example>',
    'poczta' || n % 50 || '.example', CASE WHEN n % 100 < 93 THEN 40 WHEN n % 100 < 97 THEN 20 WHEN n % 100 < 98 THEN 50
    ELSE 51 END, t, t - interval '2 s', CASE WHEN n % 100 < 93 THEN t END, 1, 0,
    CASE WHEN n % 5 = 0 THEN 1 ELSE 0 END, CASE WHEN n % 5 = 0 THEN t + interval '1 h' END,
    CASE WHEN n % 25 = 0 THEN 1 ELSE 0 END, CASE WHEN n % 25 = 0 THEN t + interval '1 h' END, '250'
FROM generate_series(1, :size) n, LATERAL (SELECT CAST(:at AS timestamptz) + n * interval '1 ms' AS t) moment
"""
_HISTORY = """
INSERT INTO state_history (message_id, at, account_id, campaign_id, state, code, detail)
SELECT message_id, state_at, account_id, campaign_id, state, '5.1.1', 'no such user' FROM messages
WHERE message_id BETWEEN (:head || '00000000')::uuid AND (:head || 'ffffffff')::uuid AND state >= 50
"""
_COUNTED = """
INSERT INTO counters (scope_id, dimension, key, account_id, messages, sent, delivered, submitted, hard_bounced, soft_bounced,
    opens, unique_opens, clicks, unique_clicks, parts)
SELECT {scope}, {dimension}, {key}, :account, count(*), count(*), count(*) FILTER (WHERE state = 40),
    count(*) FILTER (WHERE state = 20), count(*) FILTER (WHERE state = 50), count(*) FILTER (WHERE state = 51),
    sum(opens), count(*) FILTER (WHERE state = 40 AND opens > 0), sum(clicks),
    count(*) FILTER (WHERE state = 40 AND clicks > 0), count(*)
FROM messages WHERE message_id BETWEEN (:head || '00000000')::uuid AND (:head || 'ffffffff')::uuid GROUP BY 1, 2, 3
ON CONFLICT (scope_id, dimension, key) DO UPDATE SET messages = counters.messages + excluded.messages,
    sent = counters.sent + excluded.sent, delivered = counters.delivered + excluded.delivered,
    hard_bounced = counters.hard_bounced + excluded.hard_bounced, soft_bounced = counters.soft_bounced + excluded.soft_bounced
"""
_DIMENSIONS = (
    ("CAST(:campaign AS uuid)", 0, "''"),
    ("CAST(:campaign AS uuid)", 1, "CAST(:hour AS text)"),
    ("CAST(:campaign AS uuid)", 2, "domain"),
    ("CAST(:account AS uuid)", 5, "CAST(:day AS text) || ' email'"),
)


def send_of(number: int, start: datetime, count: int) -> dict[str, Any]:
    """One campaign of a list that fills the days evenly, the same for the same number."""
    moment = start + timedelta(days=DAYS) * number / count
    millis = int(moment.timestamp() * 1000)
    send_id = UUID(int=(millis << 80) | (0x7 << 76) | (0b10 << 62) | number)
    account_id = QUIET if number % 10 == 0 else LOUD
    return {
        "account": account_id, "campaign": UUID(int=(1 << 100) + number), "head": ids.message_id(send_id, 0).hex[:24],
        "salt": number * 104_729, "size": SIZE, "at": moment, "send": send_id,
        "hour": moment.strftime("%Y-%m-%dT%H:00:00Z"), "day": moment.date().isoformat(),
    }  # fmt: skip


def sends_of(database: Database, count: int) -> list[dict[str, Any]]:
    """The campaigns; of a filled database those that are in it."""
    with database.transaction() as session:
        first = session.scalar(text("SELECT min(started_at) FROM campaigns"))
    start = first or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    return [send_of(number, start, count) for number in range(count)]


def fill(database: Database, sends: list[dict[str, Any]]) -> None:
    with database.transaction() as session:
        for table in ("messages", "state_history", "engagements", "labels"):
            for name in ensure_partitions(session, table, sends[0]["at"].date(), DAYS + 1):
                if table == "messages":
                    session.execute(text(f"ALTER TABLE {name} SET (fillfactor = 50)"))
    for send in sends:
        with database.transaction() as session:
            session.execute(text("SET LOCAL synchronous_commit = off"))
            session.execute(text(_MESSAGES), send)
            session.execute(text(_HISTORY), send)
            for scope, dimension, key in _DIMENSIONS:
                session.execute(text(_COUNTED.format(scope=scope, dimension=dimension, key=key)), send)
            session.execute(
                text(
                    "INSERT INTO campaigns (campaign_id, account_id, send_id, name, channel, recipients, state, started_at)"
                    " VALUES (:campaign, :account, :send, 'Kampania ' || :salt, 'email', :size, 'sent', :at)"
                ),
                send,
            )
            session.execute(
                text(
                    "INSERT INTO campaign_ranges (campaign_id, first_id, last_id, account_id) VALUES (:campaign,"
                    " (:head || '00000000')::uuid, (:head || 'ffffffff')::uuid, :account)"
                ),
                send,
            )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def questions(database: Database, sends: list[dict[str, Any]]) -> dict[str, Callable[[], object]]:
    """What is asked, by its name; each call asks for something else."""
    loud = [send for send in sends if send["account"] == LOUD]
    chance = random.Random(7)

    def call(usecase: Callable[..., Any], account_id: UUID = LOUD, **asked: Any) -> Any:
        with database.transaction() as session:
            return usecase(session, actor={"account_id": str(account_id)}, now=datetime.now(UTC), **asked)

    def listed(**asked: Any) -> Any:
        return call(messages.list_messages, **{"limit": 101, "cursor": None, **asked})

    def one() -> dict[str, Any]:
        return chance.choice(loud)

    def address() -> str:
        send, n = one(), chance.randrange(1, SIZE)
        return f"osoba{(n * 7919 + send['salt']) % 4_000_000}@poczta{n % 50}.example"

    def on_wire(usecase: Callable[..., Any], **asked: Any) -> Any:
        actor = {"account_id": str(LOUD)}
        return usecase(database, actor=actor, now=datetime.now(UTC), call=nobody, **asked)

    hard, submitted, undelivered = MessageState.HARD_BOUNCED, MessageState.SUBMITTED, MessageState.UNDELIVERED
    bounced = {"who": Who.HARD_BOUNCED, "limit": 101, "cursor": None}
    return {
        "log: newest": lambda: listed(),
        "log: newest hard bounces": lambda: listed(state=hard),
        "log: newest without an end": lambda: listed(state=submitted),
        "log: of a day": lambda: listed(since=(at := one()["at"]), until=at + timedelta(days=1)),
        "log: an address": lambda: listed(address=address()),
        "log: an address, hard bounced": lambda: listed(address=address(), state=hard),
        "log: of a campaign": lambda: listed(campaign_id=one()["campaign"]),
        "log: of a campaign, hard bounced": lambda: listed(campaign_id=one()["campaign"], state=hard),
        "log: of a campaign, without an end": lambda: listed(campaign_id=one()["campaign"], state=submitted),
        "log: of a campaign, undelivered (none is)": lambda: listed(campaign_id=one()["campaign"], state=undelivered),
        "log: campaigns by a part of the name": lambda: listed(campaign_name=str(chance.randrange(100, 1000))),
        "log: q, many have it": lambda: listed(q=f"poczta{chance.randrange(50)}."),
        "log: q, few have it": lambda: listed(q=address().partition("@")[0]),
        "log: q, nobody has it": lambda: listed(q=f"niema{chance.random()}"),
        "log: q, hard bounced, many": lambda: listed(q="osoba", state=hard),
        "log: q, hard bounced, nobody": lambda: listed(q=f"niema{chance.random()}", state=hard),
        "log: q, without an end, nobody": lambda: listed(q=f"niema{chance.random()}", state=submitted),
        "log: one message": lambda: call(
            messages.get_message, message_id=UUID(f"{one()['head']}{chance.randrange(1, SIZE):08x}")
        ),
        "report": lambda: on_wire(reports.get_report, campaign_id=one()["campaign"]),
        "report: links": lambda: on_wire(reports.get_report_links, campaign_id=one()["campaign"]),
        "report: hours": lambda: on_wire(reports.get_report_timeline, campaign_id=one()["campaign"]),
        "report: recipients who bounced": lambda: call(
            recipients.list_report_recipients, campaign_id=one()["campaign"], **bounced
        ),
        "report: variants of a test": lambda: call(
            variants.count_variants, campaign_id=one()["campaign"], variants=2, each=1000, block=1
        ),
        "reports compared": lambda: call(reports.compare_reports, ids=",".join(str(one()["campaign"]) for _ in range(20))),
        "statistics of 40 days": lambda: on_wire(
            statistics.get_statistics, first=loud[0]["at"].date(), last=loud[-1]["at"].date()
        ),
    }  # fmt: skip


def nobody(_name: str, _actor: Any, _payload: Any, *, deadline: float) -> Any:
    """The other services, as far as these questions need them: the zone is Warsaw, nobody was left out, no place has a name."""
    return {"left_out": None, "time_zone": "Europe/Warsaw", "days": [], "labels": []}


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of PostgreSQL meanwhile, with its values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def explain(database: Database, asked: list[tuple[str, Any]]) -> None:
    with database.engine.connect() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) {statement}", parameters
            )
            lines = [line for (line,) in plan if "never executed" not in line]
            print("\n".join(f"    {line}" for line in lines))


def run(url: str, options: argparse.Namespace) -> None:
    database = Database(make_engine(url, pool_size=2))
    sends = sends_of(database, options.messages // SIZE)
    with database.transaction() as session:
        is_empty = session.scalar(text("SELECT NOT EXISTS (SELECT FROM campaigns)"))
    if is_empty:
        started = time.monotonic()
        fill(database, sends)
        print(f"{options.messages:,} messages made in {time.monotonic() - started:,.0f} s")
    print(f"{'':48s} {'median':>9s} {'p95':>9s} {'CPU':>9s}   goal {GOAL_MS:.0f} ms")
    for name, ask in questions(database, sends).items():
        if options.only and options.only not in name:
            continue
        took = []
        cpu, there = time.process_time(), backend_cpu(database)
        for _ in range(options.runs):
            started = time.monotonic()
            ask()
            took.append(1000 * (time.monotonic() - started))
        cpu = 1000 * (time.process_time() - cpu + backend_cpu(database) - there) / options.runs
        p95 = sorted(took)[min(int(0.95 * len(took)), len(took) - 1)]
        over = "" if p95 < GOAL_MS else "over the goal"
        print(f"{name:48s} {numbers.median(took):6.1f} ms {p95:6.1f} ms {cpu:6.1f} ms   {over}")
        if options.plans:
            with statements(database) as asked:
                ask()
            explain(database, asked)
    database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--only", help="questions whose name holds this")
    parser.add_argument("--url")
    options = parser.parse_args()
    if options.url:
        run(options.url, options)
        return
    with migrated_database("reporting") as url:
        run(url, options)


if __name__ == "__main__":
    main()
