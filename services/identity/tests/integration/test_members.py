"""What an account does for its users: invitations, resets, sessions (A9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated, WiciError
from identity.hashing import Passwords
from identity.usecases import closing, links, members, second_factor, sessions, users

Actor = dict[str, Any]
PASSWORD, NEW = "trzy zielone parasole", "cztery fioletowe kalosze"
PANEL = "https://panel.example"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def add(database: Database, passwords: Passwords, clock: Any, owner: Actor) -> Callable[..., dict[str, Any]]:
    """`add("bartek7")`: a user of the owner's account; without a password one who is invited."""

    def make(login: str = "bartek7", *permissions: str, **changes: Any) -> dict[str, Any]:
        wanted: Any = {"login": login, "email": f"{login}@example.com", "name": "", "password": None, **changes}
        return users.create_user(
            database, passwords=passwords, actor=owner, now=clock.now, panel_url=PANEL,
            permissions=permissions, roles=[], **wanted,
        )  # fmt: skip

    return make


@pytest.fixture
def confirm_address(database: Database, clock: Any) -> Callable[[UUID], None]:
    def confirm(user_id: UUID) -> None:
        with database.transaction() as session:
            confirmed = "UPDATE users SET email_confirmed_at = :now WHERE id = :id"
            session.execute(sql(confirmed), {"now": clock.now, "id": user_id})

    return confirm


@pytest.fixture
def accept(database: Database, passwords: Passwords, clock: Any) -> Callable[..., None]:
    return lambda token, password=NEW: links.accept_invitation(
        database, passwords=passwords, actor={}, now=clock.now, token=token, password=password
    )


def token_of(mail: dict[str, Any]) -> str:
    return str(mail["fields"]["url"].rpartition("/")[2])


def code_of(attempt: Callable[[], Any]) -> str:
    with pytest.raises(WiciError) as refused:
        attempt()
    return refused.value.code


# --- Invitations


def test_an_invited_user_sets_the_first_password_by_a_link_that_works_once(
    add: Any, accept: Any, act: Any, owner: Actor, mails: Any, log_in: Any, database: Database
) -> None:
    made = add("bartek7", "contacts")
    assert made["state"] == "invited"
    [mail] = [each for each in mails() if each["template"] == "invitation"]
    assert mail["to"] == "bartek7@example.com"
    assert mail["fields"] == {"url": f"{PANEL}/invitation/{token_of(mail)}", "hours_valid": 168}
    assert code_of(lambda: log_in("bartek7", PASSWORD)) == "session.wrong_credentials"
    assert act(links.look_at_invitation, {}, token=token_of(mail))["login"] == "bartek7"
    with pytest.raises(Invalid):
        accept(token_of(mail), "short")

    accept(token_of(mail))

    assert log_in("bartek7", NEW)["me"]["email_confirmed"]
    assert act(users.get_user, owner, user_id=made["id"])["state"] == "active"
    for again in (lambda: accept(token_of(mail)), lambda: act(links.look_at_invitation, {}, token=token_of(mail))):
        assert code_of(again) == "invitation.not_found"
    assert mails()[-1]["fields"]["act"] == "Użytkownik bartek7 przyjął zaproszenie"
    assert mails()[-1]["to"] == "kowal@example.com"


def test_an_invitation_lasts_seven_days_and_is_mailed_again_on_demand(
    add: Any, accept: Any, act: Any, owner: Actor, mails: Any, log_in: Any, clock: Any
) -> None:
    made = add()
    [first] = [each for each in mails() if each["template"] == "invitation"]
    clock.advance(days=7)
    assert code_of(lambda: accept(token_of(first))) == "invitation.not_found"

    act(members.invite_again, owner, panel_url=PANEL, user_id=made["id"])
    accept(token_of(mails()[-1]))

    assert log_in("bartek7", NEW)
    with pytest.raises(Conflict) as refused:
        act(members.invite_again, owner, panel_url=PANEL, user_id=made["id"])
    assert refused.value.code == "user.not_invited"


def test_a_mailbox_gets_few_invitations_and_one_too_many_adds_nobody(add: Any, act: Any, owner: Actor) -> None:
    for number in range(5):
        add(f"bartek{number}", email=f"ofiara+{number}@example.com")

    with pytest.raises(TooManyRequests):
        add("bartek9", email="ofiara@example.com")

    logins = [each["login"] for each in act(users.list_users, owner, limit=100, cursor=None)["items"]]
    assert "bartek9" not in logins and len(logins) == 6


