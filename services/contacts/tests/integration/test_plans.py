"""Hot statements keep to their indexes, whether the planner knows of ten million rows or of nothing."""

from __future__ import annotations

from types import TracebackType
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import as_administrator
from chassis.testing_plans import READS_ALL, ROWS, expected_cost, nodes
from contacts.store import audiences as store
from contacts.store import frequency_caps, word_pages
from contacts.store import snapshots as snapshot_store
from contacts.usecases import archive, groups, people
from contracts.vocabulary import Channel

from .conftest import NOON

HELD = 5_000  # rows that are really there
PAGE = 500  # recipients of a batch, and addressees of a check
_HOT = ("contacts", "archive", "snapshot_", "recent_sends")


class Explained:
    """A cursor that asks for the plan of each statement before it runs it."""

    def __init__(self, cursor: Any, costs: dict[str, float], scanned: dict[str, str]) -> None:
        self._cursor, self._costs, self._scanned = cursor, costs, scanned

    def __enter__(self) -> Explained:
        self._cursor.__enter__()
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._cursor.__exit__(*error)

    def execute(self, statement: str, *arguments: Any) -> Any:
        self.look(statement, *arguments)
        return self._cursor.execute(statement, *arguments)

    def look(self, statement: str, *arguments: Any) -> None:
        if "set_config" in statement or not statement.lstrip().startswith(("SELECT", "WITH")):
            return
        (plan,) = self._cursor.execute("EXPLAIN (FORMAT JSON) " + statement, *arguments).fetchone()
        self._costs[statement] = expected_cost(plan[0]["Plan"])
        for node in nodes(plan[0]["Plan"]):
            name = node.get("Relation Name", "")
            if "Seq Scan" in node["Node Type"] and name.startswith(_HOT):
                self._scanned[statement] = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


@pytest.fixture
def snapshot_id(database: Database, account: Any) -> UUID:
    """A snapshot of some thousand contacts, every tenth of them archived by now.

    Its numbers are as far apart as makes ten million of them, so that what is known of them fits the statistics.
    """
    taken = new_id()
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO contacts (id, account_id, email, phone, push, viber, "
                + ", ".join(f"{channel}_consent" for channel in Channel)
                + ") SELECT id, :account, n || '@x.example', '+48600' || lpad(n::text, 6, '0'), id::text, id::text, "
                + ", ".join("true" for _ in Channel)
                + " FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, :held) n) made"
            ),
            {"account": account.id, "held": HELD},
        )
        for channel in Channel:
            session.execute(
                text(
                    "INSERT INTO archive (id, account_id, channel, address, reason, source)"
                    f" SELECT gen_random_uuid(), :account, :channel, {store.ADDRESS[channel]}, 'other', 'test'"
                    f" FROM contacts WHERE account_id = :account AND email LIKE '%0@x.example'"
                ),
                {"account": account.id, "channel": channel},
            )
        table = snapshot_store.table_of(taken)
        session.execute(text(f"CREATE TABLE {table} (number integer, contact_id uuid, address text, fields jsonb)"))
        session.execute(
            text(
                f"INSERT INTO {table} SELECT {ROWS // HELD} * row_number() OVER (), id, email, '{{}}' FROM contacts"
                " WHERE account_id = :account"
            ),
            {"account": account.id},
        )
        session.execute(text(f"ALTER TABLE {table} ADD PRIMARY KEY (number)"))
    return taken


def _pretend_many(database: Database, *tables: str) -> None:
    """Statistics of ten million rows: the planner multiplies the rows of a page by the pages that it finds."""
    with as_administrator(database) as session:
        for name in tables:
            session.execute(text(f"ANALYZE {name}"))
            session.execute(
                text(f"UPDATE pg_class SET reltuples = {ROWS} WHERE oid = CAST(:name AS regclass)"), {"name": name}
            )


