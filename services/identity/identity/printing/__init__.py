"""Paper: what identity prints as PDF."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

Run = Callable[..., Any]


class Printer:
    """Prints invoices, one at a time: reportlab keeps the state of its text parser in a global.

    A thousand lines take some seconds of processor time, so under eventlet a native thread does it; the lock is taken
    on the caller's side, where it lets others go on.
    """

    def __init__(self, run: Run | None = None) -> None:
        self._run = run or (lambda function, *arguments: function(*arguments))
        self._turn = threading.Lock()

    def invoice(self, shown: Mapping[str, Any], duplicate_on: date | None = None) -> bytes:
        """The PDF of an invoice, or of its duplicate made on that day; the same bytes for the same invoice."""
        # Loaded when first wanted: the library takes a tenth of a second and 20 MB that most processes never need.
        from identity.printing.invoice import draw

        with self._turn:
            printed: bytes = self._run(draw, shown, duplicate_on)
            return printed
