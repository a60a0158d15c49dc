"""Reports of batches that the database refuses: the one to blame goes to the dead letters, the others are counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson
import pytest
from psycopg import errors
from sqlalchemy.exc import DataError, OperationalError

from campaigns.dispatcher import lanes
from campaigns.dispatcher.lanes import Reports
from campaigns.store.batches import Counted, Reported

POISONED = UUID(int=2)


class Delivery:
    def __init__(self, batch_id: UUID, **more: Any) -> None:
        self.body = orjson.dumps({"batch_id": str(batch_id), "submitted": 1, "failed": 0, "deferred": 0, **more})
        self.outcome = ""

    def ack(self) -> None:
        self.outcome = "counted"

    def nack(self, *, requeue: bool = True) -> None:
        self.outcome = "again" if requeue else "dead"


class Broker:
    def consume(self, _queue: str, on_delivery: Any, *, prefetch: int) -> None:
        self.deliver = on_delivery


class Database:
    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Raised, the last of them, while the poisoned report is among those to be counted."""
    raised: list[Exception] = [DataError("UPDATE", {}, errors.NumericValueOutOfRange())]

    def mark_done(_session: Any, reports: Sequence[Reported]) -> Counted:
        if POISONED in {report.id for report in reports}:
            raise raised[-1]
        return Counted(len(reports), [], False)

    monkeypatch.setattr(lanes.store, "mark_done", mark_done)
    return raised


def test_only_the_report_that_is_to_blame_is_parked(refusing: list[Exception]) -> None:
    broker: Any = Broker()
    reports = Reports(broker, Database(), lambda: None, on_paused=lambda: None, on_short=lambda: None)  # type: ignore[arg-type]
    deliveries = [Delivery(UUID(int=number)) for number in (1, 2, 3)]
    for delivery in deliveries:
        broker.deliver(delivery)

    assert reports.count() == 2

    assert [delivery.outcome for delivery in deliveries] == ["counted", "dead", "counted"]
    assert reports.count() == 0


def test_a_database_that_is_away_parks_nothing(refusing: list[Exception]) -> None:
    broker: Any = Broker()
    reports = Reports(broker, Database(), lambda: None, on_paused=lambda: None, on_short=lambda: None)  # type: ignore[arg-type]
    delivery = Delivery(POISONED)
    broker.deliver(delivery)
    refusing.append(OperationalError("UPDATE", {}, errors.AdminShutdown()))

    for _ in range(3):
        with pytest.raises(OperationalError):
            reports.count()

    assert delivery.outcome == ""


@pytest.mark.parametrize(
    "more",
    [
        {"submitted": -1}, {"failed": 2**31}, {"deferred": None}, {"left_out": []}, {"left_out": {"moved": 1}},
        {"left_out": {"erased": -1}}, {"left_out": {"erased": 2**31}},
        {"left_out": {"erased": "many"}}, {"left_out": {"erased": float("1e300")}}, {"content_failed": []},
    ],
    ids=repr,
)  # fmt: skip
def test_a_report_with_a_figure_that_is_none_is_parked_and_counts_nothing(
    refusing: list[Exception], more: dict[str, Any]
) -> None:
    broker: Any = Broker()
    reports = Reports(broker, Database(), lambda: None, on_paused=lambda: None, on_short=lambda: None)  # type: ignore[arg-type]
    wrong, right = Delivery(UUID(int=1), **more), Delivery(UUID(int=3), left_out={"erased": 2**31 - 1})
    for delivery in (wrong, right):
        broker.deliver(delivery)

    assert reports.count() == 1

    assert (wrong.outcome, right.outcome) == ("dead", "counted")
