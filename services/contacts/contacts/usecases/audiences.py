"""Audiences of campaigns: count, take a snapshot, read it by pages, drop it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contacts.domain.columns import CONSENT_FIELDS
from contacts.store import audiences as store
from contacts.store import fields as field_store
from contacts.store import frequency_caps
from contacts.store import jobs as job_store
from contacts.store import snapshots as snapshot_store
from contacts.store.rule_sql import Filter
from contacts.usecases import groups, segments, views
from contacts.usecases.views import View
from contracts.contacts.audiences import Audience, names_anybody
from contracts.errors import Conflict, Invalid
from contracts.ids import with_steps
from contracts.rpc import Actor
from contracts.schema import dump
from contracts.vocabulary import Channel, FollowUpWho, JobState, LeftOut

_BUILT_IN = {
    **{name: f"c.{name}" for name in ("email", "phone", "external_id", "first_name", "last_name", "company", "city")},
    "birth_date": "to_char(c.birth_date, 'YYYY-MM-DD')",
    **{name: f"c.{name}" for name in CONSENT_FIELDS},
}


def count(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel,
    audience: dict[str, Any],
    only_to: list[str] | None,
    also_on: Sequence[Channel] = (),
) -> View:
    account_id = account_of(actor)
    recipients = filter_of(session, account_id=account_id, channel=channel, audience=audience, now=now, also_on=also_on)
    if only_to is not None:
        where = f"{recipients.sql} AND {store.has_address(channel, 'only_to')}"
        recipients = Filter(where, {**recipients.parameters, "only_to": only_to})
    count = store.count(session, account_id=account_id, where=recipients.sql, parameters=recipients.parameters)
    return {"count": count}


def break_down(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel,
    audience: dict[str, Any],
    only_to: Collection[str] | None,
    also_on: Sequence[Channel] = (),
) -> View:
    """Whom an audience reaches, on `channel` or one of `also_on`, and of the others why on none of them.

    :param only_to: the addresses that an account on trial has proved; None: it may send to any. On trial nobody is
        sent a campaign over several channels.
    """
    account_id = account_of(actor)
    included, excluded, parameters = _sides_of(session, account_id, audience, now)
    cap = frequency_caps.find(session, account_id=account_id)
    capped, more = ("false", {}) if cap is None else frequency_caps.sql_of_capped(cap, now.date())
    not_proved = "false"
    if only_to is not None:
        not_proved = "true" if also_on else f"NOT {store.has_address(channel, 'only_to')}"
    return store.break_down(
        session,
        account_id=account_id,
        channels=[channel, *also_on],
        included=f"({' OR '.join(included)})",
        excluded=f"({' OR '.join(excluded)})" if excluded else "false",
        capped=capped,
        not_proved=not_proved,
        parameters={**parameters, **more, "only_to": list(only_to or ())},
    )


def filter_of(
    session: Session,
    *,
    account_id: UUID,
    channel: str,
    audience: dict[str, Any],
    now: datetime,
    also_on: Sequence[str] = (),
) -> Filter:
    """The recipients of an audience: groups ∪ segments − excluded groups − excluded segments − archive − no consent.

    :param also_on: who can be reached on one of these channels is of it, too.
    :raises Invalid: an id that is no group or segment of the account, or an audience of nothing.
    """
    included, excluded, parameters = _sides_of(session, account_id, audience, now)
    conditions = [f"({' OR '.join(included)})", *(f"NOT ({sql})" for sql in excluded)]
    conditions.append(store.reachable_on_any([channel, *also_on]))
    return Filter(" AND ".join(conditions), parameters)


def _sides_of(
    session: Session, account_id: UUID, audience: dict[str, Any], now: datetime
) -> tuple[list[str], list[str], dict[str, Any]]:
    """SQL over `c` of what an audience takes and of what it leaves out, and the parameters of both.

    :raises Invalid: an id that is no group or segment of the account, or an audience of nothing.
    """
    included: list[str] = []
    excluded: list[str] = []
    parameters: dict[str, Any] = {}
    for name, into in (("groups", included), ("exclude_groups", excluded)):
        if audience.get(name):
            groups.ensure_known(session, account_id=account_id, group_ids=audience[name], field=f"audience.{name}")
            into.append(store.in_groups(name))
            parameters[name] = list(audience[name])
    for name, into in (("segments", included), ("exclude_segments", excluded)):
        for at, segment_id in enumerate(audience.get(name) or ()):
            compiled = segments.filter_of_segment(
                session,
                account_id=account_id,
                segment_id=segment_id,
                field=f"audience.{name}.{at}",
                now=now,
                prefix=f"{name}{at}_",
            )
            into.append(compiled.sql)
            parameters.update(compiled.parameters)
    if follow_up := audience.get("follow_up"):
        included.append(store.followed(FollowUpWho(follow_up["who"]), follow_up.get("channel")))
        parameters["followed_campaigns"] = with_steps(UUID(str(follow_up["campaign_id"])))
    if not names_anybody(audience):
        raise Invalid.of_field("audience", "audience.empty", "Choose at least one group or segment.")
    return included, excluded, parameters


def request_snapshot(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    snapshot_id: UUID,
    channel: Channel,
    audience: dict[str, Any],
    fields_: list[str],
    is_shuffled: bool = False,
    zones: dict[str, Any] | None = None,
    also_on: Sequence[Channel] = (),
    campaign_id: UUID | None = None,
) -> View:
    """Ask for a snapshot; the same id again is the same snapshot. `contacts.jobs` takes it."""
    account_id = account_of(actor)
    earlier = snapshot_store.find(session, account_id=account_id, snapshot_id=snapshot_id)
    if earlier is not None:
        return _view(earlier)
    filter_of(session, account_id=account_id, channel=channel, audience=audience, now=now, also_on=also_on)
    field_sql(session, account_id, [*fields_, *([zones["field"]] if zones else [])])
    if not snapshot_store.add(session, snapshot_id=snapshot_id, account_id=account_id, channel=channel):
        raise Conflict("snapshot.exists", "This id is in use.")
    request = {
        "campaign_id": campaign_id and str(campaign_id),
        "channel": channel,
        "audience": dump(Audience, audience),
        "fields": fields_,
        "is_shuffled": is_shuffled,
        "also_on": [str(one) for one in also_on],
        "zones": zones and {**zones, "local_time": zones["local_time"].isoformat()},
    }
    job_store.add(session, job_id=snapshot_id, account_id=account_id, kind="snapshot", request=request)
    return {"state": JobState.WAITING, "total": None, "error": None}


def take(session: Session, *, account_id: UUID, snapshot_id: UUID, request: dict[str, Any], now: datetime) -> int:
    """Write the snapshot that a job asks for; returns its number of recipients."""
    audience = Audience().load(request["audience"])
    channel, also_on = request["channel"], request.get("also_on", [])
    recipients = filter_of(session, account_id=account_id, channel=channel, audience=audience, now=now, also_on=also_on)
    values, parameters = values_of(session, account_id, request["fields"])
    order = snapshot_store.SHUFFLED if request.get("is_shuffled") else snapshot_store.AS_ADDED
    if zones := request.get("zones"):
        zone_sql, of_zone = field_sql(session, account_id, [zones["field"]])
        order = snapshot_store.by_zone(zone_sql[zones["field"]].replace(":slot0", ":zone_slot"))
        parameters |= {f"zone_{name}": value for name, value in zones.items()}
        parameters |= {name.replace("slot0", "zone_slot"): slot for name, slot in of_zone.items()}
    return snapshot_store.take(
        session,
        snapshot_id=snapshot_id,
        account_id=account_id,
        channels=[channel, *also_on],
        where=recipients.sql,
        values=values,
        order=order,
        parameters={**recipients.parameters, **parameters},
    )


def field_sql(session: Session, account_id: UUID, names: list[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """SQL over `c` of each field's value, and its parameters.

    :raises Invalid: a name that is no field.
    """
    custom = {field["key"]: field for field in field_store.all_of(session, account_id=account_id)}
    values, parameters = dict[str, str](), dict[str, Any]()
    for at, name in enumerate(dict.fromkeys(names)):
        if name in _BUILT_IN:
            values[name] = _BUILT_IN[name]
        elif name in custom:
            parameters[f"slot{at}"] = custom[name]["slot"]
            values[name] = f"c.custom -> CAST(:slot{at} AS text)"
        else:
            raise Invalid.of_field(
                f"fields.{at}", "contact_field.not_found", f"There is no contact field {name[:50]!r}.", name=name[:50]
            )
    return values, parameters


def values_of(session: Session, account_id: UUID, names: list[str]) -> tuple[str, dict[str, Any]]:
    """SQL of the recipient's fields as one jsonb object; a field that the contact does not have is left out.

    :raises Invalid: a name that is no field.
    """
    values, parameters = field_sql(session, account_id, names)
    if not values:
        return "'{}'::jsonb", {}
    keys = {f"key{at}": name for at, name in enumerate(values)}
    pairs = ", ".join(f"CAST(:{key} AS text), {values[name]}" for key, name in keys.items())
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))", {**parameters, **keys}


def get(session: Session, *, actor: Actor, now: datetime, snapshot_id: UUID) -> View:
    return _view(_snapshot(session, account_of(actor), snapshot_id))


def read(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    snapshot_id: UUID,
    after: int,
    limit: int,
    campaign_id: UUID | None = None,
) -> View:
    """The `limit` numbers after `after`: recipients, and those who are not to be sent to any more, with the reason.

    :param campaign_id: that sends to them: under a frequency cap each takes one place at once.
    :raises Conflict: `snapshot.not_ready`.
    """
    row = _taken(session, account_of(actor), snapshot_id)
    return snapshot_store.read(
        session,
        snapshot_id=snapshot_id,
        account_id=account_of(actor),
        channel=row["channel"],
        after=after,
        up_to=min(after + limit, row["total"]),
        today=now.date(),
        campaign_id=campaign_id,
    )._asdict()


def read_step(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    snapshot_id: UUID,
    channel: Channel,
    numbers: list[int],
    campaign_id: UUID,
    step_of: UUID,
) -> View:
    """As `read`, of these numbers and on that channel: for a step of a campaign over several.

    :raises Conflict: `snapshot.not_ready`.
    """
    _taken(session, account_of(actor), snapshot_id)
    return snapshot_store.read_step(
        session,
        snapshot_id=snapshot_id,
        account_id=account_of(actor),
        channel=channel,
        numbers=numbers,
        today=now.date(),
        campaign_id=campaign_id,
        step_of=step_of,
    )._asdict()


def count_strangers(session: Session, *, actor: Actor, now: datetime, snapshot_id: UUID, addresses: list[str]) -> View:
    """:raises Conflict: `snapshot.not_ready`."""
    _taken(session, account_of(actor), snapshot_id)
    return {"count": snapshot_store.count_strangers(session, snapshot_id=snapshot_id, addresses=addresses)}


def let_go(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    snapshot_id: UUID,
    campaign_id: UUID,
    after: int,
    numbers: list[int] | None = None,
) -> None:
    """Nobody numbered above `after`, of `numbers` where they are given, is about to be sent to; harmless twice, and for
    a snapshot that was not taken."""
    account_id = account_of(actor)
    if _snapshot(session, account_id, snapshot_id)["state"] != JobState.DONE:
        return  # nobody has been read
    snapshot = snapshot_store.table_of(snapshot_id)
    frequency_caps.let_go(
        session, account_id=account_id, campaign_id=campaign_id, snapshot=snapshot, after=after, numbers=numbers
    )


def check_addressees(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel,
    addressees: list[tuple[UUID, str]],
    campaign_ids: Sequence[UUID] = (),
) -> View:
    """Whom a channel that tries again must leave out by now."""
    account_id = account_of(actor)
    gone = dict(snapshot_store.left_out(session, account_id=account_id, channel=channel, addressees=addressees))
    people = [contact_id for contact_id, _ in addressees]
    waiting = list(zip(people, campaign_ids, strict=False))
    for place in snapshot_store.left_lists(session, account_id=account_id, waiting=waiting):
        gone.setdefault(place, LeftOut.WITHDRAWN)
    return {"left_out": sorted(gone.items())}


def drop(session: Session, *, actor: Actor, now: datetime, snapshot_id: UUID) -> None:
    """Harmless twice, and for a snapshot that never was."""
    snapshot_store.drop(session, account_id=account_of(actor), snapshot_id=snapshot_id)


def _snapshot(session: Session, account_id: UUID, snapshot_id: UUID) -> Any:
    row = snapshot_store.find(session, account_id=account_id, snapshot_id=snapshot_id)
    if row is None:
        raise views.not_found("snapshot")
    return row


def _taken(session: Session, account_id: UUID, snapshot_id: UUID) -> Any:
    row = _snapshot(session, account_id, snapshot_id)
    if row["state"] != JobState.DONE:
        raise Conflict("snapshot.not_ready", "The snapshot has not been taken.", {"state": row["state"]})
    return row


def _view(row: Any) -> View:
    return {"state": row["state"], "total": row["total"], "error": row["error"]}
