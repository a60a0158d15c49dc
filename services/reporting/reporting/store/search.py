"""Looking the log through for what no index knows: so many messages a page, and on from there with the next.

No index knows the middle of an address, nor who is in a state of the usual road: one that does would cost every
message more than writing it does. So a page looks through the newest `LOOKED_AT` messages of those that are asked for,
whether or not any is found: a few first, for most pages fill at once, and then more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from reporting.domain.states import IN_ROW_STATES
from reporting.store import messages
from reporting.store.messages import Filter, Row, Span

LOOKED_AT = 50_000
FIRST_LOOK = 2_000
GROWTH = 5

_LOOKED_AT = text(
    "SELECT count(*) AS number, min(message_id::text)::uuid AS lowest FROM (SELECT m.message_id FROM messages m"
    " WHERE m.account_id = :account AND m.message_id BETWEEN :least AND :greatest"
    " ORDER BY m.message_id DESC LIMIT :limit) looked"
)


@dataclass
class Found:
    """:param looked_to: the last message that was looked at, where there is more to look through."""

    rows: list[Row] = field(default_factory=list)
    looked_to: UUID | None = None


def days(session: Session, by: Filter) -> Iterator[Span]:
    """The days on which the account has any messages such as are asked for, newest first; small ones together."""
    latest: UUID | None = None
    earliest, number = messages.LEAST, 0
    for day, on_day in messages.days_with(session, by):
        first, last = messages.bounds_of_day(day)
        if latest is not None and number + on_day > LOOKED_AT:
            yield Span(earliest, latest)
            latest, number = None, 0
        earliest, latest, number = first, latest or last, number + on_day
    if latest is not None:
        yield Span(earliest, latest)


def is_needed(by: Filter) -> bool:
    """Whether no index says which messages are asked for."""
    return not by.addresses and (bool(by.parts) or by.state in IN_ROW_STATES)


def search(session: Session, by: Filter, spans: Iterable[Span], *, limit: int) -> Found:
    """What is found in the newest of the spans, which come newest first and do not overlap."""
    found, left, look = Found(), LOOKED_AT, FIRST_LOOK
    for span in spans:
        least, greatest = max(span.first, by.least), min(span.last, by.greatest)
        while least <= greatest:
            if left <= 0:
                found.looked_to = UUID(int=greatest.int + 1)
                return found
            look = min(look, left)
            bound = {"account": by.account_id, "least": least, "greatest": greatest, "limit": look}
            looked = session.execute(_LOOKED_AT, bound).one()
            if not looked.number:
                break
            found.rows += messages.newest(
                session, by, looked.lowest, greatest, limit - len(found.rows), campaign_id=span.campaign_id
            )
            if len(found.rows) >= limit:
                return found
            left -= looked.number
            greatest = UUID(int=looked.lowest.int - 1)
            if looked.number < look:
                break
            look *= GROWTH
    return found
