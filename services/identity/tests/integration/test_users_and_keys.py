from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from identity.domain.tokens import token_hash
from identity.hashing import Passwords
from identity.models import ApiKey, AuditEntry
from identity.usecases import accounts, api_keys, audit_trail, sessions, users

Actor = dict[str, Any]


@pytest.fixture
def do(database: Database, clock: Any) -> Callable[..., Any]:
    """Run a use case that takes (session, actor, now) in a transaction of its own."""

    def run(use_case: Callable[..., Any], actor: Actor, **request: Any) -> Any:
        with database.transaction() as session:
            return use_case(session, actor, clock.now, **request)

    return run


@pytest.fixture
def add_user(database: Database, passwords: Passwords, clock: Any) -> Callable[..., dict[str, Any]]:
    def add(actor: Actor, login: str, *permissions: str) -> dict[str, Any]:
        return users.create_user(
            database,
            passwords,
            actor,
            clock.now,
            login=login,
            email=f"{login}@example.com",
            name="",
            password="trzy zielone parasole",
            permissions=permissions,
            roles=[],
        )

    return add


@pytest.fixture
def as_user(log_in: Callable[..., Any], database: Database, clock: Any) -> Callable[[str], Actor]:
    """The actor of a user who has just logged in, as the gateway would make it."""

    def log(login: str) -> Actor:
        token = log_in(login)["access_token"]
        with database.transaction() as session:
            known = sessions.principal(session, clock.now, token=token_hash(token).hex())
        ids = {key: str(known[key]) for key in ("account_id", "user_id", "session_id")}
        return {**ids, "permissions": known["permissions"], "address": "192.0.2.1"}

    return log


@pytest.fixture
def principal_of(database: Database, clock: Any) -> Callable[[str], dict[str, Any]]:
    def ask(key: str) -> dict[str, Any]:
        with database.transaction() as session:
            return sessions.principal(session, clock.now, token=token_hash(key).hex())

    return ask


# --- Users (A9)


def test_who_manages_users_and_holds_nothing_else_grants_what_it_does_not_hold(
    owner: Actor, add_user: Callable[..., Any], as_user: Callable[..., Actor], do: Callable[..., Any]
) -> None:
    add_user(owner, "kadrowa", "users.manage")
    manager = as_user("kadrowa")
    assert manager["permissions"] == ["users.manage"]

    made = add_user(manager, "bartek7", "contacts")
    changed = do(users.set_rights, manager, user_id=made["id"], permissions=["sms", "reports.read"], roles=[])

    assert changed["permissions"] == ["reports.read", "sms"]
    assert as_user("bartek7")["permissions"] == ["reports.read", "sms"]


def test_nobody_raises_oneself(
    owner: Actor, add_user: Callable[..., Any], as_user: Callable[..., Actor], do: Callable[..., Any]
) -> None:
    made = add_user(owner, "kadrowa", "users.manage")
    manager = as_user("kadrowa")

    for act in (
        lambda: do(users.set_rights, manager, user_id=made["id"], permissions=["sms"], roles=[]),
        lambda: do(users.update_user, manager, user_id=made["id"], state="blocked"),
        lambda: do(users.delete_user, manager, user_id=made["id"]),
    ):
        with pytest.raises(Forbidden) as refused:
            act()
        assert refused.value.code == "user.own_rights"


def test_the_owner_is_out_of_the_managers_reach(
    owner: Actor, add_user: Callable[..., Any], as_user: Callable[..., Actor], do: Callable[..., Any]
) -> None:
    add_user(owner, "kadrowa", "users.manage")
    manager, owner_id = as_user("kadrowa"), UUID(owner["user_id"])

    for act in (
        lambda: do(users.set_rights, manager, user_id=owner_id, permissions=[], roles=[]),
        lambda: do(users.update_user, manager, user_id=owner_id, name="X"),
        lambda: do(users.delete_user, manager, user_id=owner_id),
    ):
        with pytest.raises(Forbidden) as refused:
            act()
        assert refused.value.code == "user.owner_protected"


def test_users_are_not_managed_with_a_key(owner: Actor, add_user: Callable[..., Any], do: Callable[..., Any]) -> None:
    key = {**owner, "session_id": None, "api_key_id": owner["user_id"]}

    with pytest.raises(Forbidden) as refused:
        add_user(key, "bartek7", "contacts")
    assert refused.value.code == "session.required"


def test_a_blocked_or_removed_user_is_out_at_once(
    owner: Actor, add_user: Callable[..., Any], log_in: Callable[..., Any], do: Callable[..., Any], principal_of: Any
) -> None:
    made = add_user(owner, "bartek7", "contacts")
    token = log_in("bartek7")["access_token"]

    do(users.update_user, owner, user_id=made["id"], state="blocked")
    with pytest.raises(Unauthenticated):
        principal_of(token)
    with pytest.raises(Unauthenticated):
        log_in("bartek7")

    do(users.update_user, owner, user_id=made["id"], state="active")
    token = log_in("bartek7")["access_token"]
    do(users.delete_user, owner, user_id=made["id"])
    with pytest.raises(Unauthenticated):
        principal_of(token)


