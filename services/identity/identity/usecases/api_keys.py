"""API keys (A10): scoped, expiring, bound to addresses, shown once, revoked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.errors import Invalid
from contracts.etags import ensure_current
from contracts.identity import api_keys as contract
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import networks, rights, tokens
from identity.domain.ids import id_or_none
from identity.models import ApiKey, User
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


def get(session: Session, *, actor: Actor, now: datetime, api_key_id: UUID) -> views.View:
    """One key of the account that has not been revoked, without its secret."""
    row = store.api_key(session, account_id=account_of(actor), api_key_id=api_key_id, for_update=False)
    if row is None:
        raise exceptions.not_found("api_key")
    return views.api_key(row)


def revoke(
    session: Session, *, actor: Actor, now: datetime, api_key_id: UUID, if_match: list[str] | None = None
) -> None:
    """Revoke a key, and those that it made: they are worth nothing from now on.

    In an emergency a session revokes any key of the account without a proof: it takes nothing but what can be made
    anew. A key revokes itself and those that it made, or a thief with one would stop all that the account runs.
    `access_changed` says so to those that remember them.
    """
    account_id = account_of(actor)
    row = _reachable(session, actor, api_key_id)
    ensure_current(if_match, contract.ApiKey, views.api_key(row))
    if not store.revoke_api_key(session, account_id=account_id, api_key_id=api_key_id, now=now):
        raise exceptions.not_found("api_key")
    audit.record(session, actor, now, "api_key.revoked", account_id=account_id, target_id=api_key_id)
    maker = users.user(session, account_id=account_id, user_id=row.user_id)
    if maker is not None:
        mail.tell(session, actor, "api_key.revoked", maker)
    announce_access_changed(session, account_id=account_id)


def rename(
    session: Session, *, actor: Actor, now: datetime, api_key_id: UUID, name: str, if_match: list[str] | None = None
) -> views.View:
    """Give a key another name. A key renames itself and those that it made."""
    row = _reachable(session, actor, api_key_id)
    ensure_current(if_match, contract.ApiKey, views.api_key(row))
    row.name = name
    session.flush()
    details = {"name": name}
    audit.record(session, actor, now, "api_key.renamed", account_id=row.account_id, target_id=row.id, details=details)
    return views.api_key(row)


def rotate(session: Session, *, actor: Actor, now: datetime, api_key_id: UUID, overlap_minutes: int) -> views.View:
    """Make a key like this one, which ends `overlap_minutes` from now; the answer holds the new key this once.

    The new one is made by whoever asks, with all that holds of making one: scopes within their rights, and a key's key
    is revoked with it. A key is rotated once: its expiry is the overlap's from then on, and another one like it would
    end with it unnoticed.

    :raises Conflict: `api_key.expired`, `api_key.rotated`.
    """
    old = _reachable(session, actor, api_key_id, for_update=False)
    _ensure_may_be_rotated(old, now)
    made = create(
        session, actor=actor, now=now, name=old.name, scopes=old.scopes, expires_at=old.expires_at, ip_list=old.ip_list
    )
    # Its user is locked before it, as where a user is removed; so it is looked at once more.
    old = _reachable(session, actor, api_key_id)
    _ensure_may_be_rotated(old, now)
    old.rotated_at = now
    ends_at = now + timedelta(minutes=overlap_minutes)
    old.expires_at = ends_at if old.expires_at is None else min(old.expires_at, ends_at)
    session.flush()
    audit.record(
        session, actor, now, "api_key.rotated", account_id=old.account_id, target_id=old.id,
        details={"new_key": str(made["id"]), "overlap_minutes": overlap_minutes},
    )  # fmt: skip
    announce_access_changed(session, account_id=old.account_id)
    return made


def _ensure_may_be_rotated(key: ApiKey, now: datetime) -> None:
    if key.expires_at is not None and key.expires_at <= now:
        raise exceptions.conflict("api_key.expired", "The key has expired; create another one.")
    if key.rotated_at is not None:
        raise exceptions.key_rotated()


def list_uses(session: Session, *, actor: Actor, now: datetime, api_key_id: UUID) -> views.View:
    """The addresses that a key was last used from, the latest first."""
    row = _reachable(session, actor, api_key_id, for_update=False)
    return {"items": [views.api_key_use(use) for use in store.uses_of(session, api_key_id=row.id)]}


def hand_over(session: Session, *, gone: User, held: Sequence[str], owner: User, now: datetime) -> int:
    """Give the keys of a user who goes to the owner, each as far as the user's rights reached; how many there are.

    :param held: what the user holds. A key whose scopes lie beyond that may do nothing, and is revoked.
    """
    kept = 0
    for row in store.keys_of_for_update(session, user_id=gone.id):
        scopes = rights.common_rights(row.scopes, held)
        row.user_id = owner.id
        if scopes:
            row.scopes = scopes
            kept += 1
        else:
            row.revoked_at = now
    session.flush()
    return kept


def _reachable(session: Session, actor: Actor, api_key_id: UUID, *, for_update: bool = True) -> ApiKey:
    """A key of the account, locked; of keys that ask, for itself and those that it made."""
    row = store.api_key(session, account_id=account_of(actor), api_key_id=api_key_id, for_update=for_update)
    if row is None:
        raise exceptions.not_found("api_key")
    asking_id = id_or_none(actor.get("api_key_id"))
    if asking_id is not None and not store.is_made_by(session, api_key_id=api_key_id, maker_id=asking_id):
        raise exceptions.key_of_another()
    return row


def record_uses(session: Session, used_at: Mapping[tuple[UUID, str], datetime]) -> None:
    """Store when and where keys were last used: some statements for all, now and then, never one a request.

    :param used_at: times by key id and address.
    """
    if used_at:
        store.keys_used(session, used_at)
