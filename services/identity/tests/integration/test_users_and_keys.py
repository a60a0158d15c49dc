from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated
from identity.domain.tokens import token_hash
from identity.hashing import Passwords
from identity.models import ApiKey, AuditEntry
from identity.usecases import accounts, api_keys, audit, users

Actor = dict[str, Any]


@pytest.fixture
def add_user(database: Database, passwords: Passwords, clock: Any) -> Callable[..., dict[str, Any]]:
    def add(actor: Actor, login: str, *permissions: str) -> dict[str, Any]:
        return users.create_user(
            database,
            passwords=passwords,
            actor=actor,
            now=clock.now,
            login=login,
            email=f"{login}@example.com",
            name="",
            password="trzy zielone parasole",
            permissions=permissions,
            roles=[],
        )

    return add


@pytest.fixture
def as_user(log_in: Callable[..., Any], principal_of: Callable[..., Any]) -> Callable[[str], Actor]:
    """The actor of a user who has just logged in, as the gateway would make it."""

    def log(login: str) -> Actor:
        known = principal_of(log_in(login)["access_token"])
        ids = {key: str(known[key]) for key in ("account_id", "user_id", "session_id")}
        return {**ids, "permissions": known["permissions"], "address": "192.0.2.1"}

    return log


# --- Users (A9)