@pytest.mark.parametrize("many", [True, False], ids=["ten million rows", "no statistics"])
@pytest.mark.parametrize("channel", Channel)
def test_a_page_of_an_audience_and_a_check_of_addressees_look_at_their_own_rows_alone(
    database: Database, account: Any, snapshot_id: UUID, monkeypatch: pytest.MonkeyPatch, many: bool, channel: Channel
) -> None:
    with database.transaction() as session:
        cap = frequency_caps.Cap(messages=2, days=30)
        frequency_caps.set_cap(session, account_id=account.id, cap=cap, now=NOON)
        session.execute(
            text(
                "INSERT INTO recent_sends (account_id, contact_id, campaign_id, day) SELECT account_id, id,"
                " gen_random_uuid(), :today FROM contacts, generate_series(1, 3) WHERE email LIKE '%5@x.example'"
            ),
            {"today": NOON.date()},
        )
    if many:
        _pretend_many(database, "contacts", "archive", "recent_sends", snapshot_store.table_of(snapshot_id))
    costs, scanned = dict[str, float](), dict[str, str]()
    monkeypatch.setattr(snapshot_store, "cursor_of", lambda session: Explained(cursor_of(session), costs, scanned))

    with database.transaction() as session:
        place: Any = {"snapshot_id": snapshot_id, "account_id": account.id, "channel": channel}
        page = snapshot_store.read(session, **place, after=ROWS // 2, up_to=ROWS // 2 + PAGE, today=NOON.date())
        some = session.execute(text(f"SELECT id, {store.ADDRESS[channel]} FROM contacts LIMIT {PAGE}"))
        addressees = [(contact_id, address) for contact_id, address in some]
        gone = snapshot_store.left_out(session, account_id=account.id, channel=channel, addressees=addressees)
        numbers = [ROWS // HELD * place for place in range(1, PAGE + 1)]
        ids: Any = {"campaign_id": new_id(), "step_of": new_id()}
        step = snapshot_store.read_step(session, **place, **ids, numbers=numbers, today=NOON.date())

    for found in (page, step):
        assert len(found.recipients) + sum(map(len, found.left_out.values())) == PAGE
    assert step.recipients == sorted(step.recipients, key=lambda one: one["number"])
    assert 0 < len(gone) < PAGE
    assert any("recent_sends" in statement for statement in costs)
    assert len([one for one in costs if "frequency_caps" not in one and "advisory" not in one]) == 3 and scanned == {}
    assert {statement: cost for statement, cost in costs.items() if cost > READS_ALL} == {}


@pytest.fixture
def many_accounts(database: Database, account: Any) -> UUID:
    """Fifty accounts with a hundred contacts each, all archived and in a group; answers the group of the account."""
    group_id: UUID = account.call(groups.create, name="Lista", description="")["id"]
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO contacts (id, account_id, first_name, email) SELECT gen_random_uuid(),"
                " CASE n % 50 WHEN 0 THEN :account ELSE md5((n % 50)::text)::uuid END, 'Ola', n || '@x.example'"
                " FROM generate_series(1, :held) n"
            ),
            {"account": account.id, "held": HELD},
        )
        session.execute(
            text(
                "INSERT INTO archive (id, account_id, channel, address, reason, source)"
                " SELECT gen_random_uuid(), account_id, 'email', email, 'other', 'test' FROM contacts"
            )
        )
        session.execute(
            text(
                "INSERT INTO group_members (group_id, contact_id, account_id) SELECT"
                " CASE account_id WHEN :account THEN :group ELSE account_id END, id, account_id FROM contacts"
            ),
            {"account": account.id, "group": group_id},
        )
    _pretend_many(database, "contacts", "archive", "group_members")
    return group_id


def test_lists_of_an_account_look_at_its_own_rows_alone(database: Database, account: Any, many_accounts: UUID) -> None:
    costs, scanned = dict[str, float](), dict[str, str]()

    def look(_: Any, cursor: Any, statement: str, bound: Any, *__: Any) -> None:
        Explained(cursor, costs, scanned).look(statement, bound)

    event.listen(database.engine, "before_cursor_execute", look)
    found = []
    for sort in ("created", "-created"):
        for asked in ({}, {"q": "ola 1"}, {"group_id": many_accounts}, {"q": "ola", "group_id": many_accounts}):
            first = account.call(people.list_contacts, limit=10, cursor=None, sort=sort, **asked)
            account.call(people.list_contacts, limit=10, cursor=first["next_cursor"], sort=sort, **asked)
            found.append(first["total"])
        for asked in ({}, {"q": "1@x"}):
            listed = account.call(archive.list_archive, limit=10, cursor=None, restored=False, sort=sort, **asked)
            found.append(listed["total"])
    event.remove(database.engine, "before_cursor_execute", look)

    assert found[:6] == found[6:] and found[0] == found[2] == found[3] == found[4] == HELD // 50
    assert scanned == {} and len(costs) >= 10


def test_those_who_lie_together_are_found_without_a_walk_through_all(
    database: Database, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last hundred of a list: some are looked at, then the index of words is asked; nothing is read to its end.

    PostgreSQL itself would walk through the list: those who fit are soon found where they are everywhere.
    """
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO contacts (account_id, id, first_name, email)"
                " SELECT :account, CAST(lpad(to_hex(n), 32, '0') AS uuid),"
                " CASE WHEN n > :held - 100 THEN 'Ola' ELSE 'Jan' || n END, n || '@x.example'"
                " FROM generate_series(1, :held) n"
            ),
            {"account": account.id, "held": HELD},
        )
    _pretend_many(database, "contacts")
    monkeypatch.setattr(word_pages, "LOOKED_AT", (50, 500))
    indexes = list[set[str]]()

    def look(_: Any, cursor: Any, statement: str, bound: Any, *__: Any) -> None:
        if "LIKE" in statement:
            (plan,) = cursor.execute("EXPLAIN (FORMAT JSON) " + statement, bound).fetchone()
            indexes.append({node["Index Name"] for node in nodes(plan[0]["Plan"]) if "Index Name" in node})

    event.listen(database.engine, "before_cursor_execute", look)
    oldest = account.call(people.list_contacts, limit=10, cursor=None, q="ola")
    newest = account.call(people.list_contacts, limit=10, cursor=None, q="ola", sort="-created")
    event.remove(database.engine, "before_cursor_execute", look)

    walked, found = {"contacts_pkey"}, {"contacts_found"}
    assert oldest["total"] == newest["total"] == 100
    assert [one["email"] for one in oldest["items"]] == [f"{HELD - 99 + n}@x.example" for n in range(10)]
    assert indexes[:2] == [walked, found | walked]
    assert [one["email"] for one in newest["items"]] == [f"{HELD - n}@x.example" for n in range(10)]
    assert indexes[2:] == [walked, found]
