"""What waits is taken back; of what has left and was not answered nobody says that it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from channel import settlement, taking_back
from chassis.database import Database, cursor_of
from contracts.vocabulary import Channel, Lane, MessageState

from .conftest import ACCOUNT, LEDGER, chunk, header, settled

NOW = datetime.now(UTC)


@pytest.mark.parametrize("way", ["one", "many"])
def test_what_left_without_an_answer_is_unknown_and_leaves_no_more(database: Database, way: str) -> None:
    waiting, silent = settled(
        chunk(header(Lane.TRANSACTIONAL), 1, 2), MessageState.DEFERRED, due_at=NOW + timedelta(hours=1)
    )
    silent.count_unanswered()
    ids = [UUID(waiting.message_id), UUID(silent.message_id)]
    with database.transaction() as session:
        settlement.settle(cursor_of(session), LEDGER, [waiting, silent])
    asked: dict[str, Any] = {
        "actor": {"account_id": ACCOUNT}, "now": NOW, "channel": Channel.SMS, "source": "test_gateway",
    }  # fmt: skip
    answers = []
    for _ in range(2):
        with database.transaction() as session:
            if way == "many":
                found = taking_back.take_back_messages(session, **asked, message_ids=ids, is_wanted_back=True)
                answers.append([(each["revoked"], each["state"]) for each in found["messages"]])
                continue
            told = [
                taking_back.revoke_message(session, **asked, message_id=each, send_of=lambda *_: None) for each in ids
            ]
            answers.append([(each["revoked"], each["state"]) for each in told])

    assert answers == [[(True, "rejected"), (False, "unknown")]] * 2
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM retries")) == 0
        stored = session.execute(text("SELECT state, code FROM ledger ORDER BY message_id")).all()
        assert [tuple(row) for row in stored] == [("rejected", "message.revoked"), ("unknown", None)]
        bodies = session.scalars(text("SELECT body FROM outbox")).all()
    events = [event for body in bodies for event in orjson.loads(bytes(body))["events"]]
    assert {event["message_id"]: (event["kind"], event.get("code")) for event in events} == {
        str(ids[0]): ("rejected", "message.revoked"), str(ids[1]): ("unknown", None),
    }  # fmt: skip
