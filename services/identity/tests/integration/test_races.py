"""What happens between a look and the act: a password that changes meanwhile, rows that are locked crosswise."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pyotp
import pytest
from billing_cases import COMPANY, ISSUER, line, operator, order
from sqlalchemy import text as sql

from chassis.database import Database
from chassis.testing import wait_until
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from identity.domain import throttling
from identity.domain.invoices import today
from identity.domain.tokens import token_hash
from identity.hashing import Passwords
from identity.store import accounts as stored_accounts
from identity.store import invoices as stored_invoices
from identity.store import links as stored_links
from identity.store import sessions as stored_sessions
from identity.store import throttles
from identity.usecases import (
    accounts,
    api_keys,
    closing,
    invoices,
    issuing,
    links,
    me,
    operators,
    roles,
    second_factor,
    session_tokens,
    users,
)

Actor = dict[str, Any]
OLD, NEW = "trzy zielone parasole", "cztery fioletowe kalosze"


class Overtaken(Passwords):
    """While a password is being verified, something else happens once."""

    def __init__(self, meanwhile: Callable[[], Any]) -> None:
        super().__init__(memory_kib=64, rounds=1)
        self._meanwhile: Callable[[], Any] | None = meanwhile

    def verify(self, stored: str | None, password: str, turn: Any = None, *, is_queued: bool = False) -> bool:
        right = super().verify(stored, password, turn, is_queued=is_queued)
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return right


@pytest.fixture
def overtaken(database: Database, passwords: Passwords, owner: Actor, log_in: Any, clock: Any) -> Overtaken:
    """The owner changes the password in another session while a thief's act with the old one is under way."""
    other = {**owner, "session_id": str(log_in("kowal")["session_id"])}
    return Overtaken(
        lambda: me.change_password(
            database, passwords=passwords, actor=other, now=clock.now, old_password=OLD, new_password=NEW
        )
    )


def test_a_password_that_has_been_changed_is_not_changed_by_who_knew_the_old_one(
    database: Database, owner: Actor, overtaken: Overtaken, log_in: Any, clock: Any
) -> None:
    with pytest.raises(Unauthenticated):
        me.change_password(
            database,
            passwords=overtaken,
            actor=owner,
            now=clock.now,
            old_password=OLD,
            new_password="a thief's own secret",
        )
    assert log_in("kowal", NEW)["access_token"]


def test_an_address_is_not_moved_by_who_knew_the_old_password(
    database: Database, owner: Actor, overtaken: Overtaken, clock: Any
) -> None:
    with pytest.raises(Unauthenticated):
        links.request_email_change(
            database,
            passwords=overtaken,
            panel_url="https://panel.example",
            actor=owner,
            now=clock.now,
            email="thief@example.com",
            password=OLD,
        )
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM one_time_links")) == 0


def test_closing_is_not_asked_for_by_who_knew_the_old_password(
    database: Database, owner: Actor, overtaken: Overtaken, clock: Any
) -> None:
    with pytest.raises(Unauthenticated):
        closing.request(database, passwords=overtaken, actor=owner, now=clock.now, password=OLD)
    with database.transaction() as session:
        assert accounts.get(session, actor=owner, now=clock.now)["state"] == "active"


def test_a_closed_account_takes_nothing_more_about_people(
    database: Database, passwords: Passwords, owner: Actor, clock: Any
) -> None:
    """The gateway may remember a token for a moment after the account has been closed."""
    account_id = UUID(owner["account_id"])
    with database.transaction() as session:
        closing.close(session, actor=operator(), now=clock.now, account_id=account_id, reason="Asked for by the owner")

    with pytest.raises((NotFound, Forbidden, Unauthenticated)):
        users.create_user(
            database, passwords=passwords, actor=owner, now=clock.now, login="bartek7", email="b@example.com",
            name="Bartek", password=OLD, permissions=[], roles=[],
        )  # fmt: skip
    for late in (
        lambda session: accounts.update(session, actor=owner, now=clock.now, company={"name": "Jan Kowal"}),
        lambda session: roles.create(session, actor=owner, now=clock.now, name="Jan Kowal", permissions=[]),
        lambda session: accounts.set_vat_number(
            session, actor=operator(), now=clock.now, account_id=account_id, vat_number="5260250274", reason="Late"
        ),
    ):
        with pytest.raises((NotFound, Forbidden, Unauthenticated)), database.transaction() as session:
            late(session)
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM users")) == 0
        assert stored_accounts.account(session, account_id=account_id).company == {}


