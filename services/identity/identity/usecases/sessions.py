"""Sessions: log-in, list and end (A2), and who a token belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis import pages
from chassis.database import Database, Session
from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.errors import WiciError, account_suspended
from contracts.networks import allows
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import networks, tokens
from identity.domain.ids import id_or_none
from identity.hashing import Passwords
from identity.models import User
from identity.store import accounts, audit, second_factors, sessions, users
from identity.usecases import mail, me, throttles, views
from identity.usecases import second_factor_checks as second_factor
from identity.usecases.announcements import announce_access_changed
from identity.usecases.session_tokens import issue_tokens


@dataclass(frozen=True)
class _Device:
    """What a log-in says of its device: a name, the token of an earlier trust, and whether to trust it from now on."""

    name: str | None
    token: str | None
    is_to_be_trusted: bool


def log_in(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    passwords: Passwords,
    vault: Vault,
    login: str,
    password: str,
    totp: str | None,
    device: str | None,
    device_token: str | None,
    trust_device: bool,
    life: timedelta = tokens.SESSION_LIFE,
) -> views.View:
    """Open a session. The attempt is counted first, and the work is the same whether or not the login exists.

    :raises Forbidden: right, and all the same refused: `account.suspended`, `address.not_allowed`.
    """
    login = login.strip().casefold()
    with database.reading() as session:
        user = users.user_by_login(session, login=login)
    knows_code = (
        user is not None
        and second_factor.is_on(user)
        and second_factor.would_accept(vault, user.totp_secret, user.totp_last_step, totp, now)
    )
    counters, turn = throttles.log_in_counters(database, "user", login, actor, knows_code=knows_code)
    with passwords.queue(turn), throttles.attempt(database, counters, now):
        is_right = passwords.verify(user.password_hash if user else None, password, turn, is_queued=True)
        if user is None or not is_right or user.state != "active":
            raise exceptions.wrong_credentials()
        if passwords.is_outdated(user.password_hash):
            _rehash(database, user, passwords.hash(password, turn, is_queued=True))
        used = _Device(device, device_token, trust_device)
        with database.transaction() as session:
            outcome = _second_step(session, vault, actor, now, counters, user, used, totp, life)
            if not isinstance(outcome, WiciError):
                throttles.remember_place(session, "user", login, actor, now)
    if isinstance(outcome, WiciError):
        raise outcome
    return outcome


def _second_step(
    session: Session,
    vault: Vault,
    actor: Actor,
    now: datetime,
    counters: throttles.AttemptCounters,
    user: User,
    device: _Device,
    totp: str | None,
    life: timedelta,
) -> views.View | WiciError:
    """The session's tokens, or the error to raise once what was counted is committed."""
    account = accounts.account(session, account_id=user.account_id)
    if account is None or account.state == "closed":
        return exceptions.wrong_credentials()
    is_trusted = second_factor.device_is_trusted(session, user, account, device.token, now)
    needs_code = second_factor.is_on(user) and not is_trusted
    if needs_code:
        if not totp:
            throttles.give_back(session, counters, now)
            return exceptions.totp_required()
        throttles.lock(session, counters, now)
        if not second_factor.accepts(session, vault, user, totp, now):
            return exceptions.totp_wrong()
    throttles.succeed(session, counters, now)
    if users.as_checked(session, user) is None:
        return exceptions.wrong_credentials()
    if account.suspended_at is not None:  # told to nobody but who has shown everything that a log-in takes
        return account_suspended()
    if not allows(account.panel_ip_rules, actor.get("address") or ""):
        return exceptions.address_not_allowed()
    shown = _open(session, actor, now, user, device, life)
    asks: Actor = {**actor, "account_id": str(user.account_id), "user_id": str(user.id)}
    shown["me"] = me.get_me(session, actor=asks, now=now)
    if needs_code and device.is_to_be_trusted:
        # By a code alone: a device that prolonged its own trust would never be asked for one again.
        shown["device_token"] = second_factor.trust(session, user, account, device.name, now)
    return shown


