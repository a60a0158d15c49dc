"""Groups, segments and fields that a campaign needs are not deleted, nor is the key of a field changed.

Campaigns is asked between two transactions: whether the thing is there, and its end. What is scheduled in that very
moment fails when its audience is taken, and says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Noun:
    """What campaigns may need: its name in errors, as what and by which of its values campaigns is asked for it."""

    name: str
    asked_as: str
    named_by: str
    get: Callable[..., View]
    delete: Callable[..., None]


GROUP = Noun("group", "groups", "id", groups.get, groups.delete)
SEGMENT = Noun("segment", "segments", "id", segments.get, segments.delete)
FIELD = Noun("contact_field", "fields", "key", fields.get, fields.delete)


def delete(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    call: Call,
    noun: Noun,
    if_match: list[str] | None = None,
    **which: UUID,
) -> None:
    """:raises Conflict: `<noun>.in_use`, where a campaign or a segment needs it."""
    with database.transaction() as session:
        thing = noun.get(session, actor=actor, now=now, **which)
    _ensure_unneeded(call, actor, noun, thing)
    with database.transaction() as session:
        noun.delete(session, actor=actor, now=now, if_match=if_match, **which)


def update_field(
    database: Database, *, actor: Actor, now: datetime, call: Call, field_id: UUID, **request: Any
) -> View:
    """:raises Conflict: `contact_field.in_use`, where its key would change and a campaign names it by that."""
    with database.transaction() as session:
        field = fields.get(session, actor=actor, now=now, field_id=field_id)
    if request.get("key", field["key"]) != field["key"]:
        _ensure_unneeded(call, actor, FIELD, field)
    with database.transaction() as session:
        return fields.update(session, actor=actor, now=now, field_id=field_id, **request)


def _ensure_unneeded(call: Call, actor: Actor, noun: Noun, thing: View) -> None:
    needed = {noun.asked_as: [str(thing[noun.named_by])]}
    needing = call("campaigns.list_campaigns_needing", actor, needed, deadline=5.0)["campaigns"]
    if needing:
        names = ", ".join(one["name"] for one in needing[:NAMED])
        raise Conflict(
            f"{noun.name}.in_use",
            f"Campaigns that are scheduled or running need it: {names}. Cancel them, or wait for their end.",
            {"campaigns": needing},
        )