def test_another_account_sees_no_user_of_this_one(
    owner: Actor, register: Callable[..., Actor], log_in: Any, add_user: Any, do: Any, database: Database
) -> None:
    made = add_user(owner, "bartek7", "contacts")
    stranger = {**register("murarz"), "session_id": str(log_in("murarz")["session_id"])}

    for act in (
        lambda: do(users.set_rights, stranger, user_id=made["id"], permissions=[], roles=[]),
        lambda: do(users.update_user, stranger, user_id=made["id"], name="X"),
        lambda: do(users.delete_user, stranger, user_id=made["id"]),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotFound), database.transaction() as session:
        users.get_user(session, stranger, user_id=made["id"])
    with database.transaction() as session:
        assert len(users.list_users(session, stranger, limit=100, cursor=None)["items"]) == 1


def test_an_unknown_permission_or_role_is_named(owner: Actor, add_user: Any, do: Any) -> None:
    with pytest.raises(Invalid) as refused:
        add_user(owner, "bartek7", "contacts.fly")
    assert refused.value.errors[0]["code"] == "permission.unknown"

    made = add_user(owner, "bartek7", "contacts")
    with pytest.raises(Invalid) as refused:
        do(users.set_rights, owner, user_id=made["id"], permissions=[], roles=[UUID(owner["user_id"])])
    assert refused.value.errors[0]["code"] == "role.unknown"


# --- API keys (A10)


def new_key(do: Callable[..., Any], actor: Actor, *scopes: str, **more: Any) -> dict[str, Any]:
    wanted = {"name": "Sklep", "scopes": scopes, "expires_at": None, "ip_list": [], **more}
    return do(api_keys.create, actor, **wanted)


def test_a_key_is_shown_once_and_kept_as_a_hash(owner: Actor, do: Any, database: Database, principal_of: Any) -> None:
    made = new_key(do, owner, "sms.send", "contacts.read", ip_list=["192.0.2.7"])

    with database.transaction() as session:
        row = session.scalars(select(ApiKey)).one()
        listed = api_keys.list_keys(session, owner, limit=10, cursor=None)["items"]
    assert row.key_hash == token_hash(made["key"])
    assert made["key"].startswith("wk_")
    assert made["key"] not in str(listed)
    principal = principal_of(made["key"])
    assert principal["kind"] == "api_key"
    assert principal["permissions"] == ["contacts.read", "sms.send"]
    assert principal["key_ip_list"] == ["192.0.2.7/32"]


def test_a_key_never_holds_more_than_its_maker(owner: Actor, add_user: Any, as_user: Any, do: Any) -> None:
    add_user(owner, "bartek7", "contacts.read", "account.keys")

    with pytest.raises(Forbidden):
        new_key(do, as_user("bartek7"), "contacts")
    with pytest.raises(Invalid):
        new_key(do, owner, "users.manage")


def test_a_key_shrinks_and_dies_with_its_maker(
    owner: Actor, add_user: Any, as_user: Any, do: Any, principal_of: Any
) -> None:
    made = add_user(owner, "bartek7", "contacts", "account.keys")
    key = new_key(do, as_user("bartek7"), "contacts")["key"]

    do(users.set_rights, owner, user_id=made["id"], permissions=["contacts.read"], roles=[])
    assert principal_of(key)["permissions"] == ["contacts.read"]
    do(users.delete_user, owner, user_id=made["id"])
    with pytest.raises(Unauthenticated):
        principal_of(key)


def test_a_revoked_key_is_worth_nothing_and_everybody_is_told(
    owner: Actor, do: Any, principal_of: Any, database: Database
) -> None:
    made = new_key(do, owner, "sms.send")

    do(api_keys.revoke, owner, api_key_id=made["id"])

    with pytest.raises(Unauthenticated):
        principal_of(made["key"])
    with pytest.raises(NotFound):
        do(api_keys.revoke, owner, api_key_id=made["id"])
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM outbox WHERE routing_key = 'access_changed'")) == 1
        assert api_keys.list_keys(session, owner, limit=10, cursor=None)["items"] == []


def test_who_has_been_removed_or_blocked_makes_no_key(owner: Actor, add_user: Any, as_user: Any, do: Any) -> None:
    """The gateway may remember a token for a moment after that."""
    removed, blocked = (add_user(owner, login, "account.keys") for login in ("bartek7", "zuzanna"))
    actors = [as_user("bartek7"), as_user("zuzanna")]
    do(users.delete_user, owner, user_id=removed["id"])
    do(users.update_user, owner, user_id=blocked["id"], state="blocked")

    for actor in actors:
        with pytest.raises(Unauthenticated):
            new_key(do, actor, "account.keys")


