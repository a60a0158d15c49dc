"""Messages that are opened and clicked without end: a link that thousands share, or one that somebody hammers at.

Each new act makes all acts of its message be judged anew, which would cost the square of their number; and links are
answered without a limit. So of a message that has so many, no more are kept.
"""

from __future__ import annotations

from collections import OrderedDict

from prometheus_client import Counter

from reporting.domain.folding import CLICKED, OPENED, Folded

MOST_ACTS = 1_000
MOST_MESSAGES = 10_000
LEFT_OUT = Counter("wici_acts_left_out_total", "Openings and clicks of messages that have as many as are kept")
_COUNTS = ("opens", "clicks", "machine_opens", "machine_clicks")


class Crowds:
    """Those that this process knows; it learns of one by writing an act of it."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()

    def leave_out(self, folded: Folded) -> None:
        """Forget the acts of messages that have as many as are kept."""
        if self._known.keys().isdisjoint(folded.patches):
            return
        kept = {
            key: one
            for key, one in folded.engagements.items()
            if one.kind not in (OPENED, CLICKED) or one.message_id not in self._known
        }
        LEFT_OUT.inc(len(folded.engagements) - len(kept))
        folded.engagements = kept

    def learn(self, folded: Folded) -> None:
        """From what has been written."""
        for message_id, patch in folded.patches.items():
            if "opens" in patch and sum(patch[name] for name in _COUNTS) >= MOST_ACTS:
                self._known[message_id] = None
        while len(self._known) > MOST_MESSAGES:
            self._known.popitem(last=False)
