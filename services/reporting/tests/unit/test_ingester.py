"""Which failures of a write are tried again, and which send the delivery to the dead letters."""

from __future__ import annotations

import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from reporting.ingester import loop


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
