"""What a carrier did in the last minute, counted for operators, and since the start for Prometheus."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

import prometheus_client

from sms_gateway.smpp.constants import ILL_STATUSES, THROTTLING_STATUSES

OVER_SECONDS, SLICE_SECONDS = 60.0, 5.0
_ANSWERS = prometheus_client.Counter("wici_sms_answers_total", "Answers to submit_sm", ["carrier", "kind"])
_RECEIPTS = prometheus_client.Counter("wici_sms_receipts_total", "Receipts of carriers", ["carrier", "kind"])
BINDS = prometheus_client.Gauge("wici_sms_binds", "Binds that stand", ["carrier"])
RATE = prometheus_client.Gauge("wici_sms_sent_per_second", "Parts sent in the last second", ["carrier"])
RECEIPTS_LATE = prometheus_client.Gauge(
    "wici_sms_receipts_late", "1: most receipts do not come in time, and others take its traffic", ["carrier"]
)
OLDEST = prometheus_client.Gauge("wici_sms_oldest_seconds", "Age of the oldest message that waits", ["carrier"])

WITHOUT_RECEIPT = prometheus_client.Counter(
    "wici_sms_without_receipt_total", "Messages that ended because no receipt came", ["carrier", "state"]
)


class Answers(NamedTuple):
    """How many of some answers were of which kind."""

    accepted: int
    throttled: int
    ill: int
    refused: int

    @classmethod
    def of(cls, statuses: Sequence[int]) -> Answers:
        accepted = statuses.count(0)
        throttled = ill = 0
        if accepted < len(statuses):
            throttled = sum(status in THROTTLING_STATUSES for status in statuses)
            ill = sum(status in ILL_STATUSES for status in statuses)
        return cls(accepted, throttled, ill, len(statuses) - accepted - throttled - ill)


class Figures:
    """Times are seconds of one monotonic clock."""

    def __init__(self, carrier: str) -> None:
        self._carrier = carrier
        self._slices: deque[tuple[float, Counter[str]]] = deque()

    def count(self, now: float, **kinds: float) -> None:
        """Answers by `accepted`, `throttled`, `ill`, `refused`, `lost`; receipts by `receipts`, and of
        those that tell how long they were under way (`dated`) `receipt_seconds`."""
        if not self._slices or now - self._slices[-1][0] >= SLICE_SECONDS:
            self._slices.append((now, Counter()))
            while self._slices[0][0] < now - OVER_SECONDS:
                self._slices.popleft()
        counts = self._slices[-1][1]
        for kind, amount in kinds.items():
            if amount:
                counts[kind] += amount  # type: ignore[assignment]

    def answers(self, now: float, **kinds: int) -> None:
        self.count(now, **kinds)
        for kind, amount in kinds.items():
            if amount:
                _ANSWERS.labels(self._carrier, kind).inc(amount)

    def receipts(self, now: float, understood: int, seconds: float | None, not_understood: int) -> None:
        """Receipts; `seconds`: how long each was under way, None where they do not tell."""
        self.count(now, receipts=understood, not_understood=not_understood)
        if seconds is not None:
            self.count(now, dated=understood, receipt_seconds=understood * seconds)
        _RECEIPTS.labels(self._carrier, "understood").inc(understood)
        if not_understood:
            _RECEIPTS.labels(self._carrier, "not_understood").inc(not_understood)

    def last_minute(self, now: float) -> Counter[str]:
        total: Counter[str] = Counter()
        for began, counts in self._slices:
            if began >= now - OVER_SECONDS:
                total.update(counts)
        return total


def forget(carrier: str) -> None:
    """Nothing is known of a carrier any more that is gone."""
    for gauge in (BINDS, RATE, OLDEST, RECEIPTS_LATE):
        gauge.remove(carrier)