def test_who_manages_users_and_holds_nothing_else_grants_what_it_does_not_hold(
    owner: Actor, add_user: Callable[..., Any], as_user: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    add_user(owner, "kadrowa", "users.manage")
    manager = as_user("kadrowa")
    assert manager["permissions"] == ["users.manage"]

    made = add_user(manager, "bartek7", "contacts")
    changed = act(users.set_rights, manager, user_id=made["id"], permissions=["sms", "reports.read"], roles=[])

    assert changed["permissions"] == ["reports.read", "sms"]
    assert as_user("bartek7")["permissions"] == ["reports.read", "sms"]


def test_nobody_raises_oneself(
    owner: Actor, add_user: Callable[..., Any], as_user: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    made = add_user(owner, "kadrowa", "users.manage")
    manager = as_user("kadrowa")

    for attempt in (
        lambda: act(users.set_rights, manager, user_id=made["id"], permissions=["sms"], roles=[]),
        lambda: act(users.update_user, manager, user_id=made["id"], state="blocked"),
        lambda: act(users.delete_user, manager, user_id=made["id"]),
    ):
        with pytest.raises(Forbidden) as refused:
            attempt()
        assert refused.value.code == "user.own_rights"


def test_the_owner_is_out_of_the_managers_reach(
    owner: Actor, add_user: Callable[..., Any], as_user: Callable[..., Actor], act: Callable[..., Any]
) -> None:
    add_user(owner, "kadrowa", "users.manage")
    manager, owner_id = as_user("kadrowa"), UUID(owner["user_id"])

    for attempt in (
        lambda: act(users.set_rights, manager, user_id=owner_id, permissions=[], roles=[]),
        lambda: act(users.update_user, manager, user_id=owner_id, name="X"),
        lambda: act(users.delete_user, manager, user_id=owner_id),
    ):
        with pytest.raises(Forbidden) as refused:
            attempt()
        assert refused.value.code == "user.owner_protected"


def test_users_are_not_managed_with_a_key(owner: Actor, add_user: Callable[..., Any], act: Callable[..., Any]) -> None:
    key = {**owner, "session_id": None, "api_key_id": owner["user_id"]}

    with pytest.raises(Forbidden) as refused:
        add_user(key, "bartek7", "contacts")
    assert refused.value.code == "session.required"


def test_a_blocked_or_removed_user_is_out_at_once(
    owner: Actor, add_user: Callable[..., Any], log_in: Callable[..., Any], act: Callable[..., Any], principal_of: Any
) -> None:
    made = add_user(owner, "bartek7", "contacts")
    token = log_in("bartek7")["access_token"]

    act(users.update_user, owner, user_id=made["id"], state="blocked")
    with pytest.raises(Unauthenticated):
        principal_of(token)
    with pytest.raises(Unauthenticated):
        log_in("bartek7")

    act(users.update_user, owner, user_id=made["id"], state="active")
    token = log_in("bartek7")["access_token"]
    act(users.delete_user, owner, user_id=made["id"])
    with pytest.raises(Unauthenticated):
        principal_of(token)


def test_another_account_sees_no_user_of_this_one(
    clock: Any,
    owner: Actor,
    register: Callable[..., Actor],
    log_in: Any,
    add_user: Any,
    act: Callable[..., Any],
    database: Database,
) -> None:
    made = add_user(owner, "bartek7", "contacts")
    stranger = {**register("murarz"), "session_id": str(log_in("murarz")["session_id"])}

    for attempt in (
        lambda: act(users.set_rights, stranger, user_id=made["id"], permissions=[], roles=[]),
        lambda: act(users.update_user, stranger, user_id=made["id"], name="X"),
        lambda: act(users.delete_user, stranger, user_id=made["id"]),
    ):
        with pytest.raises(NotFound):
            attempt()
    with pytest.raises(NotFound), database.transaction() as session:
        users.get_user(session, now=clock.now, actor=stranger, user_id=made["id"])
    with database.transaction() as session:
        assert len(users.list_users(session, now=clock.now, actor=stranger, limit=100, cursor=None)["items"]) == 1


def test_an_unknown_permission_or_role_is_named(owner: Actor, add_user: Any, act: Callable[..., Any]) -> None:
    with pytest.raises(Invalid) as refused:
        add_user(owner, "bartek7", "contacts.fly")
    assert refused.value.errors[0]["code"] == "permission.unknown"

    made = add_user(owner, "bartek7", "contacts")
    with pytest.raises(Invalid) as refused:
        act(users.set_rights, owner, user_id=made["id"], permissions=[], roles=[UUID(owner["user_id"])])
    assert refused.value.errors[0]["code"] == "role.unknown"


# --- API keys (A10)


def new_key(act: Callable[..., Any], actor: Actor, *scopes: str, **more: Any) -> dict[str, Any]:
    wanted = {"name": "Sklep", "scopes": scopes, "expires_at": None, "ip_list": [], **more}
    return act(api_keys.create, actor, **wanted)


def test_a_key_is_shown_once_and_kept_as_a_hash(
    clock: Any, owner: Actor, act: Callable[..., Any], database: Database, principal_of: Any
) -> None:
    made = new_key(act, owner, "sms.send", "contacts.read", ip_list=["192.0.2.7"])

    with database.transaction() as session:
        row = session.scalars(select(ApiKey)).one()
        listed = api_keys.list_api_keys(session, now=clock.now, actor=owner, limit=10, cursor=None)["items"]
    assert row.key_hash == token_hash(made["key"])
    assert made["key"].startswith("wk_")
    assert made["key"] not in str(listed)
    principal = principal_of(made["key"])
    assert principal["kind"] == "api_key"
    assert principal["permissions"] == ["contacts.read", "sms.send"]
    assert principal["key_ip_list"] == ["192.0.2.7/32"]


def test_a_key_never_holds_more_than_its_maker(
    owner: Actor, add_user: Any, as_user: Any, act: Callable[..., Any]
) -> None:
    add_user(owner, "bartek7", "contacts.read", "account.keys")

    with pytest.raises(Forbidden):
        new_key(act, as_user("bartek7"), "contacts")
    with pytest.raises(Invalid):
        new_key(act, owner, "users.manage")


def test_a_key_shrinks_and_dies_with_its_maker(
    owner: Actor, add_user: Any, as_user: Any, act: Callable[..., Any], principal_of: Any
) -> None:
    made = add_user(owner, "bartek7", "contacts", "account.keys")
    key = new_key(act, as_user("bartek7"), "contacts")["key"]

    act(users.set_rights, owner, user_id=made["id"], permissions=["contacts.read"], roles=[])
    assert principal_of(key)["permissions"] == ["contacts.read"]
    act(users.delete_user, owner, user_id=made["id"])
    with pytest.raises(Unauthenticated):
        principal_of(key)


def test_a_revoked_key_is_worth_nothing_and_everybody_is_told(
    clock: Any, owner: Actor, act: Callable[..., Any], principal_of: Any, database: Database
) -> None:
    made = new_key(act, owner, "sms.send")

    act(api_keys.revoke, owner, api_key_id=made["id"])

    with pytest.raises(Unauthenticated):
        principal_of(made["key"])
    with pytest.raises(NotFound):
        act(api_keys.revoke, owner, api_key_id=made["id"])
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM outbox WHERE routing_key = 'access_changed'")) == 1
        assert api_keys.list_api_keys(session, now=clock.now, actor=owner, limit=10, cursor=None)["items"] == []


def test_who_has_been_removed_or_blocked_makes_no_key(
    owner: Actor, add_user: Any, as_user: Any, act: Callable[..., Any]
) -> None:
    """The gateway may remember a token for a moment after that."""
    removed, blocked = (add_user(owner, login, "account.keys") for login in ("bartek7", "zuzanna"))
    actors = [as_user("bartek7"), as_user("zuzanna")]
    act(users.delete_user, owner, user_id=removed["id"])
    act(users.update_user, owner, user_id=blocked["id"], state="blocked")

    for actor in actors:
        with pytest.raises(Unauthenticated):
            new_key(act, actor, "account.keys")


def test_a_key_expires(owner: Actor, act: Callable[..., Any], principal_of: Any, clock: Any) -> None:
    made = new_key(act, owner, "sms.send", expires_at=clock.now + timedelta(hours=1))
    assert principal_of(made["key"])
    clock.advance(hours=1)

    with pytest.raises(Unauthenticated):
        principal_of(made["key"])
    with pytest.raises(Invalid):
        new_key(act, owner, "sms.send", expires_at=clock.now)


def test_a_key_that_would_expire_beyond_the_calendar_is_refused(
    clock: Any, owner: Actor, act: Callable[..., Any], database: Database
) -> None:
    with pytest.raises(Invalid):
        new_key(act, owner, "sms.send", expires_at=datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=12))))
    with database.transaction() as session:
        assert api_keys.list_api_keys(session, now=clock.now, actor=owner, limit=10, cursor=None)["items"] == []


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
    owner: Actor, act: Callable[..., Any], clock: Any, limits: dict[str, Any], wider: dict[str, Any]
) -> None:
    def dated(written: dict[str, Any]) -> dict[str, Any]:
        return {name: clock.now + value if isinstance(value, timedelta) else value for name, value in written.items()}

    maker = new_key(act, owner, "account.keys", **dated(limits))
    key = {**owner, "session_id": None, "api_key_id": str(maker["id"]), "permissions": ["account.keys"]}

    with pytest.raises(Forbidden) as refused:
        new_key(act, key, "account.keys", **dated({**limits, **wider}))
    assert refused.value.code == "api_key.beyond_its_maker"
    assert new_key(act, key, "account.keys", **dated(limits))["key"]


