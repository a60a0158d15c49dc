"""Messages that are opened and clicked without end: a link that thousands share, or one that somebody hammers at.

Each new act makes all acts of its message be judged anew, which would cost the square of their number; and links are
answered without a limit. So of each kind (openings, clicks) no more than `MOST_ACTS` are kept of a message's people,
and as many of its machines: what the ones do never costs an act of the others.

A machine that is known by its company alone looks like a person when it comes. Where bursts have filled their part,
what looks like a person's is kept when nothing of its kind came shortly before: that can be in no burst, and counts as
a person's, whose number has its own bound.
"""

from __future__ import annotations

from collections import Counter as Numbers
from collections import OrderedDict

from prometheus_client import Counter

from reporting.domain.folding import CLICKED, OPENED, Engagement, Folded
from reporting.domain.machines import BURSTS

MOST_ACTS = 100
MOST_SIDES = 20_000
LEFT_OUT = Counter("wici_acts_left_out_total", "Openings and clicks of messages that have as many as are kept")
LONELY_MICROS = max(burst.micros for burst in BURSTS)
_METRICS = {
    OPENED: ("opens", "machine_opens", "burst_opens"),
    CLICKED: ("clicks", "machine_clicks", "burst_clicks"),
}

Side = tuple[str, int, bool]  # message, kind, whether it is a machine's as far as one act says


class Crowds:
    """Those that this process knows; it learns of one by writing an act of it."""

    def __init__(self) -> None:
        self._full: OrderedDict[Side, None] = OrderedDict()
        self._bursting: OrderedDict[Side, int] = OrderedDict()  # when the last act came
        self._last: dict[Side, int] = {}  # of what is being written; another try must find all as it was

    def leave_out(self, folded: Folded) -> None:
        """Forget the acts of messages that have as many as are kept."""
        self._last = {}
        if len(folded.engagements) <= MOST_ACTS and not self._knows(folded):
            return
        kept_of: Numbers[Side] = Numbers()
        kept = {}
        for key, one in sorted(folded.engagements.items(), key=lambda item: item[1].at):
            if one.kind not in _METRICS or self._is_kept(one, kept_of):
                kept[key] = one
        LEFT_OUT.inc(len(folded.engagements) - len(kept))
        folded.engagements = kept

    def learn(self, folded: Folded) -> None:
        """From what has been written."""
        for side in self._last.keys() & self._bursting.keys():
            self._bursting[side] = self._last[side]
        for message_id, patch in folded.patches.items():
            if "opens" not in patch:
                continue
            for kind, (people, machines, bursts) in _METRICS.items():
                person, machine = (message_id, kind, False), (message_id, kind, True)
                if patch[people] >= MOST_ACTS:
                    self._full[person] = None
                else:
                    self._full.pop(person, None)  # a burst that was seen late has made them a machine's
                if patch[machines] - patch[bursts] >= MOST_ACTS:
                    self._full[machine] = None
                if patch[bursts] >= MOST_ACTS:
                    self._bursting.setdefault(person, self._last.get(person, 0))
        for known in (self._full, self._bursting):
            while len(known) > MOST_SIDES:
                known.popitem(last=False)

    def _knows(self, folded: Folded) -> bool:
        sides = {(one.message_id, one.kind, one.machine is not None) for one in folded.engagements.values()}
        return not (self._full.keys().isdisjoint(sides) and self._bursting.keys().isdisjoint(sides))

    def _is_kept(self, one: Engagement, kept_of: Numbers[Side]) -> bool:
        side = (one.message_id, one.kind, one.machine is not None)
        before = self._last.get(side, self._bursting.get(side))
        self._last[side] = one.at
        if side in self._full:
            return False
        is_kept = kept_of[side] < MOST_ACTS and side not in self._bursting
        if not is_kept and one.machine is None and kept_of[side] < 2 * MOST_ACTS:
            is_kept = before is None or abs(one.at - before) > LONELY_MICROS
        kept_of[side] += is_kept
        return is_kept
