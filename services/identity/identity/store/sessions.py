"""Sessions, their tokens, and who a token belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, delete, select, text, update
from sqlalchemy.orm import Session

from identity.models import Session as LogIn
from identity.models import SessionToken

# Each half finds at most one row by a unique index on the hash; the rest are joins by primary key. A user's permissions
# are the user's own and those of the roles; a user who must have a second factor and has none may do nothing but set
# one up.
_PRINCIPAL = text("""
SELECT s.account_id, s.user_id, s.id AS session_id, NULL::uuid AS api_key_id, s.operator_id, t.expires_at,
       u.permissions || ARRAY(SELECT unnest(r.permissions) FROM user_roles ur JOIN roles r ON r.id = ur.role_id
                              WHERE ur.user_id = u.id) AS permissions,
       NULL::varchar[] AS scopes, '{}'::varchar[] AS key_ip_list, a.panel_ip_rules, a.api_ip_rules,
       coalesce(a.second_factor_required AND u.totp_confirmed_at IS NULL, false) AS lacks_second_factor,
       a.suspended_at IS NOT NULL AS is_suspended
FROM session_tokens t
JOIN sessions s ON s.id = t.session_id
LEFT JOIN users u ON u.id = s.user_id
LEFT JOIN accounts a ON a.id = s.account_id
LEFT JOIN operators o ON o.id = s.operator_id
WHERE t.token_hash = :token_hash AND t.kind = 'access' AND t.expires_at > :now
  AND ((u.state = 'active' AND a.state <> 'closed') OR (o.id IS NOT NULL AND o.disabled_at IS NULL))
UNION ALL
SELECT k.account_id, k.user_id, NULL, k.id, NULL, k.expires_at,
       u.permissions || ARRAY(SELECT unnest(r.permissions) FROM user_roles ur JOIN roles r ON r.id = ur.role_id
                              WHERE ur.user_id = u.id),
       k.scopes, k.ip_list, a.panel_ip_rules, a.api_ip_rules, false, a.suspended_at IS NOT NULL
FROM api_keys k
JOIN users u ON u.id = k.user_id
JOIN accounts a ON a.id = k.account_id
WHERE k.key_hash = :token_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > :now)
  AND u.state = 'active' AND a.state <> 'closed'
""")


def principal(session: Session, *, token_hash: bytes, now: datetime) -> RowMapping | None:
    """Who the token or key belongs to, or None when it is unknown, expired, revoked, or its holder is."""
    return session.execute(_PRINCIPAL, {"token_hash": token_hash, "now": now}).mappings().first()


def insert_session(session: Session, **columns: Any) -> LogIn:
    opened = LogIn(**columns)
    session.add(opened)
    session.flush()
    return opened


def insert_token(session: Session, *, session_id: UUID, kind: str, token_hash: bytes, expires_at: datetime) -> None:
    session.add(SessionToken(session_id=session_id, kind=kind, token_hash=token_hash, expires_at=expires_at))


def refreshable_for_update(session: Session, *, token_hash: bytes) -> LogIn | None:
    """The session of a refresh token, locked: before the token is read, as ending a session locks it before its tokens.

    Refreshing a session waits here for another refresh of it, and for its end.
    """
    query = select(LogIn).join(SessionToken, SessionToken.session_id == LogIn.id)
    return session.scalar(query.where(*_is_refresh_token(token_hash)).with_for_update(of=LogIn))


def refresh_token(session: Session, *, token_hash: bytes) -> SessionToken | None:
    return session.scalar(select(SessionToken).where(*_is_refresh_token(token_hash)))


def _is_refresh_token(token_hash: bytes) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SessionToken.token_hash == token_hash, SessionToken.kind == "refresh"


def drop_expired_tokens(session: Session, *, session_id: UUID, now: datetime) -> None:
    session.execute(delete(SessionToken).where(SessionToken.session_id == session_id, SessionToken.expires_at <= now))


def drop_answers(session: Session, *, session_id: UUID, used_before: datetime) -> None:
    """Forget the answers of refresh tokens that were used before then: nobody gets them again."""
    session.execute(
        update(SessionToken)
        .where(
            SessionToken.session_id == session_id,
            SessionToken.answer.is_not(None),
            SessionToken.used_at < used_before,
        )
        .values(answer=None)
    )


def proved_at(session: Session, *, session_id: UUID) -> datetime | None:
    """When somebody last showed the password or a code in the session; None when it has ended."""
    return session.scalar(select(LogIn.proved_at).where(LogIn.id == session_id))


def prove(session: Session, *, session_id: UUID, now: datetime) -> None:
    session.execute(update(LogIn).where(LogIn.id == session_id).values(proved_at=now))


def sessions_page(
    session: Session, *, user_id: UUID | None, operator_id: UUID | None, after: UUID | None, limit: int, now: datetime
) -> Sequence[LogIn]:
    query = select(LogIn).where(_held_by(user_id, operator_id), LogIn.expires_at > now)
    if after is not None:
        query = query.where(LogIn.id > after)
    return session.scalars(query.order_by(LogIn.id).limit(limit)).all()


def end_session(session: Session, *, session_id: UUID, user_id: UUID | None, operator_id: UUID | None) -> bool:
    """False when the holder has no such session."""
    statement = delete(LogIn).where(LogIn.id == session_id, _held_by(user_id, operator_id)).returning(LogIn.id)
    return session.scalar(statement) is not None


def end_sessions_of(session: Session, *, user_id: UUID, except_id: UUID | None = None) -> None:
    statement = delete(LogIn).where(LogIn.user_id == user_id)
    session.execute(statement if except_id is None else statement.where(LogIn.id != except_id))


def end_operator_sessions(session: Session, *, operator_id: UUID) -> None:
    session.execute(delete(LogIn).where(LogIn.operator_id == operator_id))


def _held_by(user_id: UUID | None, operator_id: UUID | None) -> ColumnElement[bool]:
    return LogIn.user_id == user_id if user_id is not None else LogIn.operator_id == operator_id
