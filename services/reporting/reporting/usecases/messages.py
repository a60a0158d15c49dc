"""The message log as it is asked: by filters, by what people did, and one message with its story."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.errors import Invalid, NotFound
from contracts.ids import created_at, first_id_at
from contracts.reporting import Who
from contracts.vocabulary import Channel, MessageState
from reporting import domain
from reporting.store import campaigns, messages, stories
from reporting.usecases.campaigns import ensure_campaign

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CURRENCY = "PLN"

Answer = dict[str, Any]


def list_report_recipients(
    session: Session, *, account_id: UUID, campaign_id: UUID, who: Who, limit: int, cursor: str | None
) -> Answer:
    """One page of those recipients of a campaign who did, or did not, what `who` says."""
    ensure_campaign(session, account_id, campaign_id)
    rows = messages.of_recipients(
        session,
        account_id=account_id,
        campaign_id=campaign_id,
        who=who,
        ranges=campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id),
        after=read_cursor(cursor) or messages.LEAST,
        limit=limit + 1,
    )
    return page_of(rows, limit)


def list_messages(
    session: Session,
    *,
    account_id: UUID,
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
    wanted = messages.Filter(
        account_id=account_id,
        channel=channel.value if channel else None,
        address=address,
        state=state,
        least=first_id_at(since) if since else messages.LEAST,
        greatest=_greatest(until, read_cursor(cursor)),
    )
    if campaign_id is not None:
        ranges = campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id)
        rows = messages.of_campaign(session, wanted, campaign_id=campaign_id, ranges=ranges, limit=limit + 1)
    elif address is not None:
        rows = messages.of_address(session, wanted, limit=limit + 1)
    else:
        rows = messages.of_account(session, wanted, limit=limit + 1)
    return page_of(rows, limit)


def get_message(session: Session, *, account_id: UUID, message_id: UUID) -> Answer:
    """One message and its time line."""
    row = stories.find(session, account_id=account_id, message_id=message_id)
    if row is None:
        raise NotFound("message.not_found", "There is no such message.", {"message_id": str(message_id)})
    history, deeds = (read(session, message_ids=[message_id]) for read in (stories.histories, stories.all_deeds))
    return as_story(row, history, deeds)


def as_story(row: Mapping[str, Any], history: Sequence[Any], deeds: Sequence[Any]) -> Answer:
    """A message with its time line: its states, and what the person did."""
    moments = [
        {"at": row[column], "kind": state.value}
        for column, state in (("submitted_at", MessageState.SUBMITTED), ("delivered_at", MessageState.DELIVERED))
        if row[column] is not None
    ]
    for moment in moments:
        if domain.STATE_OF_CODE.get(row["state"]) == moment["kind"]:
            moment |= {"code": row["code"], "detail": row["detail"]}
    moments += [{**line, "kind": domain.STATE_OF_CODE[line["state"]].value} for line in history]
    moments += [{**deed, "kind": domain.ENGAGEMENT_OF_CODE[deed["kind"]].value} for deed in deeds]
    return {**as_message(row), "timeline": sorted(moments, key=lambda moment: moment["at"])}


def as_message(row: Mapping[str, Any]) -> Answer:
    """A row of the log in the words of the contract."""
    return {
        **row,
        "id": row["message_id"],
        "state": domain.STATE_OF_CODE.get(row["state"]),
        "channel": Channel(row["channel"]),
        "created_at": created_at(row["message_id"]),
        "cost": None if row["cost"] is None else {"amount": row["cost"], "currency": CURRENCY},
    }


def page_of(rows: Sequence[Mapping[str, Any]], limit: int) -> Answer:
    shown = rows[:limit]
    more = len(rows) > limit
    next_cursor = cursor_of_id(shown[-1]["message_id"]) if more else None
    return {"items": [as_message(row) for row in shown], "next_cursor": next_cursor}


def cursor_of_id(message_id: UUID) -> str:
    return urlsafe_b64encode(message_id.bytes).rstrip(b"=").decode()


def read_cursor(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except ValueError:
        problem = "Not a cursor that an answer gave."
        field_error = {"field": "cursor", "code": "cursor.invalid", "detail": problem}
        raise Invalid("request.invalid", problem, None, [field_error]) from None  # type: ignore[list-item]


def _greatest(until: datetime | None, cursor: UUID | None) -> UUID:
    """The greatest id that is wanted: of all that were made by `until`, and before the page's cursor."""
    bounds = [messages.GREATEST]
    if until is not None:
        bounds.append(UUID(int=min(first_id_at(until + timedelta(milliseconds=1)).int, 2**128) - 1))
    if cursor is not None:
        bounds.append(UUID(int=max(cursor.int - 1, 0)))
    return min(bounds)
