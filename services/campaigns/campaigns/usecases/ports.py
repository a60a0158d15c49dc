"""What use cases are given from outside, and what an actor may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.link_checks import Checked
from campaigns.store.objects import Objects
from chassis.actors import account_of
from chassis.ids import new_id
from contracts.permissions import is_granted
from contracts.rpc import Actor
from contracts.vocabulary import Channel


class Ask(Protocol):
    """Call `service.method` on behalf of whoever asked us; raises what it raises, `Unavailable` at the deadline."""

    def __call__(self, name: str, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


class Call(Protocol):
    """`chassis.rpc_client.RpcClient.call`: the same on behalf of any actor."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


class CheckLinks(Protocol):
    """`link_checks.check_apart`, told where links may lead."""

    def __call__(self, targets: Sequence[str], *, owner: UUID) -> list[Checked]: ...


@dataclass(frozen=True)
class FileTools:
    """Where the octets of files are, under which address strangers find files and links, and what is hosted.

    :ivar own_hosts: names of this platform: no link leads there.
    """

    objects: Objects
    public_url: str
    macros_allowed: bool
    own_hosts: frozenset[str] = frozenset()


def ask_as(call: Call, actor: Actor) -> Ask:
    """Ask other services on behalf of `actor`, with the actor's rights."""

    def ask(name: str, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
        return call(name, actor, payload, deadline=deadline)

    return ask


def made_id(actor: Actor, noun: str) -> UUID:
    """A new id, or the one that this very request made before."""
    request_key = actor.get("request_key")
    return domain.id_for_request(account_of(actor), request_key, noun) if request_key else new_id()


def user_of(actor: Actor) -> UUID | None:
    """The person who asks; by a key it is whose key it is."""
    user_id = actor.get("user_id")
    return UUID(user_id) if user_id else None


def ensure_may(actor: Actor, channel: Channel, right: str) -> None:
    """:raises Forbidden: the actor lacks `{channel}.campaigns.{right}`; a service that asks for itself needs none."""
    ensure_granted(actor, f"{channel}.campaigns.{right}")


def ensure_may_on(actor: Actor, channels: Sequence[str], right: str) -> None:
    """:raises Forbidden: the actor lacks that right to campaigns of one of these channels: all that a campaign has."""
    for channel in channels:
        ensure_may(actor, Channel(channel), right)


def ensure_may_on_some(actor: Actor, right: str) -> None:
    """:raises Forbidden: the actor has that right to campaigns of no channel."""
    if not any(may(actor, f"{channel}.campaigns.{right}") for channel in Channel):
        raise exceptions.permission_missing(f"{Channel.SMS}.campaigns.{right}")


def ensure_may_see_contacts(actor: Actor) -> None:
    """:raises Forbidden: the actor lacks `contacts.read`, without which a campaign shows nobody's fields."""
    ensure_granted(actor, "contacts.read")


def may_see_contacts(actor: Actor) -> bool:
    return may(actor, "contacts.read")


def ensure_granted(actor: Actor, permission: str) -> None:
    """:raises Forbidden: the actor lacks it; a service that asks for itself needs none."""
    if not may(actor, permission):
        raise exceptions.permission_missing(permission)


def may(actor: Actor, permission: str) -> bool:
    """Whether the actor has the permission, or is a service that asks for itself."""
    return bool(actor.get("service")) or is_granted(permission, actor.get("permissions", []))


def channels_to_read(actor: Actor, channel: Channel | None) -> list[Channel]:
    """The channels whose campaigns the actor may see, or just `channel`.

    :raises Forbidden: not that one, or none at all.
    """
    if channel is not None:
        ensure_may(actor, channel, "read")
        return [channel]
    permissions = actor.get("permissions", [])
    readable = [one for one in Channel if actor.get("service") or is_granted(f"{one}.campaigns.read", permissions)]
    if not readable:
        raise exceptions.permission_missing(f"{Channel.SMS}.campaigns.read")
    return readable
