"""What waits in a service's database, and the pool's use, as Prometheus gauges: looked up when somebody scrapes.

Every process of a service tells the same of the one database: dashboards and alerts take the `max` of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import QueuePool, text

from chassis.database import Fault, fault_of
from chassis.logs import get_logger

# A scrape asks for figures, not for work: what takes longer is left out of it, and counted no further than so far.
STATEMENT_MILLISECONDS = 1000
COUNTED_MOST = 10_000
# Several who scrape see the same.
FRESH_SECONDS = 5.0

log = get_logger()


@dataclass(frozen=True)
class Backlog:
    """One gauge. `query` gives rows of label values and the figure; a figure that is null is 0."""

    name: str
    help: str
    query: str
    labels: tuple[str, ...] = ()


def count_of(name: str, help_: str, source: str) -> Backlog:
    """How many rows there are of `source` (a table, with its condition), counted to `COUNTED_MOST`."""
    query = f"SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT {COUNTED_MOST}) waiting"
    return Backlog(name, f"{help_}, counted to {COUNTED_MOST}", query)


def age_of(name: str, help_: str, moment: str, source: str) -> Backlog:
    """Seconds since the oldest `moment` in `source`; 0 where there is none, or it is still to come."""
    query = f"SELECT greatest(0, extract(epoch FROM now() - min({moment}))) FROM {source}"
    return Backlog(name, help_, query)


OUTBOX = (
    count_of("wici_outbox_waiting", "Events and lane messages that the broker has not confirmed", "outbox"),
    # The first by its position is the oldest but for a moment, and needs no index by time.
    age_of(
        "wici_outbox_oldest_seconds",
        "Age of the oldest of them",
        "recorded_at",
        "(SELECT recorded_at FROM outbox ORDER BY position LIMIT 1) first",
    ),
)


class Backlogs(Collector):
    """Registered with Prometheus until `close`. A gauge whose query fails is missing from the scrape."""

    def __init__(self, engine: sqlalchemy.Engine, backlogs: Sequence[Backlog] = OUTBOX) -> None:
        self._engine, self._backlogs = engine, list(backlogs)
        self._lock = threading.Lock()
        self._metrics: list[Metric] = []
        self._fresh_until = 0.0
        REGISTRY.register(self)

    def add(self, *backlogs: Backlog) -> None:
        self._backlogs += backlogs

    def describe(self) -> list[Metric]:
        """Nothing: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The pool's use, whatever the database does; the rest as of a moment ago, where another scrape asks now."""
        yield _pool(self._engine)
        if self._lock.acquire(blocking=False):
            try:
                if time.monotonic() >= self._fresh_until:
                    self._metrics = list(self._looked_up())
                    self._fresh_until = time.monotonic() + FRESH_SECONDS
            finally:
                self._lock.release()
        yield from self._metrics

    def _looked_up(self) -> Iterator[Metric]:
        """Nothing where the pool is used up: a scrape that waits for a connection would be none, and the process taken
        for dead."""
        for backlog in self._backlogs:
            if _is_used_up(self._engine):
                return
            try:
                with self._engine.begin() as connection:
                    connection.execute(text(f"SET LOCAL statement_timeout = {STATEMENT_MILLISECONDS}"))
                    rows = connection.execute(text(backlog.query)).all()
            except Exception as error:
                log.warning("backlog_not_looked_up", backlog=backlog.name, error=error)
                if fault_of(error) is Fault.SERVER:
                    return  # the database is away: each more would wait for it again
                continue
            metric = GaugeMetricFamily(backlog.name, backlog.help, labels=backlog.labels)
            for *labels, figure in rows:
                metric.add_metric([str(label) for label in labels], float(figure or 0))
            yield metric

    def close(self) -> None:
        REGISTRY.unregister(self)


def _is_used_up(engine: sqlalchemy.Engine) -> bool:
    return isinstance(engine.pool, QueuePool) and engine.pool.checkedout() >= engine.pool.size()


def _pool(engine: sqlalchemy.Engine) -> Metric:
    metric = GaugeMetricFamily("wici_database_connections", "Connections of the pool", labels=("state",))
    if isinstance(engine.pool, QueuePool):
        metric.add_metric(["used"], engine.pool.checkedout())
        metric.add_metric(["size"], engine.pool.size())
    return metric
