"""Groups, segments and fields that a campaign needs are not deleted, nor is the key of a field changed.

Campaigns is asked between two transactions: whether the thing is there, and its end. What is scheduled in that very
moment fails when its audience is taken, and says what is missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chassis.database import Database
from contacts.usecases import fields, groups, segments
from contacts.usecases.views import View
from contracts.errors import Conflict
from contracts.rpc import Actor

NAMED = 5


class Call(Protocol):
    """Call `service.method` on behalf of an actor; raises what it raises, `Unavailable` at the deadline."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


def delete_group(database: Database, *, actor: Actor, now: datetime, call: Call, group_id: UUID) -> None:
    """:raises Conflict: `group.in_use`, where a campaign or a segment needs it."""
    with database.transaction() as session:
        groups.get(session, actor=actor, now=now, group_id=group_id)
    _ensure_unneeded(call, actor, "group", groups=[str(group_id)])
    with database.transaction() as session:
        groups.delete(session, actor=actor, now=now, group_id=group_id)


def delete_segment(database: Database, *, actor: Actor, now: datetime, call: Call, segment_id: UUID) -> None:
    """:raises Conflict: `segment.in_use`, where a campaign needs it."""
    with database.transaction() as session:
        segments.get(session, actor=actor, now=now, segment_id=segment_id)
    _ensure_unneeded(call, actor, "segment", segments=[str(segment_id)])
    with database.transaction() as session:
        segments.delete(session, actor=actor, now=now, segment_id=segment_id)


def delete_field(database: Database, *, actor: Actor, now: datetime, call: Call, field_id: UUID) -> None:
    """:raises Conflict: `contact_field.in_use`, where a campaign or a segment needs it."""
    with database.transaction() as session:
        key = fields.get(session, actor=actor, now=now, field_id=field_id)["key"]
    _ensure_unneeded(call, actor, "contact_field", fields=[key])
    with database.transaction() as session:
        fields.delete(session, actor=actor, now=now, field_id=field_id)


def update_field(
    database: Database, *, actor: Actor, now: datetime, call: Call, field_id: UUID, **request: Any
) -> View:
    """:raises Conflict: `contact_field.in_use`, where its key would change and a campaign names it by that."""
    with database.transaction() as session:
        key = fields.get(session, actor=actor, now=now, field_id=field_id)["key"]
    if request.get("key", key) != key:
        _ensure_unneeded(call, actor, "contact_field", fields=[key])
    with database.transaction() as session:
        return fields.update(session, actor=actor, now=now, field_id=field_id, **request)


def _ensure_unneeded(call: Call, actor: Actor, noun: str, **needed: list[str]) -> None:
    needing = call("campaigns.list_campaigns_needing", actor, needed, deadline=5.0)["campaigns"]
    if needing:
        names = ", ".join(one["name"] for one in needing[:NAMED])
        raise Conflict(
            f"{noun}.in_use",
            f"Campaigns that are scheduled or running need it: {names}. Cancel them, or wait for their end.",
            {"campaigns": needing},
        )
