"""Reading the message log.

Everything is found by ranges of message ids, which are ranges of time: a campaign's messages lie together, an account's
are read day by day, and the counters say which days hold any of what is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts.ids import first_id_at
from contracts.reporting.recipients import Who
from contracts.vocabulary import MessageState
from reporting.domain.counting import Dimension
from reporting.domain.figures import FAILED_STATES
from reporting.domain.states import IN_ROW_STATES, STATE_CODE

Row = Any  # a row of the log by column name
WINDOW = 2_000
LEAST, GREATEST = UUID(int=0), UUID(int=2**128 - 1)

COLUMNS = (
    "m.message_id, m.channel, m.campaign_id, m.contact_id, m.address, m.sender, m.domain, m.state, m.state_at,"
    " m.code, m.detail, m.peer, m.submitted_at, m.delivered_at, m.parts, m.cost, m.opens, m.opened_at, m.clicks,"
    " m.clicked_at, m.unsubscribed_at, m.complained_at"
)
_DELIVERED = f"m.state = {STATE_CODE[MessageState.DELIVERED]}"
_FAILED = f"m.state IN ({', '.join(str(STATE_CODE[state]) for state in FAILED_STATES)})"

# The index is on a hash of the address.
_TO_ADDRESS = (
    "hashtext(m.address) = ANY(ARRAY(SELECT hashtext(a) FROM unnest(CAST(:addresses AS text[])) a))"
    " AND m.address = ANY(CAST(:addresses AS text[]))"
)
# Letters of all alphabets: the columns' own collation knows ASCII alone.
_HOLDS_PART = " OR ".join(
    f'strpos(lower(m.{column} COLLATE "default"), :{{part}}) > 0' for column in ("address", "sender")
)

# As the report counts them: among the delivered. Who clicked has opened (`opened_at` is the earlier of both).
_WHO: dict[Who, str] = {
    Who.OPENED: f"{_DELIVERED} AND m.opened_at IS NOT NULL",
    Who.NOT_OPENED: f"{_DELIVERED} AND m.opened_at IS NULL",
    Who.CLICKED: f"{_DELIVERED} AND m.clicked_at IS NOT NULL",
    Who.NOT_CLICKED: f"{_DELIVERED} AND m.clicked_at IS NULL",
    Who.DELIVERED: _DELIVERED,
    Who.UNDELIVERED: _FAILED,
    Who.HARD_BOUNCED: f"m.state = {STATE_CODE[MessageState.HARD_BOUNCED]}",
    Who.SOFT_BOUNCED: f"m.state = {STATE_CODE[MessageState.SOFT_BOUNCED]}",
    Who.UNSUBSCRIBED: "m.unsubscribed_at IS NOT NULL",
    Who.COMPLAINED: "m.complained_at IS NOT NULL",
}


class Span(NamedTuple):
    """Messages with ids in between, both included: of some days, or of one send of a campaign."""

    first: UUID
    last: UUID
    campaign_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; bounds of message ids are both included.

    :param addresses: spellings of one address. :param parts: spellings of a part of the address or the sender.
    """

    account_id: UUID
    channel: str | None = None
    addresses: Sequence[str] = ()
    parts: Sequence[str] = ()
    state: MessageState | None = None
    least: UUID = LEAST
    greatest: UUID = GREATEST


def of_campaigns(session: Session, by: Filter, *, spans: Sequence[Span], limit: int) -> list[Row]:
    """Messages of campaigns, newest first, as their spans are."""
    rows: list[Row] = []
    for first, last, campaign_id in spans:
        least, greatest = max(first, by.least), min(last, by.greatest)
        if least > greatest:
            continue
        rows += newest(session, by, least, greatest, limit - len(rows), campaign_id)
        if len(rows) >= limit:
            break
    return rows


