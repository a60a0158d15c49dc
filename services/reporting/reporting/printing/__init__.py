"""Paper: what reporting prints as PDF."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

Run = Callable[..., Any]


class Printer:
    """Prints reports, one at a time: reportlab keeps the state of its text parser in a global.

    A report takes a quarter of a second of processor time, so under eventlet a native thread does it. The lock is taken
    on the caller's side, where it lets others go on.
    """

    def __init__(self, run: Run | None = None) -> None:
        self._run = run or (lambda function, *arguments: function(*arguments))
        self._turn = threading.Lock()

    def report(self, shown: Mapping[str, Any], language: str) -> bytes:
        """The PDF of a campaign's report; the same bytes for the same figures."""
        # Loaded when first wanted: the library takes a tenth of a second and 20 MB that most processes never need.
        from reporting.printing.report import draw

        with self._turn:
            paper: bytes = self._run(draw, shown, language)
            return paper
