"""API keys (A10): scoped, expiring, bound to addresses, shown once, revoked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.errors import Invalid
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import networks, rights, tokens
from identity.domain.ids import id_or_none
from identity.store import api_keys as store
from identity.store import audit, users
from identity.usecases import mail, proofs, views
from identity.usecases.actors import user_of
from identity.usecases.announcements import announce_access_changed

# Python knows no year 10000, which a day of 9999 may be elsewhere on Earth.
LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC)


def create(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    ip_list: Sequence[str],
) -> views.View:
    """Make a key within its maker's rights; a key's key within the maker's time and addresses too.

    The answer holds the key this once.
    """
    if expires_at is not None and expires_at <= now:
        raise Invalid.of_field("expires_at", "expires_at.past", "It is in the past.")
    if expires_at is not None and expires_at > LAST_MOMENT:
        raise Invalid.of_field("expires_at", "expires_at.too_far", "It is too far away.")
    networks_allowed = networks.canonical(ip_list, field="ip_list")
    maker = users.user_for_update(session, account_id=account_of(actor), user_id=user_of(actor))
    if maker is None or maker.state != "active":
        raise exceptions.session_invalid()
    proofs.ensure_recent(session, actor=actor, now=now)
    made_by = _ensure_within_maker(session, actor, expires_at, networks_allowed)
    key = tokens.new_token(tokens.API_KEY)
    row = store.insert_api_key(
        session,
        id=new_id(),
        account_id=maker.account_id,
        user_id=maker.id,
        made_by=made_by,
        name=name,
        key_hash=tokens.token_hash(key),
        prefix=key[: tokens.SHOWN_PREFIX],
        scopes=rights.ensure_scopes(scopes, actor.get("permissions") or []),
        ip_list=networks_allowed,
        expires_at=expires_at,
        created_at=now,
    )
    details = {"name": name, "scopes": row.scopes, "ip_list": row.ip_list}
    audit.record(session, actor, now, "api_key.created", account_id=row.account_id, target_id=row.id, details=details)
    mail.tell(session, actor, "api_key.created", maker, name=name)
    return {**views.api_key(row), "key": key}


def _ensure_within_maker(
    session: Session, actor: Actor, expires_at: datetime | None, ip_list: Sequence[str]
) -> UUID | None:
    """Refuse a key beyond the key that asks: a thief could else make one that stays, and works from anywhere.

    :returns: the key that asks, where one does.
    """
    asking_id = id_or_none(actor.get("api_key_id"))
    if asking_id is None:
        return None
    asking = store.live_api_key(session, account_id=account_of(actor), api_key_id=asking_id)
    if asking is None:
        raise exceptions.session_invalid()
    if asking.expires_at is not None and (expires_at is None or expires_at > asking.expires_at):
        raise exceptions.beyond_its_maker("expires_at")
    if not networks.is_within(ip_list, asking.ip_list):
        raise exceptions.beyond_its_maker("ip_list")
    return asking.id


def list_api_keys(session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None) -> views.View:
    """The account's keys that have not been revoked, without their secrets."""
    rows = store.api_keys_page(session, account_id=account_of(actor), after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.api_key)


def revoke(session: Session, *, actor: Actor, now: datetime, api_key_id: UUID) -> None:
    """Revoke a key, and those that it made: they are worth nothing from now on.

    In an emergency a session revokes any key of the account without a proof: it takes nothing but what can be made
    anew. A key revokes itself and those that it made, or a thief with one would stop all that the account runs.
    `access_changed` says so to those that remember them.
    """
    account_id = account_of(actor)
    row = store.api_key(session, account_id=account_id, api_key_id=api_key_id)
    if row is None:
        raise exceptions.not_found("api_key")
    asking_id = id_or_none(actor.get("api_key_id"))
    if asking_id is not None and not store.is_made_by(session, api_key_id=api_key_id, maker_id=asking_id):
        raise exceptions.key_of_another()
    if not store.revoke_api_key(session, account_id=account_id, api_key_id=api_key_id, now=now):
        raise exceptions.not_found("api_key")
    audit.record(session, actor, now, "api_key.revoked", account_id=account_id, target_id=api_key_id)
    maker = users.user(session, account_id=account_id, user_id=row.user_id)
    if maker is not None:
        mail.tell(session, actor, "api_key.revoked", maker)
    announce_access_changed(session, account_id=account_id)


def record_uses(session: Session, used_at_by_key_id: Mapping[UUID, datetime]) -> None:
    """Store when keys were last used: one statement for all, now and then, never one a request."""
    if used_at_by_key_id:
        store.keys_used(session, used_at_by_key_id)