def test_last_uses_are_stored_together_and_never_go_back(
    owner: Actor, act: Callable[..., Any], database: Database, clock: Any
) -> None:
    first, second = new_key(act, owner, "sms.send"), new_key(act, owner, "sms.send")
    later = clock.now + timedelta(minutes=5)

    here, there = "192.0.2.7", "2001:db8::7"
    seen = {(first["id"], here): later, (second["id"], here): clock.now, (first["id"], there): clock.now}
    for uses in (seen, {(first["id"], here): clock.now, (uuid4(), here): later}):
        with database.transaction() as session:
            api_keys.record_uses(session, uses)

    with database.transaction() as session:
        listed = api_keys.list_api_keys(session, now=clock.now, actor=owner, limit=10, cursor=None)["items"]
    assert [item["last_used_at"] for item in listed] == [later, clock.now]
    uses = act(api_keys.list_uses, owner, api_key_id=first["id"])["items"]
    assert uses == [{"address": here, "last_at": later}, {"address": there, "last_at": clock.now}]


def test_of_a_key_that_is_used_from_everywhere_the_last_fifty_addresses_are_kept(
    owner: Actor, act: Callable[..., Any], database: Database, clock: Any
) -> None:
    key = new_key(act, owner, "sms.send")
    for first in (0, 40):
        seen = {(key["id"], f"2001:db8::{number}"): clock.advance(seconds=1) for number in range(first, first + 40)}
        with database.transaction() as session:
            api_keys.record_uses(session, seen)

    uses = act(api_keys.list_uses, owner, api_key_id=key["id"])["items"]
    with database.transaction() as session:
        kept = session.scalar(sql("SELECT count(*) FROM api_key_uses"))

    assert [use["address"] for use in uses] == [f"2001:db8::{number}" for number in range(79, 29, -1)]
    assert kept == 50


