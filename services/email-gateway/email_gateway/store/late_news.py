"""What is heard of a message after it left: into the ledger, and told to reporting and contacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import erasures, outbox
from chassis.database import cursor_of
from contracts import lanes
from contracts.events import EMAIL_ADDRESSES_REFUSED, EMAIL_RECIPIENT_UNSUBSCRIBED
from contracts.vocabulary import ERASED_ADDRESS, ArchiveReason, Channel, Engagement, MessageState
from email_gateway.domain.senders import SYSTEM_ACCOUNT
from email_gateway.smtp.outcomes import SMARTHOST_ACCEPTED, SMARTHOST_ENDED

MOST_DETAIL = 200


@dataclass(frozen=True)
class Sent:
    """A message as the ledger has it. `is_erased`: its person is to be named nowhere any more.

    `is_by_smarthost`: our own outgoing mail server has taken it, or may have.
    """

    message_id: UUID
    account_id: UUID
    campaign_id: UUID | None
    contact_id: UUID | None
    address: str
    state: MessageState
    is_erased: bool
    is_by_smarthost: bool

    @property
    def is_told(self) -> bool:
        """Wici's own mails are in no customer's reports."""
        return self.account_id != SYSTEM_ACCOUNT


def message(session: Session, message_id: UUID) -> Sent | None:
    """The message, nobody else's until the commit. The session keeps those who erase people away (`erasures.share`)."""
    row = session.execute(
        text(
            "SELECT message_id, account_id, campaign_id, contact_id, address, state, detail FROM ledger"
            " WHERE message_id = :id FOR UPDATE"
        ),
        {"id": message_id},
    ).first()
    if row is None:
        return None
    named = (str(row.message_id), str(row.account_id), row.address)
    is_erased = row.address == ERASED_ADDRESS or bool(erasures.among(cursor_of(session), [named]))
    is_by_smarthost = row.detail in (SMARTHOST_ACCEPTED, SMARTHOST_ENDED)
    of = (row.message_id, row.account_id, row.campaign_id, row.contact_id, row.address, MessageState(row.state))
    return Sent(*of, is_erased, is_by_smarthost)


def bounced(session: Session, sent: Sent, *, state: MessageState, code: str, detail: str, at: datetime) -> None:
    """The message bounced; `state` hard also archives the address."""
    told = "" if sent.is_erased else detail.replace("\0", " ")[:MOST_DETAIL]
    session.execute(
        text(
            "UPDATE ledger SET state = :state, code = :code, detail = :detail, updated_at = :at WHERE message_id = :id"
        ),
        {"id": sent.message_id, "state": state, "code": code, "detail": told, "at": at},
    )
    _tell(session, sent, at, kind=state, code=code, detail=told)
    if state is MessageState.HARD_BOUNCED:
        _refuse(session, sent, ArchiveReason.HARD_BOUNCE)


def complained(session: Session, sent: Sent, at: datetime) -> None:
    """The person called the message unwanted; counted once, whoever says it how often."""
    _tell(session, sent, at, kind=Engagement.COMPLAINED, event_id=_event_id(sent, Engagement.COMPLAINED))
    _refuse(session, sent, ArchiveReason.COMPLAINT)


def unsubscribed(session: Session, sent: Sent, at: datetime) -> None:
    """The person wants no more: as the page and the one-click request of the gateway have it, with their event id."""
    _tell(session, sent, at, kind=Engagement.UNSUBSCRIBED, event_id=_event_id(sent, Engagement.UNSUBSCRIBED))
    if sent.is_told and sent.contact_id is not None:
        outbox.record(
            session,
            EMAIL_RECIPIENT_UNSUBSCRIBED,
            account_id=sent.account_id,
            campaign_id=sent.campaign_id,
            message_id=sent.message_id,
            contact_id=sent.contact_id,
            channel=Channel.EMAIL,
        )


def _event_id(sent: Sent, kind: Engagement) -> str:
    return str(uuid5(sent.message_id, kind))


def _tell(session: Session, sent: Sent, at: datetime, **said: Any) -> None:
    if not sent.is_told:
        return
    event = {
        "message_id": str(sent.message_id),
        "account_id": str(sent.account_id),
        "at": at.timestamp(),
        "channel": Channel.EMAIL,
        "campaign_id": str(sent.campaign_id) if sent.campaign_id else None,
        "contact_id": str(sent.contact_id) if sent.contact_id and not sent.is_erased else None,
        **said,
    }
    body = {"v": 1, "source": "email_gateway", "events": [event]}
    outbox.record_lane(session, lanes.DELIVERY_EVENTS, orjson.dumps(body))


def _refuse(session: Session, sent: Sent, reason: ArchiveReason) -> None:
    if not sent.is_told or sent.is_erased:
        return
    refused = {
        "channel": Channel.EMAIL,
        "address": sent.address,
        "contact_id": sent.contact_id,
        "message_id": sent.message_id,
        "reason": reason,
    }
    outbox.record(
        session, EMAIL_ADDRESSES_REFUSED, account_id=sent.account_id, campaign_id=sent.campaign_id, addresses=[refused]
    )