def waits(database: Database) -> None:
    """Until a transaction waits for a lock."""
    query = sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

    def somebody_waits() -> bool:
        with database.transaction() as session:
            return bool(session.scalar(query))

    wait_until(somebody_waits, what="somebody waiting for a lock")


def test_an_invoice_by_hand_does_not_wait_for_the_run_by_the_month(
    database: Database, register: Callable[..., Actor], clock: Any
) -> None:
    """The run locks the account, then the series; who issues by hand holds the series when it comes to the account."""
    account_id = UUID(register("murarz")["account_id"])
    with database.transaction() as session:
        stored_accounts.account_for_update(session, account_id=account_id).company = dict(COMPANY)

    def by_hand() -> Any:
        with database.transaction() as session:
            return issuing.issue(
                session, issuer=ISSUER, actor=operator(), now=clock.now, account_id=account_id, **order()
            )

    with ThreadPoolExecutor(1) as threads, database.transaction() as session:
        stored_accounts.account_for_update(session, account_id=account_id)
        assert threads.submit(by_hand).result(5)["number"] == "FV/2026/000001"
        stored_invoices.lock_series(session, series=ISSUER.series, day=today(clock.now))


def test_a_session_that_ends_while_it_is_refreshed_ends(
    database: Database, register: Callable[..., Actor], log_in: Any, clock: Any
) -> None:
    """Ending locks the session, then its tokens; so does refreshing."""
    user_id = UUID(register("murarz")["user_id"])
    opened = log_in("murarz")

    def refreshed() -> Any:
        return session_tokens.refresh(
            database, actor={"address": "192.0.2.1"}, now=clock.now, refresh_token=opened["refresh_token"]
        )

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            lock = sql("SELECT 1 FROM sessions WHERE id = :id FOR UPDATE")
            session.execute(lock, {"id": opened["session_id"]})
            late = threads.submit(refreshed)
            waits(database)
            stored_sessions.end_sessions_of(session, user_id=user_id)
        with pytest.raises(Unauthenticated):
            late.result(10)


@pytest.fixture
def secured(database: Database, vault: Any, clock: Any, register: Callable[..., Actor], log_in: Any) -> Actor:
    """A user with a second factor and a link to a new password: `code`, `token`."""
    actor = register("murarz")
    actor["session_id"] = str(log_in("murarz")["session_id"])
    with database.transaction() as session:
        app = pyotp.TOTP(second_factor.begin(session, vault=vault, actor=actor, now=clock.now)["secret"])
        second_factor.confirm(session, vault=vault, actor=actor, now=clock.now, code=app.at(clock.now))
        stored_links.insert_link(
            session,
            token_hash=token_hash("wl_a-link-by-mail"),
            purpose=links.RESET,
            user_id=UUID(actor["user_id"]),
            now=clock.now,
            expires_at=clock.now + links.RESET_LIFE,
        )
    return {**actor, "code": app.at(clock.advance(seconds=60)), "token": "wl_a-link-by-mail"}


