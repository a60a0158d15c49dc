"""What services say of things that strangers come to, remembered for a moment: each request asks for one of them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from contracts.errors import NotFound

REMEMBER_SECONDS = 10.0
MAX_REMEMBERED = 5_000

Description = dict[str, Any]


class Directory:
    """Descriptions by id or name; that there is no such thing is remembered too.

    :param noun: of the things: a form, described by `contracts.contacts.sign_ups.DescribedForm`, a carrier, by
        `contracts.sms_gateway.carriers.CarrierHook`, or a WhatsApp number, by `contracts.ott_gateway.senders.Hook`,
        or an agent, by `contracts.rcs_gateway.agents.AgentHook`, or a Viber bot, by
        `contracts.viber_gateway.senders.ViberHook`.
    """

    def __init__(self, noun: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._noun = noun
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[float, Description | None]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: str, ask: Callable[[], Description]) -> Description:
        """:raises NotFound: there is no such thing any more. :raises Unavailable: its service does not answer."""
        with self._lock:
            entry = self._remembered.get(key)
        if entry is None or self._clock() - entry[0] > REMEMBER_SECONDS:
            entry = (self._clock(), _asked(ask))
            with self._lock:
                self._remembered[key] = entry
                self._remembered.move_to_end(key)
                while len(self._remembered) > MAX_REMEMBERED:
                    self._remembered.popitem(last=False)
        if entry[1] is None:
            raise NotFound(f"{self._noun}.not_found", f"There is no such {self._noun}.")
        return entry[1]

    def had(self, key: str) -> bool:
        """Whether there was such a thing when it was asked for last."""
        with self._lock:
            entry = self._remembered.get(key)
        return entry is not None and entry[1] is not None


def _asked(ask: Callable[[], Description]) -> Description | None:
    try:
        return ask()
    except NotFound:
        return None
