"""What use cases are given from outside."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from campaigns import exceptions
from contracts.permissions import is_granted
from contracts.rpc import Actor
from contracts.vocabulary import Channel

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Ask(Protocol):
    """Call `service.method` on behalf of whoever asked us; raises what it raises, `Unavailable` at the deadline."""

    def __call__(self, name: str, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


class Transactions(Protocol):
    """The database: `with database.transaction() as session:`."""

    def transaction(self) -> AbstractContextManager[Session]: ...


def account_of(actor: Actor) -> UUID:
    """The account on whose behalf this runs; operators and services name it in the actor, too."""
    account_id = actor.get("account_id")
    if not account_id:
        raise exceptions.permission_missing("account")
    return UUID(account_id)


def ensure_may(actor: Actor, channel: Channel, right: str) -> None:
    """:raises Forbidden: the actor lacks `{channel}.campaigns.{right}`; a service that asks for itself needs none."""
    _ensure_granted(actor, f"{channel}.campaigns.{right}")


def ensure_may_see_contacts(actor: Actor) -> None:
    """:raises Forbidden: the actor lacks `contacts.read`; a campaign shows nobody's fields to whoever has not."""
    _ensure_granted(actor, "contacts.read")


def _ensure_granted(actor: Actor, wanted: str) -> None:
    if not actor.get("service") and not is_granted(wanted, actor.get("permissions", [])):
        raise exceptions.permission_missing(wanted)


def channels_to_read(actor: Actor, wanted: Channel | None) -> list[Channel]:
    """The channels whose campaigns the actor may see, or just `wanted`.

    :raises Forbidden: not the wanted one, or none at all.
    """
    if wanted is not None:
        ensure_may(actor, wanted, "read")
        return [wanted]
    held = actor.get("permissions", [])
    readable = [channel for channel in Channel if actor.get("service") or is_granted(f"{channel}.campaigns.read", held)]
    if not readable:
        raise exceptions.permission_missing(f"{Channel.SMS}.campaigns.read")
    return readable
