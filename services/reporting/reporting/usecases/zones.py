"""The time zone of an account, of which identity knows."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.logs import get_logger
from contracts.errors import NotFound, Unavailable
from contracts.rpc import Actor

DEADLINE = 3.0
ELSEWHERE = "UTC"

log = get_logger()


class Call(Protocol):
    """`chassis.rpc_client.RpcClient.call`."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float) -> Any: ...


def zone_of(call: Call, account_id: UUID) -> str:
    """The account's time zone; UTC while nobody can say."""
    try:
        return known_zone_of(call, account_id)
    except (NotFound, Unavailable) as error:
        log.warning("zone_unknown", account_id=str(account_id), error=error.code)
        return ELSEWHERE


def known_zone_of(call: Call, account_id: UUID) -> str:
    """The account's time zone, for what is done once; UTC where it has none that can be read.

    :raises Unavailable: identity does not say.
    :raises NotFound: it knows of no such account.
    """
    actor: Actor = {"account_id": str(account_id), "service": "reporting"}
    zone: str = call("identity.get_account", actor, {}, deadline=DEADLINE)["time_zone"]
    try:
        return ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("zone_unreadable", account_id=str(account_id))
        return ELSEWHERE
