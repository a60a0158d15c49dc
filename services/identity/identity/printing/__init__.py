"""Paper: what identity prints as PDF."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

Run = Callable[..., Any]

KEPT_PAPERS = 16  # of 60 KB mostly, of 600 KB at most


class Printer:
    """Prints invoices, one at a time: reportlab keeps the state of its text parser in a global.

    A thousand lines take some seconds of processor time, so under eventlet a native thread does it, and the last papers
    are kept: one that is asked for again and again keeps nobody waiting. The lock is taken on the caller's side,
    where it lets others go on.
    """

    def __init__(self, run: Run | None = None) -> None:
        self._run = run or (lambda function, *arguments: function(*arguments))
        self._turn = threading.Lock()
        self._papers: OrderedDict[bytes, bytes] = OrderedDict()

    def invoice(self, shown: Mapping[str, Any], duplicate_on: date | None = None) -> bytes:
        """The PDF of an invoice, or of its duplicate made on that day; the same bytes for the same invoice."""
        # Loaded when first wanted: the library takes a tenth of a second and 20 MB that most processes never need.
        from identity.printing.invoice import draw

        digest = sha256(repr((shown, duplicate_on)).encode()).digest()
        with self._turn:
            paper: bytes = self._papers.pop(digest, b"") or self._run(draw, shown, duplicate_on)
            self._papers[digest] = paper
            while len(self._papers) > KEPT_PAPERS:
                self._papers.popitem(last=False)
            return paper