def test_a_key_expires(owner: Actor, do: Any, principal_of: Any, clock: Any) -> None:
    made = new_key(do, owner, "sms.send", expires_at=clock.now + timedelta(hours=1))
    assert principal_of(made["key"])
    clock.advance(hours=1)

    with pytest.raises(Unauthenticated):
        principal_of(made["key"])
    with pytest.raises(Invalid):
        new_key(do, owner, "sms.send", expires_at=clock.now)


def test_a_key_that_would_expire_beyond_the_calendar_is_refused(owner: Actor, do: Any, database: Database) -> None:
    with pytest.raises(Invalid):
        new_key(do, owner, "sms.send", expires_at=datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=12))))
    with database.transaction() as session:
        assert api_keys.list_keys(session, owner, limit=10, cursor=None)["items"] == []


@pytest.mark.parametrize(
    ("limits", "wider"),
    [
        ({"ip_list": ["192.0.2.0/24"]}, {"ip_list": []}),
        ({"ip_list": ["192.0.2.0/24"]}, {"ip_list": ["192.0.2.7", "192.0.0.0/16"]}),
        ({"expires_at": timedelta(days=1)}, {"expires_at": None}),
        ({"expires_at": timedelta(days=1)}, {"expires_at": timedelta(days=2)}),
    ],
)
def test_a_key_makes_no_key_that_outlives_it_or_reaches_further(
    owner: Actor, do: Any, clock: Any, limits: dict[str, Any], wider: dict[str, Any]
) -> None:
    def dated(written: dict[str, Any]) -> dict[str, Any]:
        return {name: clock.now + value if isinstance(value, timedelta) else value for name, value in written.items()}

    maker = new_key(do, owner, "account.keys", **dated(limits))
    key = {**owner, "session_id": None, "api_key_id": str(maker["id"]), "permissions": ["account.keys"]}

    with pytest.raises(Forbidden) as refused:
        new_key(do, key, "account.keys", **dated({**limits, **wider}))
    assert refused.value.code == "api_key.beyond_its_maker"
    assert new_key(do, key, "account.keys", **dated(limits))["key"]


def test_last_uses_are_stored_together_and_never_go_back(owner: Actor, do: Any, database: Database, clock: Any) -> None:
    first, second = new_key(do, owner, "sms.send"), new_key(do, owner, "sms.send")
    later = clock.now + timedelta(minutes=5)

    for uses in ({first["id"]: later, second["id"]: clock.now}, {first["id"]: clock.now}):
        with database.transaction() as session:
            api_keys.record_uses(session, uses)

    with database.transaction() as session:
        listed = api_keys.list_keys(session, owner, limit=10, cursor=None)["items"]
    assert [item["last_used_at"] for item in listed] == [later, clock.now]


# --- The account and its trail


def test_the_vat_number_is_checked_and_then_fixed(owner: Actor, do: Any) -> None:
    with pytest.raises(Invalid):
        do(accounts.update, owner, company={"vat_number": "5260250275"})
    changed = do(accounts.update, owner, company={"vat_number": "526-025-02-74", "name": "Kuźnia"})
    assert changed["company"] == {"vat_number": "5260250274", "name": "Kuźnia"}
    with pytest.raises(Conflict):
        do(accounts.update, owner, company={"vat_number": "PL7740001454"})
    assert do(accounts.update, owner, company={"phone": "+48221234567"})["company"]["vat_number"] == "5260250274"


def test_an_account_starts_in_warsaw(owner: Actor, database: Database, do: Any) -> None:
    with database.transaction() as session:
        account = accounts.get(session, account_id=UUID(owner["account_id"]))

    assert (account["time_zone"], account["default_region"]) == ("Europe/Warsaw", "PL")
    with pytest.raises(Invalid):
        do(accounts.update, owner, time_zone="Mars/Olympus")


def test_the_trail_tells_who_did_what_newest_first(owner: Actor, do: Any, database: Database) -> None:
    made = new_key(do, owner, "sms.send")
    do(api_keys.revoke, owner, api_key_id=made["id"])

    with database.transaction() as session:
        rows = audit_trail.list_entries(session, owner, limit=100, cursor=None, action=None, since=None, until=None)[
            "items"
        ]

    assert [row["action"] for row in rows] == [
        "api_key.revoked",
        "api_key.created",
        "session.opened",
        "account.registered",
    ]
    assert rows[0]["address"] == "192.0.2.1"
    assert str(rows[0]["user_id"]) == owner["user_id"]
    with database.transaction() as session:
        assert "wk_" not in str(session.scalars(select(AuditEntry.details)).all())


def test_the_trail_is_filtered_by_time_however_far_away(owner: Actor, database: Database, clock: Any) -> None:
    def count(since: datetime | None, until: datetime | None) -> int:
        with database.transaction() as session:
            page = audit_trail.list_entries(
                session, owner, limit=100, cursor=None, action=None, since=since, until=until
            )
        return len(page["items"])

    assert count(datetime(872, 2, 18, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)) == 2
    assert count(datetime(9998, 1, 1, tzinfo=UTC), None) == 0
    assert count(None, datetime(1969, 1, 1, tzinfo=UTC)) == 0