def test_a_reset_locks_the_throttle_before_the_user(
    database: Database, passwords: Passwords, secured: Actor, clock: Any
) -> None:
    """As a log-in does; or the two could wait for each other until PostgreSQL ends one of them."""
    key = throttling.login_key("user", "murarz")
    with database.transaction() as session:
        throttles.throttle_for_update(session, key=key, now=clock.now)

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            throttles.throttle_for_update(session, key=key, now=clock.now)
            actor = {"address": "192.0.2.9"}
            request = {"token": secured["token"], "password": NEW}
            late = threads.submit(
                links.reset_password, database, passwords=passwords, actor=actor, now=clock.now, **request
            )
            waits(database)
            session.execute(sql("SELECT 1 FROM users WHERE id = :id FOR UPDATE"), {"id": secured["user_id"]})
        late.result(10)


@pytest.mark.parametrize("purpose", [links.RESET, links.EMAIL_CHANGE])
def test_a_link_that_is_followed_while_links_are_dropped_leads_nowhere(
    database: Database, passwords: Passwords, register: Callable[..., Actor], clock: Any, purpose: str
) -> None:
    """A block or a reset locks the user, then drops the links; so does who follows one."""
    user_id = UUID(register("murarz")["user_id"])
    with database.transaction() as session:
        stored_links.insert_link(
            session, token_hash=token_hash("wl_a-link"), purpose=purpose, user_id=user_id, now=clock.now,
            expires_at=clock.now + links.RESET_LIFE, email="nowy@example.com",
        )  # fmt: skip

    def follow() -> None:
        if purpose == links.RESET:
            links.reset_password(
                database, passwords=passwords, actor={}, now=clock.now, token="wl_a-link", password=NEW
            )
        else:
            with database.transaction() as session:
                links.confirm_email_change(session, actor={}, now=clock.now, token="wl_a-link")

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            session.execute(sql("SELECT 1 FROM users WHERE id = :id FOR UPDATE"), {"id": user_id})
            late = threads.submit(follow)
            waits(database)
            stored_links.drop_links(session, user_id=user_id)
        with pytest.raises(NotFound):
            late.result(10)


@pytest.mark.parametrize("act", ["log in", "turn off"])
def test_a_code_locks_the_throttle_before_the_user(
    database: Database, vault: Any, secured: Actor, log_in: Any, clock: Any, act: str
) -> None:
    user_id = secured["user_id"]
    if act == "log in":
        key, run = throttling.login_key("user", "murarz"), lambda: log_in("murarz", totp=secured["code"])
    else:
        key = throttling.login_key("totp", user_id)
        run = lambda: second_factor.disable(database, vault=vault, actor=secured, now=clock.now, code=secured["code"])  # noqa: E731

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            session.execute(sql("SELECT 1 FROM users WHERE id = :id FOR UPDATE"), {"id": user_id})
            late = threads.submit(run)
            waits(database)
            free = sql("SELECT 1 FROM login_throttles WHERE key = :key FOR UPDATE SKIP LOCKED")
            assert session.execute(free, {"key": key}).all() == []
        late.result(10)


@pytest.mark.parametrize("what", ["uses are stored", "the key that made them is revoked"])
def test_keys_are_locked_in_the_order_of_their_ids(
    database: Database, owner: Actor, act: Callable[..., Any], clock: Any, what: str
) -> None:
    """Or two who lock several could wait for each other: here the first lies behind the others on its page."""
    wanted: dict[str, Any] = {"name": "Shop", "scopes": ["account.keys"], "expires_at": None, "ip_list": []}
    maker = act(api_keys.create, owner, **wanted)
    asking = {**owner, "session_id": None, "api_key_id": str(maker["id"])}
    first, *others = (act(api_keys.create, asking, **wanted)["id"] for _ in range(8))
    act(api_keys.rename, owner, api_key_id=first, name="Sklep")

    def run() -> None:
        with database.transaction() as session:
            for way in ("enable_nestloop", "enable_sort"):  # the planner's ways for many keys
                session.execute(sql(f"SET LOCAL {way} = off"))
            if what == "uses are stored":
                api_keys.record_uses(session, {(key_id, "192.0.2.1"): clock.now for key_id in (*others, first)})
            else:
                api_keys.revoke(session, actor=owner, now=clock.now, api_key_id=maker["id"])

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            lock = sql("SELECT id FROM api_keys WHERE id = ANY(:ids) FOR UPDATE SKIP LOCKED")
            session.execute(lock, {"ids": [first]})
            late = threads.submit(run)
            waits(database)
            assert set(session.scalars(lock, {"ids": others})) == set(others), "nobody holds one of them"
        late.result(10)


