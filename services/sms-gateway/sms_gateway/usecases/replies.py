"""Sending what accounts answer by themselves: single messages like any other, in their quota."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from channel.single_sends import SingleSends
from chassis.database import Database
from chassis.logs import get_logger
from contracts.errors import Unavailable
from contracts.vocabulary import Lane
from sms_gateway.store import replies, senders
from sms_gateway.usecases import messages

log = get_logger()


def send_replies(database: Database, sends: SingleSends, *, now: datetime, due: Mapping[str, Any]) -> None:
    """Send each once, however often this runs: the message answered is the request's key.

    What the account may not send, because of its quota, its plan or its sender, is left out and logged.

    :raises Unavailable: nobody could say whether it may; it is tried again.
    """
    account_id, wanted = due["account_id"], due["replies"]
    with database.transaction() as session:
        spelled = senders.of_numbers(session, account_id, {each["number"] for each in wanted})
    sendable = [each for each in wanted if each["number"] in spelled]
    plans = [
        messages.plan_send(
            database,
            actor={"account_id": str(account_id), "request_key": f"reply:{each['inbound_id']}"},
            now=now,
            **{"from": spelled[each["number"]]},
            to=[each["phone"]],
            text=each["text"],
            replace_diacritics=False,
            flash=False,
            validity=None,
            lane=Lane.TRANSACTIONAL,
            external_id=None,
            schedule_at=None,
        )
        for each in sendable
    ]
    answers = sends.send(plans)
    sent = {
        each["inbound_id"]: UUID(answer["messages"][0]["id"])
        for each, answer in zip(sendable, answers, strict=True)
        if not isinstance(answer, Exception)
    }
    with database.transaction() as session:
        replies.note_sent(session, account_id, sent)
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    if len(sendable) < len(wanted) or refused:
        codes = sorted({getattr(error, "code", type(error).__name__) for error in refused})
        log.warning("replies_not_sent", account_id=str(account_id), replies=len(wanted) - len(sent), codes=codes)
    for error in refused:
        if isinstance(error, Unavailable):
            raise error
