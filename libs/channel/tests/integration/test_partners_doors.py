"""What the ports of partners share: where accounts may be used from, and who failed to log in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from channel import account_networks, login_failures
from chassis import suspensions
from chassis.database import Database
from chassis.ids import new_id

ACCOUNT = UUID(int=7)


def told(database: Database, version: int, *networks: str, account: UUID = ACCOUNT) -> None:
    with database.transaction() as session:
        account_networks.note(session, account_id=account, api=networks, version=version, occurred_at=None)


def known(database: Database, account: UUID = ACCOUNT) -> list[str]:
    with database.transaction() as session:
        return list(account_networks.of_accounts(session, [account, new_id()]).get(account, ()))


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), max_size=4))
def test_the_latest_list_holds_in_whatever_order_and_however_often_it_is_told(
    made: Database, order: list[int], repeated: list[int]
) -> None:
    account = new_id()
    for version in [*order, *repeated]:
        told(made, version, f"192.0.2.{version}/32", account=account)
    assert known(made, account) == ["192.0.2.3/32"]


def test_of_a_closed_account_nothing_is_kept(database: Database) -> None:
    told(database, 1, "192.0.2.0/24")
    with database.transaction() as session:
        suspensions.close(session, ACCOUNT)
        account_networks.forget(session, ACCOUNT)
    told(database, 2, "192.0.2.0/24")
    assert known(database) == []


def test_failures_at_once_are_all_counted_whatever_keys_they_share(database: Database) -> None:
    keys = [("address 192.0.2.1", "name a"), ("name a", "address 192.0.2.1"), ("address 192.0.2.2", "name a")]

    def fail(number: int) -> int:
        with database.transaction() as session:
            return login_failures.note(session, *keys[number % 3])

    with ThreadPoolExecutor(6) as threads:
        counts = list(threads.map(fail, range(30)))
    assert sorted(counts) == list(range(1, 31)), "the name's, as it failed each time"
    with database.transaction() as session:
        assert [login_failures.count(session, key) for key in ("name a", "address 192.0.2.2", "name b")] == [30, 10, 0]
        assert login_failures.count(session, "address 192.0.2.2", "name a") == 30
        login_failures.forget(session, "name a")
        assert login_failures.count(session, "address 192.0.2.2", "name a") == 10


def test_a_failure_of_long_ago_is_forgotten(database: Database) -> None:
    with database.transaction() as session:
        assert [login_failures.note(session, "name a"), login_failures.note(session, "name a")] == [1, 2]
        session.execute(text("UPDATE login_failures SET failed_at = now() - interval '16 minutes'"))
        assert login_failures.count(session, "name a") == 0
        assert login_failures.note(session, "name a", "name \udce9") == 1
