"""Sessions: log-in, refresh, list and end (A2), and who a token belongs to."""

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
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import networks, tokens
from identity.domain.ids import id_or_none
from identity.hashing import Passwords
from identity.models import Session as LogIn
from identity.models import User
from identity.store import accounts, audit, second_factors, sessions, users
from identity.usecases import mail, throttles, views
from identity.usecases import second_factor_checks as second_factor
from identity.usecases.announcements import announce_access_changed


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
    counters, place, turn = throttles.log_in_counters(database, "user", login, actor, knows_code=knows_code)
    with passwords.queue(turn), throttles.attempt(database, counters, now):
        is_right = passwords.verify(user.password_hash if user else None, password, turn, is_queued=True)
        if user is None or not is_right or user.state != "active":
            raise exceptions.wrong_credentials()
        if passwords.is_outdated(user.password_hash):
            _rehash(database, user, passwords.hash(password))
        used = _Device(device, device_token, trust_device)
        with database.transaction() as session:
            outcome = _second_step(session, vault, actor, now, counters, user, used, totp, life)
            if not isinstance(outcome, WiciError):
                throttles.remember_place(session, "user", login, place, now)
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
    if not networks.allows(account.panel_ip_rules, actor.get("address") or ""):
        return exceptions.address_not_allowed()
    shown = _open(session, actor, now, user, device, life)
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


def issue_tokens(session: Session, opened: LogIn, now: datetime) -> views.View:
    """A new access token and a new refresh token of the session; only their hashes are kept."""
    access, refresh = tokens.new_token(tokens.ACCESS), tokens.new_token(tokens.REFRESH)
    access_expires_at = min(now + tokens.ACCESS_LIFE, opened.expires_at)
    for kind, token, expires_at in (
        ("access", access, access_expires_at),
        ("refresh", refresh, opened.expires_at),
    ):
        sessions.insert_token(
            session, session_id=opened.id, kind=kind, token_hash=tokens.token_hash(token), expires_at=expires_at
        )
    return {
        "session_id": opened.id,
        "access_token": access,
        "refresh_token": refresh,
        "expires_in": int((access_expires_at - now).total_seconds()),
        "device_token": None,
    }


def refresh(
    database: Database, *, actor: Actor, now: datetime, refresh_token: str, life: timedelta = tokens.SESSION_LIFE
) -> views.View:
    """Give new tokens for a refresh token, which works once; `life` after its log-in a session ends all the same.

    A refresh token that comes again was stolen, by the first to use it or by the second: the session ends.
    """
    with database.transaction() as session:
        outcome = _refresh(session, actor, now, tokens.token_hash(refresh_token), life)
    if isinstance(outcome, WiciError):
        raise outcome
    return outcome


def _refresh(
    session: Session, actor: Actor, now: datetime, token_hash: bytes, life: timedelta
) -> views.View | WiciError:
    opened = sessions.refreshable_for_update(session, token_hash=token_hash)
    token = sessions.refresh_token(session, token_hash=token_hash)
    if opened is None or token is None or token.expires_at <= now:
        return exceptions.session_invalid()
    if token.used_at is not None:
        _end(session, actor, now, opened, "session.refresh_reused")
        return exceptions.refresh_reused()
    if opened.user_id is not None and opened.account_id is not None:
        user = users.user(session, account_id=opened.account_id, user_id=opened.user_id)
        if user is None or user.state != "active":
            return exceptions.session_invalid()
        account = accounts.account(session, account_id=opened.account_id)
        if account is None or account.suspended_at is not None:
            return account_suspended()
        if not networks.allows(account.panel_ip_rules, actor.get("address") or ""):
            return exceptions.address_not_allowed()
        # A user's session lives on while it is used, to the end of its life; an operator's ends when it was to end.
        expires_at = tokens.session_expires_at(opened.created_at, now, life)
        if expires_at <= now:  # the setting was shortened
            return exceptions.session_invalid()
        opened.expires_at = expires_at
    token.used_at = now
    opened.last_used_at = now
    opened.address = actor.get("address") or opened.address
    sessions.drop_expired_tokens(session, session_id=opened.id, now=now)
    return issue_tokens(session, opened, now)


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


def _end(session: Session, actor: Actor, now: datetime, opened: LogIn, action: str) -> None:
    sessions.end_session(session, session_id=opened.id, user_id=opened.user_id, operator_id=opened.operator_id)
    audit.record(session, actor, now, action, account_id=opened.account_id, user_id=opened.user_id, target_id=opened.id)
    announce_access_changed(
        session, account_id=opened.account_id, user_id=opened.user_id, operator_id=opened.operator_id
    )


def authenticate(
    session: Session, *, actor: Actor, now: datetime, token: str, note_use: Callable[[UUID, datetime], None]
) -> views.View:
    """The principal whom the token or key with this hash belongs to, and what it may do now.

    :param note_use: called with the key's id and the time where it is a key.
    :raises Unauthenticated: `session.invalid`. :raises Forbidden: `account.suspended`.
    """
    row = sessions.principal(session, token_hash=bytes.fromhex(token), now=now)
    if row is None:
        raise exceptions.session_invalid()
    if row["is_suspended"]:
        raise account_suspended()
    if row["api_key_id"]:
        note_use(row["api_key_id"], now)
    return {"principal": views.principal(row)}


def _holder(actor: Actor) -> tuple[UUID | None, UUID | None]:
    """The user or the operator whose sessions they are."""
    if not actor.get("session_id"):
        raise exceptions.session_required()
    return id_or_none(actor.get("user_id")), id_or_none(actor.get("operator_id"))
