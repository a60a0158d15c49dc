"""Whether an account's plan has attachments: asked of identity at most once a minute for each, not for each mail."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

SECONDS, MOST_KEPT = 60.0, 10_000
DEADLINE = 2.0  # log-ins wait for the same threads


class AddOns:
    """From several threads.

    :param call: `chassis.rpc_client.RpcClient.call`. :param clock: seconds that only grow.
    """

    def __init__(self, call: Callable[..., Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._call, self._clock = call, clock
        self._known: dict[UUID, tuple[float, bool]] = {}

    def may_attach(self, account_id: UUID) -> bool:
        """:raises WiciError: identity does not answer."""
        until, may = self._known.get(account_id, (0.0, False))
        if until > self._clock():
            return may
        actor = {"account_id": str(account_id), "service": "email_gateway"}
        account = self._call("identity.get_account", actor, {}, deadline=DEADLINE)
        may = "attachments" in account["plan"]["features"]
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[account_id] = (self._clock() + SECONDS, may)
        return may
