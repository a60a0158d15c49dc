"""The tokens of a session: issued in pairs, and refreshed (A2)."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from chassis.database import Database, Session
from chassis.secrets import Vault, derived
from contracts.errors import WiciError, account_suspended
from contracts.networks import allows
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import tokens
from identity.models import Session as LogIn
from identity.models import SessionToken
from identity.store import accounts, audit, sessions, users
from identity.usecases import views
from identity.usecases.announcements import announce_access_changed


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

    Two tabs that share it ask at once, and an answer is lost on its way: for `tokens.REPEAT_GRACE` the same token gets
    the same answer. One that comes later was stolen, by the first to use it or by the second: the session ends.
    """
    with database.transaction() as session:
        outcome = _refresh(session, actor, now, refresh_token, life)
    if isinstance(outcome, WiciError):
        raise outcome
    return outcome


def _refresh(
    session: Session, actor: Actor, now: datetime, refresh_token: str, life: timedelta
) -> views.View | WiciError:
    token_hash = tokens.token_hash(refresh_token)
    opened = sessions.refreshable_for_update(session, token_hash=token_hash)
    token = sessions.refresh_token(session, token_hash=token_hash)
    if opened is None or token is None or token.expires_at <= now:
        return exceptions.session_invalid()
    if token.used_at is not None and (token.answer is None or now - token.used_at > tokens.REPEAT_GRACE):
        _end(session, actor, now, opened)
        return exceptions.refresh_reused()
    expires_at = _expires_at(session, actor, now, opened, life)
    if isinstance(expires_at, WiciError):
        return expires_at
    if token.used_at is not None:
        return _answer_again(opened, token, refresh_token, now)
    opened.expires_at = expires_at
    opened.last_used_at = now
    opened.address = actor.get("address") or opened.address
    sessions.drop_expired_tokens(session, session_id=opened.id, now=now)
    sessions.drop_answers(session, session_id=opened.id, used_before=now - tokens.REPEAT_GRACE)
    answer = issue_tokens(session, opened, now)
    token.used_at = now
    token.answer = _sealed(refresh_token, answer)
    return answer


def _expires_at(session: Session, actor: Actor, now: datetime, opened: LogIn, life: timedelta) -> datetime | WiciError:
    """When the session ends that is refreshed now; the error where it may not be.

    A user's lives on while it is used, to the end of its life; an operator's ends when it was to end.
    """
    if opened.user_id is None or opened.account_id is None:
        return opened.expires_at
    user = users.user(session, account_id=opened.account_id, user_id=opened.user_id)
    if user is None or user.state != "active":
        return exceptions.session_invalid()
    account = accounts.account(session, account_id=opened.account_id)
    if account is None or account.suspended_at is not None:
        return account_suspended()
    if not allows(account.panel_ip_rules, actor.get("address") or ""):
        return exceptions.address_not_allowed()
    expires_at = tokens.session_expires_at(opened.created_at, now, life)
    if expires_at <= now:  # the setting was shortened
        return exceptions.session_invalid()
    return expires_at


def _sealed(refresh_token: str, answer: views.View) -> bytes:
    """The new tokens, to be opened by nothing but the token that they were given for, of which only a hash is kept."""
    given = {key: answer[key] for key in ("access_token", "refresh_token", "expires_in")}
    return _vault_of(refresh_token).encrypt(json.dumps(given).encode())


def _answer_again(opened: LogIn, token: SessionToken, refresh_token: str, now: datetime) -> views.View:
    assert token.answer is not None and token.used_at is not None
    given = json.loads(_vault_of(refresh_token).decrypt(token.answer))
    passed = max(0, int((now - token.used_at).total_seconds()))
    return {
        **given,
        "session_id": opened.id,
        "expires_in": max(0, given["expires_in"] - passed),
        "device_token": None,
    }


def _vault_of(refresh_token: str) -> Vault:
    [key] = derived({"r": refresh_token.encode()}, b"repeated refresh")
    return Vault(f"r:{b64encode(key).decode()}")


def _end(session: Session, actor: Actor, now: datetime, opened: LogIn) -> None:
    sessions.end_session(session, session_id=opened.id, user_id=opened.user_id, operator_id=opened.operator_id)
    named: dict[str, Any] = {"account_id": opened.account_id, "user_id": opened.user_id, "target_id": opened.id}
    audit.record(session, actor, now, "session.refresh_reused", **named)
    announce_access_changed(
        session, account_id=opened.account_id, user_id=opened.user_id, operator_id=opened.operator_id
    )