def _open(session: Session, actor: Actor, now: datetime, user: User, device: _Device, life: timedelta) -> views.View:
    opened = sessions.insert_session(
        session,
        id=new_id(),
        account_id=user.account_id,
        user_id=user.id,
        device=device.name,
        address=actor.get("address"),
        created_at=now,
        last_used_at=now,
        proved_at=now,
        expires_at=tokens.session_expires_at(now, now, life),
    )
    _notice_new_device(session, actor, now, user, device.name)
    audit.record(
        session, actor, now, "session.opened", account_id=user.account_id, user_id=user.id, target_id=opened.id
    )
    return issue_tokens(session, opened, now)


def _notice_new_device(session: Session, actor: Actor, now: datetime, user: User, device: str | None) -> None:
    """Tell the user by mail of a log-in from a device and network that are new."""
    address = actor.get("address") or ""
    place = f"{device or ''}\n{networks.network_of(address, ipv4_bits=24)}"
    if second_factors.is_new_device(session, user_id=user.id, device_hash=tokens.token_hash(place), now=now):
        mail.ask_for(session, user, "new_device", device=device or "", address=address)


def _rehash(database: Database, user: User, password_hash: str) -> None:
    """Store the hash made with today's parameters, unless the password has changed meanwhile."""
    with database.transaction() as session:
        current = users.user_for_update(session, account_id=user.account_id, user_id=user.id)
        if current is not None and current.password_hash == user.password_hash:
            current.password_hash = password_hash
            user.password_hash = password_hash


def list_sessions(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    life: timedelta = tokens.SESSION_LIFE,
) -> views.View:
    """The actor's own sessions, the current one marked."""
    user_id, operator_id = _holder(actor)
    rows = sessions.sessions_page(
        session, user_id=user_id, operator_id=operator_id, after=pages.position(cursor), limit=limit + 1, now=now
    )
    current = id_or_none(actor.get("session_id"))
    return pages.page(rows, limit, lambda row: views.session(row, current, life))


def end(session: Session, *, actor: Actor, now: datetime, session_id: str) -> None:
    """End one of the actor's own sessions; `current` is the one that asks."""
    user_id, operator_id = _holder(actor)
    written = (actor.get("session_id") or "") if session_id == "current" else session_id
    try:
        wanted_id = UUID(written)
    except ValueError:
        raise exceptions.not_found("session") from None
    if not sessions.end_session(session, session_id=wanted_id, user_id=user_id, operator_id=operator_id):
        raise exceptions.not_found("session")
    account_id = id_or_none(actor.get("account_id"))
    audit.record(session, actor, now, "session.ended", account_id=account_id, target_id=wanted_id)
    announce_access_changed(session, account_id=account_id, user_id=user_id, operator_id=operator_id)


def authenticate(
    session: Session, *, actor: Actor, now: datetime, token: str, note_use: Callable[[UUID, str, datetime], None]
) -> views.View:
    """The principal whom the token or key with this hash belongs to, and what it may do now.

    :param note_use: called with the key's id, the address that it comes from and the time, where it is a key.
    :raises Unauthenticated: `session.invalid`. :raises Forbidden: `account.suspended`.
    """
    row = sessions.principal(session, token_hash=bytes.fromhex(token), now=now)
    if row is None:
        raise exceptions.session_invalid()
    if row["is_suspended"]:
        raise account_suspended()
    if row["api_key_id"]:
        note_use(row["api_key_id"], actor.get("address") or "", now)
    return {"principal": views.principal(row)}


def _holder(actor: Actor) -> tuple[UUID | None, UUID | None]:
    """The user or the operator whose sessions they are."""
    if not actor.get("session_id"):
        raise exceptions.session_required()
    return id_or_none(actor.get("user_id")), id_or_none(actor.get("operator_id"))
