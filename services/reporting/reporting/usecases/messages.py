"""The message log as it is asked: by filters, and one message with its story."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.errors import NotFound
from contracts.ids import first_id_at
from contracts.rpc import Actor
from contracts.vocabulary import Channel, MessageState
from reporting.store import campaigns, messages, stories
from reporting.usecases import views
from reporting.usecases.views import Answer


def list_messages(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    channel: Channel | None = None,
    address: str | None = None,
    state: MessageState | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    campaign_id: UUID | None = None,
) -> Answer:
    """One page of the message log, newest first (product row G2)."""
    account_id = account_of(actor)
    by = messages.Filter(
        account_id=account_id,
        channel=channel.value if channel else None,
        address=address,
        state=state,
        least=first_id_at(since) if since else messages.LEAST,
        greatest=_greatest(until, pages.position(cursor)),
    )
    if campaign_id is not None:
        ranges = campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id)
        rows = messages.of_campaign(session, by, campaign_id=campaign_id, ranges=ranges, limit=limit + 1)
    elif address is not None:
        rows = messages.of_address(session, by, limit=limit + 1)
    else:
        rows = messages.of_account(session, by, limit=limit + 1)
    return pages.page(rows, limit, views.message)


def get_message(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> Answer:
    """One message and its time line."""
    row = stories.find(session, account_id=account_of(actor), message_id=message_id)
    if row is None:
        raise NotFound("message.not_found", "There is no such message.", {"message_id": str(message_id)})
    history, engagements = (
        read(session, message_ids=[message_id]) for read in (stories.histories, stories.engagements)
    )
    return views.story(row, history, engagements)


def _greatest(until: datetime | None, cursor: UUID | None) -> UUID:
    """The greatest id that is wanted: of all that were made by `until`, and before the page's cursor."""
    bounds = [messages.GREATEST]
    if until is not None:
        bounds.append(UUID(int=min(first_id_at(until + timedelta(milliseconds=1)).int, 2**128) - 1))
    if cursor is not None:
        bounds.append(UUID(int=max(cursor.int - 1, 0)))
    return min(bounds)