def test_a_rotated_key_works_on_for_its_overlap_and_the_new_one_is_like_it(
    owner: Actor, act: Callable[..., Any], principal_of: Callable[..., Any], clock: Any
) -> None:
    old = new_key(act, owner, "sms.send", ip_list=["192.0.2.0/24"])

    new = act(api_keys.rotate, owner, api_key_id=old["id"], overlap_minutes=60)

    same = ("name", "scopes", "ip_list", "expires_at", "created_by")
    assert {key: new[key] for key in same} == {key: old[key] for key in same}
    assert principal_of(old["key"])["permissions"] == principal_of(new["key"])["permissions"] == ["sms.send"]
    clock.advance(minutes=60)
    assert principal_of(new["key"])
    with pytest.raises(Unauthenticated):
        principal_of(old["key"])
    with pytest.raises(Conflict):
        act(api_keys.rotate, owner, api_key_id=old["id"], overlap_minutes=60)


def test_a_key_is_rotated_once_and_says_so_to_whoever_has_lost_the_answer(
    owner: Actor, act: Callable[..., Any], principal_of: Callable[..., Any], clock: Any
) -> None:
    """A second new key would take its expiry from the old one, which is the overlap's by now."""
    old = new_key(act, owner, "account.keys")
    new = act(api_keys.rotate, owner, api_key_id=old["id"], overlap_minutes=60)
    itself = {**owner, "session_id": None, "api_key_id": str(old["id"]), "permissions": ["account.keys"]}
    clock.advance(minutes=5)

    for asking in (owner, itself):
        with pytest.raises(Conflict) as refused:
            act(api_keys.rotate, asking, api_key_id=old["id"], overlap_minutes=60)
        assert refused.value.code == "api_key.rotated"
    assert len(act(api_keys.list_api_keys, owner, limit=10, cursor=None)["items"]) == 2
    assert act(api_keys.rotate, owner, api_key_id=new["id"], overlap_minutes=0)["expires_at"] is None
    clock.advance(minutes=55)
    with pytest.raises(Unauthenticated):
        principal_of(old["key"])


def test_rotating_prolongs_nothing_and_gives_no_rights(
    owner: Actor, add_user: Callable[..., Any], as_user: Callable[..., Actor], act: Callable[..., Any], clock: Any
) -> None:
    soon = clock.now + timedelta(minutes=5)
    key = new_key(act, owner, "sms.send", expires_at=soon)
    add_user(owner, "bartek7", "account.keys")
    other = as_user("bartek7")

    with pytest.raises(Forbidden) as refused:
        act(api_keys.rotate, other, api_key_id=key["id"], overlap_minutes=60)
    assert refused.value.code == "api_key.scopes_beyond_rights"
    assert act(api_keys.rotate, owner, api_key_id=key["id"], overlap_minutes=60)["expires_at"] == soon
    listed = act(api_keys.list_api_keys, owner, limit=10, cursor=None)["items"]
    assert [each["expires_at"] for each in listed] == [soon, soon]


def test_a_key_rotates_and_renames_itself_and_no_other(
    owner: Actor, act: Callable[..., Any], principal_of: Callable[..., Any]
) -> None:
    asking, other = new_key(act, owner, "account.keys"), new_key(act, owner, "account.keys")
    key = {**owner, "session_id": None, "api_key_id": str(asking["id"]), "permissions": ["account.keys"]}

    for refused in (
        lambda: act(api_keys.rotate, key, api_key_id=other["id"], overlap_minutes=0),
        lambda: act(api_keys.rename, key, api_key_id=other["id"], name="x"),
        lambda: act(api_keys.list_uses, key, api_key_id=other["id"]),
    ):
        with pytest.raises(Forbidden) as error:
            refused()
        assert error.value.code == "api_key.not_made_by_it"
    assert act(api_keys.rename, key, api_key_id=asking["id"], name="Sklep")["name"] == "Sklep"
    made = act(api_keys.rotate, key, api_key_id=asking["id"], overlap_minutes=0)
    assert (made["name"], made["created_by_key"]) == ("Sklep", asking["id"])
    assert principal_of(made["key"])
    with pytest.raises(Unauthenticated):
        principal_of(asking["key"])


