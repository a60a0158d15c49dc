"""The message log as it is asked: by filters, and one message with its story."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.errors import NotFound
from contracts.ids import first_id_at, with_steps
from contracts.rpc import Actor
from contracts.vocabulary import Channel, MessageState
from reporting.domain.labels import Kind, label
from reporting.domain.spellings import parts, spellings
from reporting.store import campaigns, counters, labels, messages, search, stories
from reporting.usecases import views
from reporting.usecases.views import Answer

MOST_NAMED = 200  # campaigns whose name holds what is asked for


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
    campaign_name: str | None = None,
    q: str | None = None,
    external_id: str | None = None,
    subject: str | None = None,
    tag: str | None = None,
    submitter_id: UUID | None = None,
    test_of: UUID | None = None,
) -> Answer:
    """One page of the message log, newest first (product row G2).

    With `q` or `state` a page may hold fewer than `limit` and still lead on: so far was looked (`store/search.py`).
    """
    account_id = account_of(actor)
    by = messages.Filter(
        account_id=account_id,
        channel=channel.value if channel else None,
        addresses=spellings(address) if address else (),
        parts=parts(q) if q else (),
        state=state,
        least=first_id_at(since) if since else messages.LEAST,
        greatest=_greatest(until, pages.position(cursor)),
    )
    called = {Kind.EXTERNAL_ID: external_id, Kind.SUBJECT: subject, Kind.TAG: tag}
    called |= {Kind.SUBMITTER: _text(submitter_id), Kind.TEST_OF: _text(test_of)}
    if wanted := [label(kind, each) for kind, each in called.items() if each is not None]:
        labelled = labels.find(session, by, wanted, limit=limit + 1)
        if labelled.looked_to is not None:
            items = [views.message(row) for row in labelled.rows]
            return {"items": items, "next_cursor": pages.cursor_at(labelled.looked_to)}
        return pages.page(labelled.rows, limit, views.message)
    spans = None
    if campaign_id is not None or campaign_name is not None:
        spans = _spans(session, by, campaign_id, campaign_name)
    if search.is_needed(by):
        among = search.days(session, by) if spans is None else spans
        found = search.search(session, by, among, limit=limit + 1)
        if found.looked_to is not None:
            items = [views.message(row) for row in found.rows]
            return {"items": items, "next_cursor": pages.cursor_at(found.looked_to)}
        rows = found.rows
    elif spans is not None:
        rows = messages.of_campaigns(session, by, spans=spans, limit=limit + 1)
    elif by.addresses:
        rows = messages.of_address(session, by, limit=limit + 1)
    else:
        rows = messages.of_account(session, by, limit=limit + 1)
    return pages.page(rows, limit, views.message)


def _text(id: UUID | None) -> str | None:
    return str(id) if id else None


def _spans(session: Session, by: messages.Filter, campaign_id: UUID | None, name: str | None) -> list[messages.Span]:
    """Where the messages of the campaigns lie that are asked for by id, by a part of their name, or by both.

    Campaigns without a message in the state that is asked for are not among them: their counters say so.
    """
    account_id = by.account_id
    campaign_ids = [] if campaign_id is None else with_steps(campaign_id)
    if name is not None:
        named = campaigns.named(session, account_id=account_id, part=name.strip().lower(), limit=MOST_NAMED)
        campaign_ids = [one for one in named if campaign_id is None or one in campaign_ids]
    if by.state is not None:
        totals = counters.totals_of(session, account_id=account_id, scope_ids=campaign_ids)
        campaign_ids = [one for one in campaign_ids if one in totals and totals[one][by.state.value]]
    found = campaigns.ranges_of(session, account_id=account_id, campaign_ids=campaign_ids)
    return [messages.Span(*one) for one in found]


def get_message(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> Answer:
    """One message and its time line."""
    row = stories.find(session, account_id=account_of(actor), message_id=message_id)
    if row is None:
        raise NotFound("message.not_found", "There is no such message.", {"message_id": str(message_id)})
    history, engagements = (
        read(session, message_ids=[message_id]) for read in (stories.histories, stories.engagements)
    )
    return views.story(row, history, engagements)


def find_read(session: Session, *, actor: Actor, now: datetime, message_ids: list[UUID]) -> Answer:
    """Which of these messages a person has read, and which of them the log knows."""
    known, read = stories.read_by_people(session, account_id=account_of(actor), message_ids=message_ids)
    return {"read": read, "known": known}


def _greatest(until: datetime | None, cursor: UUID | None) -> UUID:
    """The greatest id that is wanted: of all that were made by `until`, and before the page's cursor."""
    bounds = [messages.GREATEST]
    if until is not None:
        bounds.append(UUID(int=max(first_id_at(until, timedelta(milliseconds=1)).int - 1, 0)))
    if cursor is not None:
        bounds.append(UUID(int=max(cursor.int - 1, 0)))
    return min(bounds)
