"""Rows of the log and counters as they are answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.ids import created_at
from contracts.money import CURRENCY
from contracts.reporting.webhooks import Endpoint
from contracts.vocabulary import Channel, MessageState
from reporting.domain import figures
from reporting.domain.states import ENGAGEMENT_OF_CODE, STATE_OF_CODE
from reporting.domain.webhooks import delays_of

Answer = dict[str, Any]


def story(row: Mapping[str, Any], history: Sequence[Any], engagements: Sequence[Any]) -> Answer:
    """A message with its time line: its states, and what the person did."""
    moments = [
        {"at": row[column], "kind": state.value}
        for column, state in (("submitted_at", MessageState.SUBMITTED), ("delivered_at", MessageState.DELIVERED))
        if row[column] is not None
    ]
    for moment in moments:
        if STATE_OF_CODE.get(row["state"]) == moment["kind"]:
            moment |= {"code": row["code"], "detail": row["detail"], "peer": row["peer"]}
    moments += [{**line, "kind": STATE_OF_CODE[line["state"]].value} for line in history]
    moments += [{**engagement, "kind": ENGAGEMENT_OF_CODE[engagement["kind"]].value} for engagement in engagements]
    return {**message(row), "timeline": sorted(moments, key=lambda moment: moment["at"])}


def message(row: Mapping[str, Any]) -> Answer:
    """A row of the log in the words of the contract."""
    return {
        **row,
        "id": row["message_id"],
        "state": STATE_OF_CODE.get(row["state"]),
        "channel": Channel(row["channel"]),
        "created_at": created_at(row["message_id"]),
        "cost": None if row["cost"] is None else {"amount": row["cost"], "currency": CURRENCY},
    }


def figures_of(channel: Channel, totals: Mapping[str, int]) -> Answer:
    """Counts, rates and cost, as a report or a day shows them."""
    return {
        "counts": figures.report_counts(channel, totals),
        "rates": figures.report_rates(channel, totals),
        "cost": {"amount": totals["cost"], "currency": CURRENCY},
    }


def webhook(row: Mapping[str, Any]) -> Answer:
    """A webhook with the delays that its plan comes to."""
    return {**row, "retry_delays": delays_of(row)}


def webhook_delivery(row: Mapping[str, Any]) -> Answer:
    """A delivery as `contracts.reporting.webhooks` shows it."""
    return {**row, "attempts": webhook_attempts(row)}


def webhook_attempts(row: Mapping[str, Any]) -> list[Answer]:
    """The tries of a delivery."""
    return [
        {"endpoint": Endpoint.MAIN.value, **attempt, "at": datetime.fromisoformat(attempt["at"])}
        for attempt in row["attempts"]
    ]
