"""Descriptions of forms, remembered for a moment: every submission and every preflight asks for one."""

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


class FormDirectory:
    """`contracts.contacts.sign_ups.DescribedForm` by the form's id; that there is no such form is remembered too."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[float, Description | None]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, form_id: str, ask: Callable[[], Description]) -> Description:
        """:raises NotFound: there is no such form, or it is archived. :raises Unavailable: contacts does not answer."""
        with self._lock:
            entry = self._remembered.get(form_id)
        if entry is None or self._clock() - entry[0] > REMEMBER_SECONDS:
            entry = (self._clock(), _asked(ask))
            with self._lock:
                self._remembered[form_id] = entry
                self._remembered.move_to_end(form_id)
                while len(self._remembered) > MAX_REMEMBERED:
                    self._remembered.popitem(last=False)
        if entry[1] is None:
            raise NotFound("form.not_found", "There is no such form.")
        return entry[1]


def _asked(ask: Callable[[], Description]) -> Description | None:
    try:
        return ask()
    except NotFound:
        return None
