"""Sending what accounts answer by themselves: single messages like any other, in their quota."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from channel.single_sends import SingleSends
from chassis.database import Database
from chassis.logs import get_logger
from contracts.errors import Unavailable, WiciError
from contracts.vocabulary import Lane
from sms_gateway.domain.sends import Plan
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
    plans: dict[UUID, Plan] = {}
    refused: list[Exception] = []
    for each in wanted:
        if each["number"] in spelled:
            try:
                plans[each["inbound_id"]] = _plan(database, account_id, each, spelled[each["number"]], now)
            except WiciError as error:
                refused.append(error)
    answers = dict(zip(plans, sends.send(list(plans.values())), strict=True)) if plans else {}
    sent = {
        inbound_id: UUID(answer["messages"][0]["id"])
        for inbound_id, answer in answers.items()
        if not isinstance(answer, Exception)
    }
    with database.transaction() as session:
        replies.note_sent(session, account_id, sent)
    refused += [answer for answer in answers.values() if isinstance(answer, Exception)]
    if len(sent) < len(wanted):
        codes = sorted({getattr(error, "code", type(error).__name__) for error in refused})
        log.warning("replies_not_sent", account_id=str(account_id), replies=len(wanted) - len(sent), codes=codes)
    for each in refused:
        if isinstance(each, Unavailable):
            raise each


def _plan(database: Database, account_id: UUID, reply: Mapping[str, Any], sender: str, now: datetime) -> Plan:
    return messages.plan_send(
        database,
        actor={"account_id": str(account_id), "request_key": f"reply:{reply['inbound_id']}"},
        now=now,
        **{"from": sender},
        to=[reply["phone"]],
        text=reply["text"],
        replace_diacritics=False,
        flash=False,
        validity=None,
        lane=Lane.TRANSACTIONAL,
        external_id=None,
        schedule_at=None,
    )
