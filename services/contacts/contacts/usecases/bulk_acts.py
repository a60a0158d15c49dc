"""What acts on many contacts do, a piece at a time: groups, fields, the archive, deleting. `jobs.bulk` calls them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database import Session
from chassis.ids import new_id
from contacts.store import archive as archive_store
from contacts.store import audiences as audience_store
from contacts.store import bulk as store
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import people as people_store
from contacts.store.audiences import ADDRESS
from contacts.store.rule_sql import Filter
from contacts.usecases import archive, searches
from contacts.usecases.contact_input import columns_of
from contacts.usecases.views import View
from contracts.contacts.bulk import BulkAct
from contracts.errors import Invalid
from contracts.vocabulary import ERASED_ADDRESS, Channel

# The groups that an act needs, as the request names them.
GROUPS_OF = {
    BulkAct.ADD_TO_GROUP: ("target_group_id",),
    BulkAct.REMOVE_FROM_GROUP: ("target_group_id",),
    BulkAct.MOVE_TO_GROUP: ("target_group_id", "source_group_id"),
}


def filter_of(session: Session, *, account_id: UUID, request: Mapping[str, Any], now: datetime) -> Filter:
    """Whom a request is about. :raises Invalid: everybody, for want of a word: nobody who means it says it so."""
    for name in ("q", "text"):
        if request[name] is not None and searches.is_blank(request[name]):
            raise nobody(name)
    group_ids, segment_id = request["group_ids"], request["segment_id"]
    wanted = searches.filter_of(
        session,
        account_id=account_id,
        now=now,
        q=request["q"],
        text=request["text"],
        group_ids=None if group_ids is None else [UUID(one) for one in group_ids],
        segment_id=UUID(segment_id) if segment_id else None,
        rules=request["rules"],
    )
    if wanted.sql == "true":
        raise nobody("rules")
    return wanted


def nobody(field: str) -> Invalid:
    return Invalid.of_field(field, "bulk.nobody", "Say whom: by q, text, group_ids, segment_id or rules.")


def ensure_possible(session: Session, *, account_id: UUID, request: Mapping[str, Any], now: datetime) -> None:
    """:raises Invalid: a group or field that is not there, or a value that is none of its field."""
    _groups_of(session, account_id, request)
    if request["act"] == BulkAct.SET_FIELDS:
        _columns_of(session, account_id, request, now)


def count(session: Session, *, account_id: UUID, request: Mapping[str, Any]) -> View:
    """How many contacts fit, and for how many of them the act would change anything."""
    if request["act"] == BulkAct.RESTORE:
        fitting = archive_store.count_restorable(session, account_id=account_id, **_archived_by(request))
        return {"fitting": fitting, "changed": fitting}
    wanted = filter_of(session, account_id=account_id, request=request, now=_asked_at(request))
    changing, parameters = _changing(session, account_id, request)
    fitting, changed = store.count(
        session,
        account_id=account_id,
        where=wanted.sql,
        changing=changing,
        parameters={**wanted.parameters, **parameters},
    )
    return {"fitting": fitting, "changed": changed}


def _changing(session: Session, account_id: UUID, request: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """SQL over `c` of those for whom the act changes anything, and what it binds."""
    act, groups = request["act"], _groups_of(session, account_id, request)
    parameters: dict[str, Any] = {name: [str(group_id)] for name, group_id in groups.items()}
    member = audience_store.in_groups("target_group_id")
    if act == BulkAct.ARCHIVE:
        return audience_store.not_archived(Channel(request["channel"])), parameters
    if act == BulkAct.DELETE:
        return "true", parameters
    if act == BulkAct.SET_FIELDS:
        return people_store.differs(_columns_of(session, account_id, request, _asked_at(request)))
    if act == BulkAct.MOVE_TO_GROUP:
        return f"(NOT {member} OR {audience_store.in_groups('source_group_id')})", parameters
    return (member if act == BulkAct.REMOVE_FROM_GROUP else f"NOT {member}"), parameters


def choose(session: Session, *, account_id: UUID, bulk_id: UUID, request: Mapping[str, Any]) -> int:
    """Number everybody whom the act is about; returns how many they are."""
    if request["act"] == BulkAct.RESTORE:
        entries = archive_store.restorable(**_archived_by(request))
        return store.choose_archived(session, bulk_id=bulk_id, account_id=account_id, entries=entries)
    wanted = filter_of(session, account_id=account_id, request=request, now=_asked_at(request))
    return store.choose(session, bulk_id=bulk_id, account_id=account_id, where=wanted.sql, parameters=wanted.parameters)


def act_on(
    session: Session, *, account_id: UUID, bulk_id: UUID, request: Mapping[str, Any], chosen_ids: list[UUID]
) -> int:
    """Do it with these; returns for how many it changed something. Twice the same changes nothing.

    :raises Invalid: the group or field is gone.
    """
    act = request["act"]
    if act == BulkAct.ARCHIVE:
        return _archive(session, account_id, bulk_id, request, chosen_ids)
    if act == BulkAct.RESTORE:
        return archive_store.restore_many(
            session, account_id=account_id, archive_ids=chosen_ids, restored_by=request["created_by"],
            note=request["note"],
        )  # fmt: skip
    if act == BulkAct.DELETE:
        people_store.lock_account(session, account_id=account_id)
        return people_store.delete(session, account_id=account_id, contact_ids=chosen_ids)
    if act == BulkAct.SET_FIELDS:
        columns = _columns_of(session, account_id, request, _asked_at(request))
        return people_store.set_columns(session, account_id=account_id, contact_ids=chosen_ids, columns=columns)
    return _in_groups(session, account_id, request, chosen_ids)


def _in_groups(session: Session, account_id: UUID, request: Mapping[str, Any], contact_ids: list[UUID]) -> int:
    groups = _groups_of(session, account_id, request, lock=True)
    target: dict[str, Any] = {
        "account_id": account_id,
        "group_id": groups["target_group_id"],
        "contact_ids": contact_ids,
    }
    if request["act"] == BulkAct.REMOVE_FROM_GROUP:
        return group_store.remove_members(session, **target)
    if request["act"] == BulkAct.ADD_TO_GROUP:
        return group_store.add_members(session, **target)
    source = {**target, "group_id": groups["source_group_id"]}
    moved = group_store.count_to_move(
        session, source_id=source["group_id"], target_id=target["group_id"], contact_ids=contact_ids
    )
    group_store.add_members(session, **target)
    if source["group_id"] != target["group_id"]:
        group_store.remove_members(session, **source)
    return moved


def _archive(
    session: Session, account_id: UUID, bulk_id: UUID, request: Mapping[str, Any], contact_ids: list[UUID]
) -> int:
    channel = Channel(request["channel"])
    people = people_store.find_ids(session, account_id=account_id, contact_ids=contact_ids)
    entries: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "address": row[ADDRESS[channel]],
            "contact_id": row["id"],
            "reason": request["reason"],
            "note": request["note"],
        }
        for row in people.values()
        if row[ADDRESS[channel]] is not None
    ]
    archived = archive.archive(
        session,
        account_id=account_id,
        channel=channel,
        entries=entries,
        source=f"bulk:{bulk_id}",
        archived_by=request["created_by"],
    )
    return len(archived)


def archive_recipients(
    session: Session, *, account_id: UUID, bulk_id: UUID, request: Mapping[str, Any], recipients: list[dict[str, Any]]
) -> int:
    """Archive the addresses to which messages went, whoever has them now; returns how many were not in the archive."""
    addresses_by_channel: dict[str, set[str]] = {}
    for one in recipients:
        if one["address"] not in (None, ERASED_ADDRESS):
            addresses_by_channel.setdefault(one["channel"], set()).add(one["address"])
    archived = 0
    for channel, addresses in sorted(addresses_by_channel.items()):
        entries = [
            {"id": new_id(), "address": address, "contact_id": None, "reason": request["reason"], "note": ""}
            for address in sorted(addresses)
        ]
        added = archive.archive(
            session, account_id=account_id, channel=channel, entries=entries, source=f"bulk:{bulk_id}",
            campaign_id=UUID(request["campaign_id"]), archived_by=request["created_by"],
        )  # fmt: skip
        archived += len(added)
    return archived


def _archived_by(request: Mapping[str, Any]) -> dict[str, Any]:
    """Whom a restoring is about."""
    return {name: request[name] for name in ("reason", "channel", "campaign_id")}


def _columns_of(session: Session, account_id: UUID, request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The columns that the act sets. :raises Invalid: a field that is not there, or a value that is none of it."""
    custom = field_store.all_of(session, account_id=account_id)
    region = people_store.region(session, account_id=account_id)
    try:
        return columns_of(request["values_"], custom, region, now)
    except Invalid as error:
        errors = [{**one, "field": f"values.{one['field']}"} for one in error.errors]
        raise Invalid(error.code, error.detail, error.extra, errors) from None  # type: ignore[arg-type]


def _groups_of(
    session: Session, account_id: UUID, request: Mapping[str, Any], *, lock: bool = False
) -> dict[str, UUID]:
    """The groups of the act, by their names in the request. :raises Invalid: there is no such group."""
    groups = {name: UUID(request[name]) for name in GROUPS_OF.get(request["act"], ())}
    # In one order, so that two moves between two groups do not wait for one another.
    for name, group_id in sorted(groups.items(), key=lambda item: item[1]):
        if group_store.find(session, account_id=account_id, group_id=group_id, lock=lock) is None:
            raise Invalid.of_field(name, "group.not_found", f"There is no group {group_id}.")
    return groups


def _asked_at(request: Mapping[str, Any]) -> datetime:
    """Rules that count days count them from when the act was asked for."""
    return datetime.fromisoformat(request["asked_at"])
