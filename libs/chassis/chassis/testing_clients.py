"""For tests of services: a client that asks as programs do."""

from __future__ import annotations

import time
from typing import Any

from chassis.gathering import Client
from chassis.rpc_client import DEFAULT_DEADLINE
from contracts.errors import Unavailable

PATIENCE_SECONDS, AGAIN_SECONDS = 60.0, 0.2


class PatientClient:
    """What a busy machine does not come to in time (503 `service.busy`) has had no effect, and is asked again."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def call(
        self, name: str, actor: dict[str, Any], payload: dict[str, Any], *, deadline: float = DEFAULT_DEADLINE
    ) -> Any:
        """As the client's. :raises Unavailable: for a minute it was too busy; or for another reason, at once."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._client.call(name, actor, payload, deadline=deadline)
            except Unavailable as error:
                if error.code != "service.busy" or time.monotonic() > ends:
                    raise
            time.sleep(AGAIN_SECONDS)
