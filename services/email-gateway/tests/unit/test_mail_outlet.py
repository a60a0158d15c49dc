"""What follows from an attempt, as the outlet concludes it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from channel.batches import Batch, Header
from channel.outlets import Chunk
from chassis.ids import new_id
from contracts.vocabulary import Lane, MessageState
from email_gateway.batches import EmailMessage
from email_gateway.domain.retrying import Result
from email_gateway.outbound.mail_outlet import conclude
from email_gateway.smtp.outcomes import Outcome

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(lane: Lane, attempts: int) -> EmailMessage:
    raw = {name: str(new_id()) for name in ("batch_id", "account_id", "send_id")}
    content: Any = SimpleNamespace(account_id=raw["account_id"], sender="a@sklep.example")
    recipient = {"number": 1, "address": "ala@poczta.example", "contact_id": None, "fields": {}}
    chunk = Chunk(Batch(Header({**raw, "content_hash": "c"}, lane), content, 1), None, [recipient])
    return EmailMessage(chunk, recipient, str(new_id()), existing=attempts > 0, attempts=attempts)


def test_a_single_mail_that_is_lost_goes_again_at_once_and_then_by_the_schedule() -> None:
    """A server that takes mails and drops the connection would get a copy a second."""
    due = []
    for attempts in range(3):
        lost = message(Lane.TRANSACTIONAL, attempts)
        conclude(lost, Outcome(Result.LOST, "4.4.2", "connection lost"), NOW)
        assert (lost.state, lost.was_tried) == (MessageState.DEFERRED, True)
        assert lost.recipient["unanswered"] == 1, "by which whoever takes it back knows that it may be there"
        due.append(lost.due_at)

    assert due == [NOW, None, None]


@pytest.mark.parametrize("attempts", [0, 1])
def test_a_mail_that_was_never_tried_goes_again_at_once(attempts: int) -> None:
    back = message(Lane.TRANSACTIONAL, attempts)
    conclude(back, Outcome(Result.BACK, "4.3.2", "the process is stopping"), NOW)

    assert (back.state, back.due_at, back.was_tried) == (MessageState.DEFERRED, NOW, False)


def test_a_mail_that_no_connection_was_free_for_waits_and_spends_no_attempt() -> None:
    busy = message(Lane.BULK, 0)
    conclude(busy, Outcome(Result.BUSY, "4.4.5", "the destination is busy"), NOW)

    assert (busy.state, busy.due_at, busy.was_tried) == (MessageState.DEFERRED, None, False)


def test_one_of_many_that_is_lost_waits_for_what_may_come() -> None:
    lost = message(Lane.BULK, 0)
    conclude(lost, Outcome(Result.LOST, "4.4.2", "connection lost"), NOW)

    assert (lost.state, lost.due_at) == (MessageState.UNKNOWN, None)
