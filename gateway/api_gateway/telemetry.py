"""What the gateway tells of its own work: metrics over all workers, and a log line where one is worth it."""

from __future__ import annotations

import os
from functools import lru_cache

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from chassis.logs import get_logger
from chassis.metrics import exposition as own_exposition

# An answer that only read something and was quick is not worth a line; at 2,000 a second the lines would be the load.
SLOW_SECONDS = 1.0
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

SECONDS = Histogram(
    "wici_http_seconds",
    "Time of one request, by operation and class of status",
    ["operation", "status"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10),
)

log = get_logger()


def answered(operation: str | None, method: str, status: int, seconds: float) -> None:
    """Count one answer; log it when it changed something, failed on our side, or was slow."""
    _seconds_of(operation or "none", status // 100).observe(seconds)
    if status >= 500 or seconds >= SLOW_SECONDS or (method not in _READING and operation is not None):
        log.info("request_answered", operation=operation, status=status, milliseconds=round(seconds * 1000, 1))


@lru_cache(maxsize=4096)
def _seconds_of(operation: str, hundreds: int) -> Histogram:
    """`labels` takes longer than all else of counting."""
    return SECONDS.labels(operation, f"{hundreds}xx")


def exposition() -> bytes:
    """All metrics in Prometheus's text format, summed over the workers where gunicorn runs several."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return own_exposition()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
