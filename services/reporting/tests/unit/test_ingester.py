"""What is written together; which failures are tried again, and which send the delivery to the dead letters."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from reporting.config import IngesterConfig
from reporting.ingester import loop

LONG = 60.0


def ingester(**more: int) -> loop.Ingester:
    config = IngesterConfig(database_url="", amqp_url="", **more)
    return loop.Ingester(cast("Any", None), config, threading.Event())


def delivery(events: int = 1) -> Any:
    return SimpleNamespace(body=orjson.dumps({"events": [{"at": 1.0}] * events}))


def test_what_comes_later_is_waited_for_up_to_a_transactions_worth() -> None:
    one = ingester(events_at_once=3)
    threading.Timer(0.2, lambda: [one.deliveries.put(delivery()) for _ in range(5)]).start()
    assert len(one._batch(delivery(), LONG)) == 3


def test_after_much_what_comes_next_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "GATHER_SECONDS", LONG)
    written: list[int] = []

    class Noting(loop.Ingester):
        def _handle(self, batch: Any) -> None:
            written.append(sum(len(events) for _, events in batch))
            if len(written) == 1:  # one event at once, and a transaction's worth a moment later
                self.deliveries.put(delivery())
                threading.Timer(0.2, lambda: self.deliveries.put(delivery(loop.MANY_EVENTS - 1))).start()
            else:
                self._stop.set()

    config = IngesterConfig(database_url="", amqp_url="", events_at_once=loop.MANY_EVENTS)
    one = Noting(cast("Any", None), config, threading.Event())
    one.deliveries.put(delivery(loop.MANY_EVENTS))
    one.run()
    assert written == [loop.MANY_EVENTS] * 2


def test_nothing_is_waited_for_without_patience() -> None:
    one = ingester()
    one.deliveries.put(delivery())
    assert len(one._batch(delivery(), 0.0)) == 2


def test_half_of_what_the_broker_sends_ahead_is_waited_for_at_most() -> None:
    one = ingester(prefetch=6)
    for _ in range(4):
        one.deliveries.put(delivery())
    assert len(one._batch(delivery(), LONG)) == 5


@pytest.mark.parametrize(
    ("error", "is_passing"),
    [
        (errors.AdminShutdown(), True),
        (errors.OperationalError("connection refused"), True),
        (errors.DeadlockDetected(), True),
        (errors.UniqueViolation(), True),
        (errors.UndefinedTable(), True),
        (errors.ProgramLimitExceeded(), False),  # a value too long for an index: an OperationalError by its class
        (errors.StringDataRightTruncation(), False),
        (errors.NotNullViolation(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_a_second_try_may_mend_is_tried_again(error: Exception, is_passing: bool) -> None:
    assert loop._is_passing(error, 0) is is_passing
    assert loop._is_passing(OperationalError("INSERT", {}, error), 0) is is_passing


def test_what_does_not_pass_within_seconds_is_the_events_fault() -> None:
    assert not loop._is_passing(errors.UniqueViolation(), len(loop.RETRY_SECONDS))
    assert loop._is_passing(errors.AdminShutdown(), 10_000)