def test_keys_of_a_user_who_goes_are_the_owners_on_demand_and_no_wider(
    owner: Actor,
    add_user: Callable[..., Any],
    as_user: Callable[..., Actor],
    act: Callable[..., Any],
    principal_of: Callable[..., Any],
) -> None:
    gone = add_user(owner, "bartek7", "account.keys", "contacts", "sms")
    maker = as_user("bartek7")
    narrowed, useless = new_key(act, maker, "contacts", "sms.send"), new_key(act, maker, "contacts")
    act(users.set_rights, owner, user_id=gone["id"], permissions=["account.keys", "sms"], roles=[])
    assert principal_of(narrowed["key"])["permissions"] == ["sms.send"]

    act(users.delete_user, owner, user_id=gone["id"], api_keys="transfer")

    kept = principal_of(narrowed["key"])
    assert (kept["permissions"], str(kept["user_id"])) == (["sms.send"], owner["user_id"])
    with pytest.raises(Unauthenticated):
        principal_of(useless["key"])


def test_whether_a_login_is_free_is_told_and_guessing_is_slowed(owner: Actor, act: Callable[..., Any]) -> None:
    stranger = {"address": "203.0.113.9"}

    def free(login: str) -> bool:
        return bool(act(users.check_login, stranger, login=login)["available"])

    assert [free("wolny7") for _ in range(100)] == [True] * 100
    told = 0
    with pytest.raises(TooManyRequests):
        while not free("kowal"):
            told += 1
    assert told == 41
    with pytest.raises(TooManyRequests):  # and learns nothing by asking for what is free
        free("wolny7")


# --- The account and its trail


def test_the_vat_number_is_checked_and_then_fixed(owner: Actor, act: Callable[..., Any]) -> None:
    with pytest.raises(Invalid):
        act(accounts.update, owner, company={"vat_number": "5260250275"})
    changed = act(accounts.update, owner, company={"vat_number": "526-025-02-74", "name": "Kuźnia"})
    assert changed["company"] == {"vat_number": "5260250274", "name": "Kuźnia"}
    with pytest.raises(Conflict):
        act(accounts.update, owner, company={"vat_number": "PL7740001454"})
    assert act(accounts.update, owner, company={"phone": "+48221234567"})["company"]["vat_number"] == "5260250274"


def test_an_account_starts_in_warsaw(clock: Any, owner: Actor, database: Database, act: Callable[..., Any]) -> None:
    with database.transaction() as session:
        account = accounts.get(session, actor=owner, now=clock.now)

    assert (account["time_zone"], account["default_region"]) == ("Europe/Warsaw", "PL")
    with pytest.raises(Invalid):
        act(accounts.update, owner, time_zone="Mars/Olympus")


def test_the_trail_tells_who_did_what_newest_first(
    clock: Any, owner: Actor, act: Callable[..., Any], database: Database
) -> None:
    made = new_key(act, owner, "sms.send")
    act(api_keys.revoke, owner, api_key_id=made["id"])

    with database.transaction() as session:
        rows = audit.list_audit_entries(
            session, now=clock.now, actor=owner, limit=100, cursor=None, action=None, since=None, until=None
        )["items"]

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
            page = audit.list_audit_entries(
                session, now=clock.now, actor=owner, limit=100, cursor=None, action=None, since=since, until=until
            )
        return len(page["items"])

    assert count(datetime(872, 2, 18, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)) == 2
    assert count(datetime(9998, 1, 1, tzinfo=UTC), None) == 0
    assert count(None, datetime(1969, 1, 1, tzinfo=UTC)) == 0