def test_what_a_correction_builds_on_is_not_cancelled_meanwhile(
    act: Callable[..., Any], database: Database, register: Callable[..., Actor], clock: Any
) -> None:
    """Or a later correction would take back lines that no longer stand."""
    account_id = UUID(register("murarz")["account_id"])
    with database.transaction() as session:
        stored_accounts.account_for_update(session, account_id=account_id).company = dict(COMPANY)

    lines = {"lines": [line(8_000)], "exemption": "", "note": ""}
    with database.transaction() as session:
        made = issuing.issue(
            session, issuer=ISSUER, actor=operator(), now=clock.now, account_id=account_id, **order(line(10_000))
        )
    first = act(issuing.correct, operator(), issuer=ISSUER, invoice_id=made["id"], reason="A mistake", **lines)

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            issuing.correct(
                session,
                issuer=ISSUER,
                actor=operator(),
                now=clock.now,
                invoice_id=made["id"],
                reason="Another",
                **{**lines, "lines": []},
            )
            late = threads.submit(act, invoices.cancel, operator(), invoice_id=first["id"], reason="A mistake")
            waits(database)
        with pytest.raises(Conflict) as refused:
            late.result(10)
    assert refused.value.code == "invoice.corrected"


def test_a_role_is_renamed_to_a_name_that_is_being_taken(database: Database, owner: Actor, clock: Any) -> None:
    with database.transaction() as session:
        renamed = roles.create(session, actor=owner, now=clock.now, name="Sklep", permissions=[])

    def rename() -> None:
        with database.transaction() as session:
            roles.update(session, actor=owner, now=clock.now, role_id=renamed["id"], name="Magazyn")

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            roles.create(session, actor=owner, now=clock.now, name="Magazyn", permissions=[])
            late = threads.submit(rename)
            waits(database)
        with pytest.raises(Conflict) as refused:
            late.result(10)
    assert refused.value.code == "role.name_taken"


def test_a_role_that_is_being_deleted_is_granted_to_nobody(
    database: Database, passwords: Passwords, owner: Actor, clock: Any
) -> None:
    with database.transaction() as session:
        role = roles.create(session, actor=owner, now=clock.now, name="Sklep", permissions=[])
    user = users.create_user(
        database, passwords=passwords, actor=owner, now=clock.now, login="bartek7", email="b@example.com", name="",
        password=OLD, permissions=[], roles=[],
    )  # fmt: skip

    def grant() -> None:
        with database.transaction() as session:
            users.set_rights(
                session, actor=owner, now=clock.now, user_id=user["id"], permissions=[], roles=[role["id"]]
            )

    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            roles.delete(session, actor=owner, now=clock.now, role_id=role["id"])
            late = threads.submit(grant)
            waits(database)
        with pytest.raises(Invalid):
            late.result(10)


def test_an_operator_who_is_shut_out_while_logging_in_gets_no_session(
    database: Database, passwords: Passwords, vault: Any, clock: Any
) -> None:
    made = operators.add(
        database, passwords=passwords, vault=vault, now=clock.now, login="dyzurny1", email="ops@example.com"
    )
    assert made is not None
    password, secret = made
    slow = Overtaken(lambda: operators.disable(database, now=clock.now, login="dyzurny1"))

    with pytest.raises(Unauthenticated):
        operators.log_in(
            database, passwords=slow, vault=vault, actor={}, now=clock.now, login="dyzurny1", password=password,
            totp=pyotp.TOTP(secret).at(clock.now), new_password=NEW,
        )  # fmt: skip
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM sessions")) == 0