def of_recipients(
    session: Session,
    *,
    account_id: UUID,
    campaign_id: UUID,
    who: Who,
    ranges: Sequence[tuple[UUID, UUID]],
    after: UUID,
    limit: int,
) -> list[Row]:
    """Messages of a campaign whose recipients did what `who` says, in the order of their numbers."""
    rows: list[Row] = []
    for first, last in ranges:
        if last <= after:
            continue
        result = session.execute(
            text(
                f"SELECT {COLUMNS} FROM messages m WHERE m.message_id > :after"
                " AND m.message_id BETWEEN :first AND :last"
                f" AND m.account_id = :account AND m.campaign_id = :campaign AND {_WHO[who]}"
                " ORDER BY m.message_id LIMIT :limit"
            ),
            {
                "after": after,
                "first": first,
                "last": last,
                "account": account_id,
                "campaign": campaign_id,
                "limit": limit - len(rows),
            },
        )
        rows += result.mappings().all()
        if len(rows) >= limit:
            break
    return rows


def count_who(
    session: Session,
    *,
    account_id: UUID,
    campaign_id: UUID,
    who: Who | None,
    ranges: Sequence[tuple[UUID, UUID]],
    limit: int | None = None,
) -> int:
    """How many `of_recipients` would give in all; None: all of the campaign. Of a range it counts up to `limit`."""
    query = text(
        "SELECT count(*) FROM (SELECT FROM messages m WHERE m.message_id BETWEEN :first AND :last"
        f" AND m.account_id = :account AND m.campaign_id = :campaign AND {_WHO[who] if who else 'true'}"
        " LIMIT :limit) found"
    )
    bound = {"account": account_id, "campaign": campaign_id, "limit": limit}
    return sum(session.scalar(query, {**bound, "first": first, "last": last}) or 0 for first, last in ranges)


