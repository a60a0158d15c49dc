"""Engagement that the database refuses goes to the dead letters; what it cannot take now is tried again."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from contacts.jobs import engagement


class Delivery:
    body = b"{}"

    def __init__(self) -> None:
        self.is_refused = False

    def nack(self, *, requeue: bool) -> None:
        self.is_refused = not requeue


@pytest.mark.parametrize(
    ("error", "is_refused"),
    [
        (errors.ProgramLimitExceeded(), True),  # an OperationalError by its class, as a lost connection is
        (errors.CheckViolation(), True),
        (errors.AdminShutdown(), False),
        (errors.UndefinedTable(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_the_database_refuses_is_refused(
    monkeypatch: pytest.MonkeyPatch, error: Exception, is_refused: bool
) -> None:
    def write(_self: Any, _told: Any) -> None:
        raise OperationalError("INSERT", {}, error)

    monkeypatch.setattr(engagement.Recorder, "_write", write)
    delivery = Delivery()
    worker: Any = engagement.Recorder(None)  # type: ignore[arg-type]

    assert worker._settle([delivery], alone=True) is is_refused
    assert delivery.is_refused is is_refused