def test_an_invitation_sets_no_other_password_and_a_reset_link_is_no_invitation(
    add: Any, database: Database, passwords: Passwords, mails: Any, clock: Any
) -> None:
    add()
    token = token_of(next(each for each in mails() if each["template"] == "invitation"))

    with pytest.raises(NotFound):
        links.reset_password(database, passwords=passwords, actor={}, now=clock.now, token=token, password=NEW)


# --- Resets


def test_a_reset_makes_the_password_worthless_and_only_the_user_learns_the_new_one(
    add: Any,
    owner: Actor,
    mails: Any,
    log_in: Any,
    principal_of: Any,
    database: Database,
    passwords: Passwords,
    clock: Any,
) -> None:
    made = add(password=PASSWORD)
    token = log_in("bartek7")["access_token"]

    members.reset_password(
        database, passwords=passwords, actor=owner, now=clock.now, panel_url=PANEL, user_id=made["id"]
    )

    with pytest.raises(Unauthenticated):
        principal_of(token)
    assert code_of(lambda: log_in("bartek7")) == "session.wrong_credentials"
    [link] = [each for each in mails() if each["template"] == "password_reset"]
    assert link["to"] == "bartek7@example.com"
    assert any("bartek7" in each["fields"].get("act", "") for each in mails() if each["to"] == "kowal@example.com")
    links.reset_password(database, passwords=passwords, actor={}, now=clock.now, token=token_of(link), password=NEW)
    assert log_in("bartek7", NEW)


@pytest.mark.parametrize("stop", ["reset", "block"])
def test_a_link_that_changes_the_address_ends_with_a_reset_and_a_block(
    stop: str, add: Any, act: Any, owner: Actor, mails: Any, log_in: Any, database: Database, passwords: Passwords,
    clock: Any,
) -> None:  # fmt: skip
    """A thief of the password would else get the mail with the next reset."""
    made = add(password=PASSWORD)
    thief = {"account_id": owner["account_id"], "user_id": str(made["id"])}
    thief = {**thief, "session_id": str(log_in("bartek7")["session_id"])}
    links.request_email_change(
        database, passwords=passwords, panel_url=PANEL, actor=thief, now=clock.now,
        email="zlodziej@example.org", password=PASSWORD,
    )  # fmt: skip
    [change] = [each for each in mails() if each["template"] == "email_change"]

    if stop == "block":
        act(users.update_user, owner, user_id=made["id"], state="blocked")
    else:
        members.reset_password(
            database, passwords=passwords, actor=owner, now=clock.now, panel_url=PANEL, user_id=made["id"]
        )

    assert code_of(lambda: act(links.confirm_email_change, {}, token=token_of(change))) == "email_change.not_found"
    assert act(users.get_user, owner, user_id=made["id"])["email"] == "bartek7@example.com"


def test_a_lost_second_factor_is_turned_off_by_who_manages_users(
    add: Any, owner: Actor, act: Any, log_in: Any, vault: Any, clock: Any, mails: Any, confirm_address: Any
) -> None:
    made = add(password=PASSWORD)
    confirm_address(made["id"])
    own = {"account_id": owner["account_id"], "user_id": str(made["id"])}
    own = {**own, "session_id": str(log_in("bartek7")["session_id"])}
    app = pyotp.TOTP(act(second_factor.begin, own, vault=vault)["secret"])
    act(second_factor.confirm, own, vault=vault, code=app.at(clock.now))
    assert code_of(lambda: log_in("bartek7")) == "session.totp_required"

    act(members.reset_second_factor, owner, user_id=made["id"])

    assert log_in("bartek7")["me"]["second_factor"] is False
    assert [(mail["template"], mail["to"], mail["fields"].get("act")) for mail in mails()[-2:]] == [
        ("second_factor_reset", "bartek7@example.com", None),
        ("account_act", "kowal@example.com", "Wyłączono drugi składnik użytkownika bartek7, który go stracił"),
    ]


def test_nobody_resets_the_owner_oneself_or_a_stranger(
    add: Any, owner: Actor, act: Any, log_in: Any, register: Any, database: Database, passwords: Passwords, clock: Any
) -> None:
    manager = add("kadrowa", "users.manage", password=PASSWORD)
    asks = {"account_id": owner["account_id"], "user_id": str(manager["id"])}
    asks = {**asks, "session_id": str(log_in("kadrowa")["session_id"])}
    stranger = UUID(register("murarz")["user_id"])
    resets = [
        partial(act, members.reset_second_factor, asks),
        partial(act, members.end_sessions, asks),
        lambda user_id: members.reset_password(
            database, passwords=passwords, actor=asks, now=clock.now, panel_url=PANEL, user_id=user_id
        ),
    ]

    for reset in resets:
        refused = [code_of(lambda who=who, reset=reset: reset(user_id=who)) for who in
                   (UUID(owner["user_id"]), UUID(asks["user_id"]), stranger, uuid4())]  # fmt: skip
        assert refused == ["user.owner_protected", "user.own_rights", "user.not_found", "user.not_found"]
    assert log_in("kowal") and log_in("kadrowa") and log_in("murarz")


