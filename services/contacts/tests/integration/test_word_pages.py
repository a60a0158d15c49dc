"""Pages of contacts found by words lose nobody, whichever way finds them; a sample tells of no more than there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from chassis import pages
from chassis.database import Database
from contacts.store import contact_pages, word_pages, word_sql
from contacts.usecases import people

FILLED = 12_000
MOST = 200
BOUNDS = {"SAMPLED_FROM": 2_000, "SAMPLE": FILLED // 4, "LEAST_SAMPLE": 500}  # about forty pages of the table


def _fill(database: Database, account_id: UUID, named: str, count: int = FILLED) -> None:
    """Contacts in the order of a list. :param named: SQL of the first name, over `n`."""
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO contacts (id, account_id, first_name, email) SELECT CAST(lpad(to_hex(n), 12, '0') || '7'"
                " || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15) AS uuid), :account,"
                f" {named}, n || '@x.example' FROM generate_series(1, :count) n"
            ),
            {"account": account_id, "count": count},
        )


def _count(database: Database, account_id: UUID, word: str, most: int = MOST + 1) -> int:
    where, parameters = word_sql.holding(word)
    with database.transaction() as session:
        return word_pages.count(session, account_id=account_id, where=where, parameters=parameters, most=most)


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that fit the test's account as the real ones fit a million contacts."""
    monkeypatch.setattr(pages, "COUNTED_MOST", MOST)
    monkeypatch.setattr(people, "COUNTED_MOST", MOST + 1)
    for name, value in BOUNDS.items():
        monkeypatch.setattr(word_pages, name, value)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was counted one by one."""
    counted = list[int]()
    exactly = contact_pages.count

    def count(*arguments: Any, **named: Any) -> int:
        counted.append(exactly(*arguments, **named))
        return counted[-1]

    monkeypatch.setattr(contact_pages, "count", count)
    return counted


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    held=st.lists(st.booleans(), max_size=60),
    looked_at=st.tuples(st.integers(1, 5), st.integers(1, 30)),
    limit=st.integers(1, 9),
    most=st.integers(1, 40),
    sort=st.sampled_from(("created", "-created")),
)
def test_pages_lose_nobody_and_say_nobody_twice(
    database: Database, new_account: Any, held: list[bool], looked_at: tuple[int, int], limit: int, most: int, sort: str
) -> None:
    account = new_account()
    names = ",".join("ola" if holds else "jan" for holds in held)
    _fill(database, account.id, f"(CAST('{{{names}}}' AS text[]))[n]", len(held))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(word_pages, "LOOKED_AT", looked_at)
        patched.setattr(pages, "COUNTED_MOST", most)
        patched.setattr(people, "COUNTED_MOST", most + 1)
        found, totals, cursor = list[str](), list[Any](), None
        while not totals or cursor:
            page = account.call(people.list_contacts, limit=limit, cursor=cursor, q="ola", sort=sort)
            found += [one["email"] for one in page["items"]]
            totals.append((page["total"], page["total_is_estimate"]))
            cursor = page["next_cursor"]

    wanted = [f"{n}@x.example" for n, holds in enumerate(held, 1) if holds]
    assert found == (wanted if sort == "created" else wanted[::-1])
    assert totals[0] == (min(len(wanted), most), len(wanted) > most)
    assert set(totals[1:]) <= {(None, False)}


@pytest.mark.parametrize(
    ("named", "told"),
    [
        pytest.param(f"CASE WHEN n % {FILLED // 200} = 0 THEN 'ola' END", (200, False), id="as many as are counted"),
        pytest.param(f"CASE WHEN n % {FILLED // 201} = 1 THEN 'ola' END", (200, True), id="a few more"),
        pytest.param("CASE WHEN n > 11900 THEN 'ola' END", (100, False), id="the last of an import"),
        pytest.param("CASE WHEN n <= 200 THEN 'ola' END", (200, False), id="the first of an import"),
        pytest.param("CASE WHEN n BETWEEN 5001 AND 5201 THEN 'ola' END", (200, True), id="one more, side by side"),
        pytest.param("CASE WHEN n > 6000 THEN 'ola' END", (200, True), id="the later half"),
    ],
)
@pytest.mark.usefixtures("sampled")
def test_up_to_what_is_counted_the_total_is_exact(
    database: Database, account: Any, named: str, told: tuple[int, bool]
) -> None:
    _fill(database, account.id, named)

    page = account.call(people.list_contacts, limit=10, cursor=None, q="ola")
    by_name = account.call(people.list_contacts, limit=10, cursor=None, q="ola", sort="name")

    assert [(one["total"], one["total_is_estimate"]) for one in (page, by_name)] == [told, told]
    assert len(page["items"]) == len(by_name["items"]) == 10


@pytest.mark.usefixtures("sampled")
def test_what_many_hold_is_not_counted_one_by_one(database: Database, account: Any, counts: list[int]) -> None:
    _fill(database, account.id, "CASE n % 5 WHEN 0 THEN 'ola' END")

    page = account.call(people.list_contacts, limit=10, cursor=None, q="ola")

    assert (page["total"], page["total_is_estimate"], counts) == (MOST, True, [])


@pytest.mark.parametrize("named", ["n <= 200", "n % 60 = 0", "n BETWEEN 3000 AND 3100 OR n BETWEEN 9000 AND 9098"])
@pytest.mark.usefixtures("sampled")
def test_no_draw_shows_more_than_there_are(
    database: Database, account: Any, monkeypatch: pytest.MonkeyPatch, counts: list[int], named: str
) -> None:
    """However those who fit lie: 200 of them are counted, whichever pages of the table are drawn."""
    _fill(database, account.id, f"CASE WHEN {named} THEN 'ola' END")

    for seed in range(60):
        monkeypatch.setattr(word_pages, "SEED", seed)
        assert _count(database, account.id, "ola") == 200
    assert len(counts) == 60


@pytest.fixture
def drawn(database: Database) -> Iterator[list[str]]:
    """The statements that draw a sample."""
    seen = list[str]()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "TABLESAMPLE" in statement:
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("sampled")
def test_a_small_account_and_a_small_part_of_the_table_are_counted(
    database: Database, new_account: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, drawn: list[str]
) -> None:
    small, large = new_account(), new_account()
    _fill(database, small.id, "'ola'", word_pages.SAMPLED_FROM - 1)
    _fill(database, large.id, "'ola'")

    assert _count(database, small.id, "ola") == MOST + 1 and drawn == []
    assert _count(database, large.id, "ola") == MOST + 1 and len(drawn) == 1
    monkeypatch.setattr(word_pages, "MOST_PAGES", 1)  # as in a table that is much larger than the account
    assert _count(database, large.id, "ola") == MOST + 1 and len(drawn) == 1


@pytest.mark.usefixtures("sampled")
def test_another_accounts_contacts_are_in_no_sample(database: Database, new_account: Any, counts: list[int]) -> None:
    own, foreign = new_account(), new_account()
    _fill(database, foreign.id, "'ola'")
    _fill(database, own.id, "CASE WHEN n % 100 = 0 THEN 'ola' END")

    assert _count(database, own.id, "ola") == FILLED // 100 and counts == [FILLED // 100]


@pytest.mark.usefixtures("sampled")
def test_words_beside_other_filters_are_counted(database: Database, account: Any, drawn: list[str]) -> None:
    """A rule may cost more than the words: it is not asked of a sample, and again of all."""
    _fill(database, account.id, "'ola'")

    page = account.call(people.list_contacts, limit=10, cursor=None, q="ola", archived=False)
    rules = {"field": "first_name", "op": "eq", "value": "Ola"}
    found = account.call(people.find_contacts, limit=10, cursor=None, q="ola", rules=rules)

    assert (page["total"], found["total"], drawn) == (MOST, MOST, [])
