"""What webhooks are told of: kept for those of the account that want it, each event once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis import erasures, waking
from chassis.database import Session
from contracts.reporting.webhooks import WebhookEvent
from contracts.vocabulary import Channel
from reporting.domain.webhooks import HeardEvent, derived_id
from reporting.store import webhook_events, webhooks
from reporting.usecases.webhooks import WEBHOOKS


def keep(session: Session, events: Sequence[HeardEvent], *, heard_at: datetime | None = None) -> int:
    """Keep events for the webhooks that want them. Harmless twice: each has an id of its own.

    :param heard_at: webhooks that were made later are not told.
    """
    kept = webhook_events.add(session, events, heard_at=heard_at) if events else 0
    if kept:
        waking.wake(session, WEBHOOKS)
    return kept


def keep_campaign_state(session: Session, change: Mapping[str, Any]) -> None:
    """Keep a campaign's new state."""
    campaign_id = str(change["campaign_id"])
    details = {"campaign_id": campaign_id, "state": change["state"].value, "version": change["version"]}
    event = _event(change, WebhookEvent.CAMPAIGN_STATE_CHANGED, details, campaign_id=campaign_id)
    keep(session, [event])


def keep_import(session: Session, ended: Mapping[str, Any]) -> None:
    """Keep that an import of contacts has ended."""
    details = {
        "import_id": str(ended["import_id"]),
        "state": ended["state"],
        "code": ended["code"],
        "counts": ended["counts"],
    }
    keep(session, [_event(ended, WebhookEvent.IMPORT_FINISHED, details)])


def keep_archived(session: Session, archived: Mapping[str, Any]) -> None:
    """Keep that addresses get no more campaigns."""
    if _is_wanted(session, archived, WebhookEvent.CONTACT_ARCHIVED):
        events = (
            _event(
                archived,
                WebhookEvent.CONTACT_ARCHIVED,
                {
                    "channel": one["channel"].value,
                    "address": one["address"],
                    "contact_id": str(one["contact_id"]) if one["contact_id"] else None,
                    "reason": one["reason"].value,
                },
                one["channel"].value,
                one["address"],
                channel=one["channel"].value,
            )
            for one in archived["addresses"]
        )
        _keep_of_people(session, archived, events)


def keep_received_sms(session: Session, received: Mapping[str, Any]) -> None:
    """Keep messages from phones."""
    if _is_wanted(session, received, WebhookEvent.SMS_RECEIVED):
        events = (
            _event(
                received,
                WebhookEvent.SMS_RECEIVED,
                {
                    "channel": Channel.SMS.value,
                    "inbound_id": str(one["id"]),
                    "address": one["source"],
                    "to": one["destination"],
                    "text": one["text"],
                    "message_id": _text(one["message_id"]),
                    "campaign_id": _text(one["campaign_id"]),
                    "wish": one["wish"],
                    "missing_parts": one["missing_parts"],
                },
                one["id"],
                channel=Channel.SMS.value,
                campaign_id=_text(one["campaign_id"]),
                occurred_at=one["received_at"],
            )
            for one in received["messages"]
        )
        _keep_of_people(session, received, events)


def keep_received_messages(session: Session, received: Mapping[str, Any]) -> None:
    """Keep what people wrote on channels other than SMS; what came together is of one channel."""
    kept = received["messages"]
    if kept and _is_wanted(session, received, type := WebhookEvent(f"{kept[0]['channel']}.received")):
        events = (
            _event(
                received,
                type,
                {
                    "channel": one["channel"].value,
                    "inbound_id": str(one["id"]),
                    "address": one["source"],
                    "to": one["sender"],
                    "kind": one["kind"],
                    "text": one["text"],
                    "payload": one["payload"],
                    "message_id": _text(one["message_id"]),
                    "campaign_id": _text(one["campaign_id"]),
                    "wish": one["wish"],
                },
                one["id"],
                channel=one["channel"].value,
                campaign_id=_text(one["campaign_id"]),
                occurred_at=one["received_at"],
            )
            for one in kept
        )
        _keep_of_people(session, received, events)


def _event(
    told: Mapping[str, Any],
    type: WebhookEvent,
    details: dict[str, Any],
    *parts: object,
    channel: str | None = None,
    campaign_id: str | None = None,
    occurred_at: datetime | None = None,
) -> HeardEvent:
    """What webhooks hear of an event of a service; `parts` say which of several things in it."""
    return HeardEvent(
        event_id=derived_id(told["event_id"], *parts),
        account_id=str(told["account_id"]),
        channel=channel,
        campaign_id=campaign_id,
        message_id=None,
        type=type.value,
        occurred_at=occurred_at or told["occurred_at"],
        details=details,
    )


def _is_wanted(session: Session, told: Mapping[str, Any], type: WebhookEvent) -> bool:
    return webhooks.are_wanted(session, account_id=told["account_id"], type=type.value)


def _keep_of_people(session: Session, told: Mapping[str, Any], events: Iterable[HeardEvent]) -> None:
    """Keep events that name a person, but for those of people who were erased since."""
    named = list(events)
    erasures.share(session)
    gone = webhook_events.erased_since(
        session,
        account_id=told["account_id"],
        addresses=[event.details["address"] for event in named],
        moment=told["occurred_at"],
    )
    keep(session, [event for event in named if event.details["address"] not in gone])


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