def test_resets_take_a_fresh_log_in(add: Any, owner: Actor, act: Any, clock: Any) -> None:
    made = add(password=PASSWORD)
    clock.advance(minutes=10)

    with pytest.raises(Forbidden) as refused:
        act(members.reset_second_factor, owner, user_id=made["id"])
    assert refused.value.code == "session.proof_required"


# --- Sessions


def test_a_users_sessions_are_seen_and_ended(add: Any, owner: Actor, act: Any, log_in: Any, principal_of: Any) -> None:
    made = add(password=PASSWORD)
    first, second, third = (log_in("bartek7", device=name) for name in ("Firefox", "Telefon", "Tablet"))
    listed = partial(
        act, members.list_sessions, owner, user_id=made["id"], limit=10, cursor=None, life=timedelta(days=30)
    )
    assert [item["device"] for item in listed()["items"]] == ["Firefox", "Telefon", "Tablet"]

    act(members.end_session, owner, user_id=made["id"], session_id=first["session_id"])
    with pytest.raises(NotFound):  # another's session is not this user's
        act(members.end_session, owner, user_id=made["id"], session_id=UUID(owner["session_id"]))
    assert len(listed()["items"]) == 2
    act(members.end_sessions, owner, user_id=made["id"])

    assert listed()["items"] == []
    for opened in (first, second, third):
        with pytest.raises(Unauthenticated):
            principal_of(opened["access_token"])
    assert act(sessions.list_sessions, owner, limit=10, cursor=None)["items"]


def test_looking_at_sessions_waits_for_nobody(
    add: Any, owner: Actor, act: Any, log_in: Any, database: Database
) -> None:
    made = add(password=PASSWORD)
    log_in("bartek7")
    with database.transaction() as session:
        session.execute(sql("SELECT 1 FROM users WHERE id = :id FOR UPDATE"), {"id": made["id"]})
        with database.transaction() as other:
            other.execute(sql("SET LOCAL lock_timeout = '1s'"))
            listed = members.list_sessions(
                other, actor=owner, now=NOON, user_id=made["id"], limit=10, cursor=None, life=timedelta(days=30)
            )

    assert len(listed["items"]) == 1


# --- Recovery codes, and a closing that is withdrawn


def test_new_recovery_codes_take_a_code_and_end_the_old_ones(
    owner: Actor, act: Any, vault: Any, database: Database, log_in: Any, clock: Any, mails: Any
) -> None:
    app = pyotp.TOTP(act(second_factor.begin, owner, vault=vault)["secret"])
    old = act(second_factor.confirm, owner, vault=vault, code=app.at(clock.now))["recovery_codes"]
    clock.advance(seconds=90)
    renew = partial(second_factor.renew_codes, database, actor=owner, vault=vault)

    assert code_of(lambda: renew(now=clock.now, code="000000")) == "request.invalid"
    new = renew(now=clock.now, code=app.at(clock.now))["recovery_codes"]

    assert len(set(new)) == 10 and not set(new) & set(old)
    assert code_of(lambda: log_in("kowal", totp=old[0])) == "session.totp_wrong"
    assert log_in("kowal", totp=new[0])
    assert mails()[-1]["fields"].get("act") == "Użytkownik kowal ma nowe kody zapasowe"


def test_the_owner_alone_withdraws_a_closing(
    owner: Actor, add: Any, act: Any, log_in: Any, database: Database, passwords: Passwords, clock: Any, mails: Any
) -> None:
    assert code_of(lambda: act(closing.withdraw, owner)) == "account.not_closing"
    closing.request(database, passwords=passwords, actor=owner, now=clock.now, password=PASSWORD)
    other = add("kadrowa", "account", password=PASSWORD)
    asks = {**owner, "user_id": str(other["id"]), "session_id": str(log_in("kadrowa")["session_id"])}
    assert code_of(lambda: act(closing.withdraw, asks)) == "user.owner_protected"

    assert act(closing.withdraw, owner)["state"] == "active"

    assert mails()[-1]["fields"]["act"] == "Wycofano prośbę o zamknięcie konta"
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM accounts WHERE closure_requested_at IS NOT NULL")) == 0