def windows_of(session: Session, ranges: Sequence[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
    """Ranges of ids that hold at most `WINDOW` messages each, and together all messages of `ranges`."""
    windows = []
    for first, last in ranges:
        least, greatest = (
            session.scalar(
                text(
                    "SELECT message_id FROM messages WHERE message_id BETWEEN :first AND :last"
                    f" ORDER BY message_id {direction} LIMIT 1"
                ),
                {"first": first, "last": last},
            )
            for direction in ("ASC", "DESC")
        )
        if least is not None and greatest is not None:
            starts = range(least.int, greatest.int + 1, WINDOW)
            windows += [(UUID(int=start), UUID(int=start + WINDOW - 1)) for start in starts]
    return windows


def in_window(
    session: Session, *, account_id: UUID, campaign_id: UUID, who: Who | None, window: tuple[UUID, UUID]
) -> Sequence[Any]:
    """A campaign's messages with ids in `window`, in the order of their numbers."""
    return (
        session.execute(
            text(
                f"SELECT {COLUMNS} FROM messages m WHERE m.message_id BETWEEN :first AND :last"
                f" AND m.account_id = :account AND m.campaign_id = :campaign AND {_WHO[who] if who else 'true'}"
                " ORDER BY m.message_id"
            ),
            {"first": window[0], "last": window[1], "account": account_id, "campaign": campaign_id},
        )
        .mappings()
        .all()
    )


def of_address(session: Session, by: Filter, *, limit: int) -> list[Row]:
    """Messages to one address, in whatever spelling, newest first."""
    conditions, bound = _conditions(by)
    # The address alone picks the index; a planner that hopes to meet it soon would walk the whole log backwards.
    return list(
        session.execute(
            text(
                f"WITH found AS MATERIALIZED (SELECT * FROM messages m WHERE {_TO_ADDRESS}"
                " AND m.message_id BETWEEN :least AND :greatest)"
                f" SELECT {COLUMNS} FROM found m WHERE m.account_id = :account {conditions}"
                " ORDER BY m.message_id DESC LIMIT :limit"
            ),
            {
                **bound,
                "account": by.account_id,
                "least": by.least,
                "greatest": by.greatest,
                "limit": limit,
            },
        )
        .mappings()
        .all()
    )


def of_account(session: Session, by: Filter, *, limit: int) -> list[Row]:
    """An account's messages, newest first, read day by day from those days that have any."""
    rows: list[Row] = []
    for day, _number in days_with(session, by):
        first, last = bounds_of_day(day)
        least, greatest = max(first, by.least), min(last, by.greatest)
        if least <= greatest:
            rows += newest(session, by, least, greatest, limit - len(rows))
        if len(rows) >= limit:
            break
    return rows


def newest(
    session: Session,
    by: Filter,
    least: UUID,
    greatest: UUID,
    limit: int,
    campaign_id: UUID | None = None,
) -> list[Row]:
    """Messages within these bounds, newest first."""
    conditions, bound = _conditions(by)
    if campaign_id is not None:
        conditions += " AND m.campaign_id = :campaign"
    if by.state is not None and by.state not in IN_ROW_STATES:
        # States off the usual road are few, and found in the history, which has an index on them.
        conditions += (
            " AND m.message_id IN (SELECT h.message_id FROM state_history h WHERE h.account_id = :account"
            " AND h.state = :state AND h.message_id BETWEEN :least AND :greatest)"
        )
    result = session.execute(
        text(
            f"SELECT {COLUMNS} FROM messages m WHERE m.message_id BETWEEN :least AND :greatest"
            f" AND m.account_id = :account {conditions} ORDER BY m.message_id DESC LIMIT :limit"
        ),
        {
            **bound,
            "account": by.account_id,
            "campaign": campaign_id,
            "least": least,
            "greatest": greatest,
            "limit": limit,
        },
    )
    return list(result.mappings().all())


def among(session: Session, by: Filter, ids: Sequence[UUID], more: str, bound: dict[str, Any], limit: int) -> list[Row]:
    """Those of the messages that fit, newest first; each is looked up by its key.

    :param more: SQL of a further condition, with the values in `bound`.
    """
    conditions, values = _conditions(by)
    result = session.execute(
        text(
            f"SELECT {COLUMNS} FROM unnest(CAST(:ids AS uuid[])) AS k(id) CROSS JOIN LATERAL"
            " (SELECT * FROM messages m WHERE m.message_id = k.id LIMIT 1) m"
            f" WHERE m.account_id = :account {conditions}{more} ORDER BY m.message_id DESC LIMIT :limit"
        ),
        {**bound, **values, "ids": list(ids), "limit": limit},
    )
    return list(result.mappings().all())


def _conditions(by: Filter) -> tuple[str, dict[str, Any]]:
    sql = ""
    bound: dict[str, Any] = {}
    if by.channel is not None:
        sql, bound = sql + " AND m.channel = :channel", bound | {"channel": by.channel}
    if by.state is not None:
        sql, bound = sql + " AND m.state = :state", bound | {"state": STATE_CODE[by.state]}
    if by.addresses:
        sql, bound = sql + f" AND {_TO_ADDRESS}", bound | {"addresses": list(by.addresses)}
    if by.parts:
        bound |= {f"part{number}": part for number, part in enumerate(by.parts)}
        sql += f" AND ({' OR '.join(_HOLDS_PART.format(part=f'part{n}') for n in range(len(by.parts)))})"
    return sql, bound


def days_with(session: Session, by: Filter) -> Iterator[tuple[date, int]]:
    """Days that hold messages of that channel and state, newest first, and how many messages each holds in all."""
    metric = by.state.value if by.state is not None else "messages"
    days = session.execute(
        text(
            "SELECT split_part(key, ' ', 1) AS day, sum(messages) AS number FROM counters"
            " WHERE scope_id = :account AND dimension = :day GROUP BY 1"
            f" HAVING bool_or({metric} > 0 AND (CAST(:channel AS text) IS NULL OR split_part(key, ' ', 2) = :channel))"
            " ORDER BY 1 DESC"
        ),
        {"account": by.account_id, "day": int(Dimension.DAY), "channel": by.channel},
    )
    return ((date.fromisoformat(day), int(number)) for day, number in days.all())


def bounds_of_day(day: date) -> tuple[UUID, UUID]:
    """The least and the greatest message id of a UTC day."""
    start = datetime.combine(day, time(), UTC)
    return first_id_at(start), UUID(int=first_id_at(start + timedelta(days=1)).int - 1)
