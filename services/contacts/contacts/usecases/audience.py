"""Audiences of campaigns: count, take a snapshot, read it by pages, drop it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contacts.exceptions import field_invalid
from contacts.store import audience as store
from contacts.store import fields as field_store
from contacts.store import jobs as job_store
from contacts.store.rule_sql import Filter
from contacts.usecases import groups, segments, views
from contacts.usecases.views import View, account_of
from contracts.errors import Conflict
from contracts.rpc import Actor
from contracts.vocabulary import Channel, JobState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_BUILT_IN = {
    **{name: f"c.{name}" for name in ("email", "phone", "external_id", "first_name", "last_name", "company", "city")},
    "birth_date": "to_char(c.birth_date, 'YYYY-MM-DD')",
    "sms_consent": "c.sms_consent",
    "email_consent": "c.email_consent",
}


def count(session: Session, actor: Actor, now: datetime, *, channel: Channel, audience: dict[str, list[UUID]]) -> View:
    account_id = account_of(actor)
    found = chosen(session, account_id, channel, audience, now)
    return {"count": store.count(session, account_id=account_id, where=found.sql, parameters=found.parameters)}


def chosen(session: Session, account_id: UUID, channel: str, audience: dict[str, list[UUID]], now: datetime) -> Filter:
    """groups ∪ segments − excluded groups − excluded segments − archive − no consent.

    :raises Invalid: an id that is no group or segment of the account, or an audience of nothing.
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    parameters: dict[str, Any] = {}
    for name, into in (("groups", wanted), ("exclude_groups", unwanted)):
        if audience.get(name):
            groups.ensure_known(session, account_id, audience[name], f"audience.{name}")
            into.append(store.in_groups(name))
            parameters[name] = list(audience[name])
    for name, into in (("segments", wanted), ("exclude_segments", unwanted)):
        for at, segment_id in enumerate(audience.get(name) or ()):
            compiled = segments.of_id(
                session, account_id, segment_id, f"audience.{name}.{at}", now, prefix=f"{name}{at}_"
            )
            into.append(compiled.sql)
            parameters.update(compiled.parameters)
    if not wanted:
        raise field_invalid("audience", "audience.empty", "Choose at least one group or segment.")
    conditions = [f"({' OR '.join(wanted)})", *(f"NOT ({sql})" for sql in unwanted), store.reachable(channel)]
    return Filter(" AND ".join(conditions), parameters)


def request_snapshot(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    snapshot_id: UUID,
    channel: Channel,
    audience: dict[str, list[UUID]],
    fields_: list[str],
) -> View:
    """Ask for a snapshot; the same id again is the same snapshot. `contacts.jobs` takes it."""
    account_id = account_of(actor)
    known = store.find(session, account_id=account_id, snapshot_id=snapshot_id)
    if known is not None:
        return _view(known)
    chosen(session, account_id, channel, audience, now)
    values_of(session, account_id, fields_)
    if not store.add(session, snapshot_id=snapshot_id, account_id=account_id, channel=channel):
        raise Conflict("snapshot.exists", "This id is in use.")
    request = {
        "channel": channel,
        "audience": {name: [str(one) for one in ids] for name, ids in audience.items()},
        "fields": fields_,
    }
    job_store.add(session, job_id=snapshot_id, account_id=account_id, kind="snapshot", request=request)
    return {"state": JobState.WAITING, "total": None, "error": None}


def take(session: Session, account_id: UUID, snapshot_id: UUID, request: dict[str, Any], now: datetime) -> int:
    """Write the snapshot that a job asks for; returns its number of recipients."""
    audience = {name: [UUID(one) for one in ids] for name, ids in request["audience"].items()}
    found = chosen(session, account_id, request["channel"], audience, now)
    values, parameters = values_of(session, account_id, request["fields"])
    return store.take(
        session,
        snapshot_id=snapshot_id,
        account_id=account_id,
        channel=request["channel"],
        where=found.sql,
        values=values,
        parameters={**found.parameters, **parameters},
    )


def values_of(session: Session, account_id: UUID, names: list[str]) -> tuple[str, dict[str, Any]]:
    """SQL of the recipient's fields as one jsonb object; a field that the contact does not have is left out.

    :raises Invalid: a name that is no field.
    """
    custom = {field["key"]: field for field in field_store.all_of(session, account_id=account_id)}
    pairs, parameters = [], {}
    for at, name in enumerate(dict.fromkeys(names)):
        if name in _BUILT_IN:
            pairs.append(f"'{name}', {_BUILT_IN[name]}")
        elif name in custom:
            parameters[f"slot{at}"] = custom[name]["slot"]
            parameters[f"key{at}"] = name
            pairs.append(f"CAST(:key{at} AS text), c.custom -> CAST(:slot{at} AS text)")
        else:
            raise field_invalid(f"fields.{at}", "contact_field.not_found", f"There is no contact field {name[:50]!r}.")
    if not pairs:
        return "'{}'::jsonb", {}
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))", parameters


def get(session: Session, actor: Actor, now: datetime, *, snapshot_id: UUID) -> View:
    return _view(_found(session, account_of(actor), snapshot_id))


def read(session: Session, actor: Actor, now: datetime, *, snapshot_id: UUID, after: int, limit: int) -> View:
    """The next recipients after number `after`, in constant time, but for those who were archived meanwhile.

    :raises Conflict: `snapshot.not_ready`.
    """
    account_id = account_of(actor)
    row = _found(session, account_id, snapshot_id)
    if row["state"] != JobState.DONE:
        raise Conflict("snapshot.not_ready", "The snapshot has not been taken.", {"state": row["state"]})
    return {
        "recipients": store.read(
            session, snapshot_id=snapshot_id, account_id=account_id, channel=row["channel"], after=after, limit=limit
        )
    }


def drop(session: Session, actor: Actor, now: datetime, *, snapshot_id: UUID) -> None:
    """Harmless twice, and for a snapshot that never was."""
    store.drop(session, account_id=account_of(actor), snapshot_id=snapshot_id)


def _found(session: Session, account_id: UUID, snapshot_id: UUID) -> Any:
    row = store.find(session, account_id=account_id, snapshot_id=snapshot_id)
    if row is None:
        raise views.not_found("snapshot")
    return row


def _view(row: Any) -> View:
    return {"state": row["state"], "total": row["total"], "error": row["error"]}
