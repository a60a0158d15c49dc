"""What the message log answers of a message is what the quarantine of a restored channel goes by."""

from datetime import UTC, datetime

import pytest

from channel.quarantine import Known, known_by_log
from chassis.ids import new_id
from contracts.reporting.messages import MessageStory
from contracts.vocabulary import Channel, MessageState
from reporting.domain.states import STATE_CODE
from reporting.usecases import views

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)
NOTHING = dict.fromkeys(("submitted_at", "delivered_at", "code", "detail", "peer", "cost"))


def told(state: MessageState, history: list[dict] = [], **row) -> Known:  # noqa: B006
    row = {**NOTHING, "message_id": new_id(), "channel": Channel.VIBER, "state": STATE_CODE[state], **row}
    return known_by_log(MessageStory().dump(views.story(row, history, [])))


@pytest.mark.parametrize("state", [MessageState.DELIVERED, MessageState.UNDELIVERED])
def test_who_has_an_end_after_being_handed_over(state):
    known = told(state, submitted_at=AT, delivered_at=AT if state is MessageState.DELIVERED else None, peer="viber")

    assert (known.state, known.submitted_at) == (state, AT)


def test_who_is_handed_over_and_to_whom():
    assert told(MessageState.SUBMITTED, submitted_at=AT, peer="gate") == Known("submitted", AT, "gate")


def test_whose_end_was_told_by_another_than_who_took_it():
    deferred = {"at": AT, "state": STATE_CODE[MessageState.DEFERRED], "code": "1", "detail": None, "peer": "other"}

    known = told(MessageState.DELIVERED, [deferred], submitted_at=AT, delivered_at=AT, peer="gate")

    assert known == Known("delivered", AT, "gate")


def test_what_is_only_accepted_has_not_left():
    assert told(MessageState.ACCEPTED) == Known("accepted")
