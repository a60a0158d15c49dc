"""Messages over several channels: rows, and the chains that they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, delete, select, text, tuple_, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns import exceptions
from campaigns.domain.chains import Act, Chain, GoOn, Next, Step, what_next
from campaigns.domain.times import hours_of, zone_of
from campaigns.models import ChainStep, MessageChain
from chassis import waking
from chassis.database import changed
from contracts.vocabulary import ERASED_ADDRESS, ChainState, Channel, StepState

CHAINS = "chains"
"""What a worker that rests is woken by (`chassis.waking`)."""
CONTENTS_KEPT, CHAINS_KEPT = timedelta(days=5), timedelta(days=400)  # after the end
AT_ONCE = 5_000  # in one transaction, of what is deleted

_OF_A_STEP = (
    "code", "asked_at", "tried_at", "sent_at", "looked_at", "unanswered_since", "delivered_at", "read_at", "ended_at",
    "asked_back",
)  # fmt: skip
_TAKE = (
    "UPDATE message_chains SET due_at = :until, lease = :lease WHERE id = ANY (ARRAY(SELECT id FROM message_chains"
    " WHERE channel = :channel AND due_at <= :now ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)) RETURNING id"
)
_DUE = (
    "SELECT c.channel FROM unnest(CAST(:channels AS text[])) AS c(channel)"
    " WHERE EXISTS (SELECT 1 FROM message_chains m WHERE m.channel = c.channel AND m.due_at <= :now)"
)
_IS_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_DELETE = (
    "DELETE FROM message_chains WHERE id = ANY (ARRAY(SELECT id FROM message_chains WHERE {which}"
    " FOR UPDATE SKIP LOCKED))"
)
_FORGET = (
    "WITH due AS MATERIALIZED (SELECT id FROM message_chains WHERE content_until < :now ORDER BY content_until"
    " LIMIT :limit FOR UPDATE SKIP LOCKED), emptied AS (UPDATE chain_steps SET content = NULL"
    " WHERE chain_id = ANY (ARRAY(SELECT id FROM due)))"
    " UPDATE message_chains SET content_until = NULL WHERE id = ANY (ARRAY(SELECT id FROM due))"
)
_FIGURES = text(
    "SELECT s.place + 1 AS place, s.channel, count(*) AS steps, count(s.sent_at) AS sent,"
    " count(*) FILTER (WHERE s.state = 'reached') AS reached, count(s.read_at) AS read,"
    " count(*) FILTER (WHERE s.state = 'failed') AS failed,"
    " count(*) FILTER (WHERE s.state = 'impossible') AS impossible,"
    " count(*) FILTER (WHERE s.state IN ('timed_out', 'revoked', 'unknown')) AS timed_out,"
    " count(*) FILTER (WHERE s.state = 'skipped' AND c.state = 'reached') AS saved, sum(s.units) AS units"
    " FROM message_chains c JOIN chain_steps s ON s.chain_id = c.id"
    " WHERE c.account_id = :account AND c.created_at >= :since AND c.created_at < :until GROUP BY 1, 2 ORDER BY 1, 2"
)
_ENDS = text(
    "SELECT state, reached_by, count(*) AS chains FROM message_chains"
    " WHERE account_id = :account AND created_at >= :since AND created_at < :until GROUP BY 1, 2"
)
_THEIRS = (
    " account_id = :account AND id IN (SELECT chain_id FROM chain_steps"
    " WHERE account_id = :account AND address = ANY(:addresses) UNION SELECT id FROM message_chains"
    " WHERE account_id = :account AND contact_id = ANY(CAST(:contacts AS uuid[])))"
)


@dataclass
class Kept:
    """A chain that is locked: its rows, and the value that they are."""

    row: MessageChain
    steps: list[ChainStep]
    chain: Chain


def add(session: Session, row: MessageChain, steps: Sequence[ChainStep]) -> None:
    """Once: the same request made before has made the same rows."""
    for model, rows in ((MessageChain, [row]), (ChainStep, steps)):
        values = [{column.key: getattr(one, column.key) for column in model.__table__.columns} for one in rows]
        known = [{name: value for name, value in each.items() if value is not None} for each in values]
        for each in known:
            session.execute(insert(model).values(**each).on_conflict_do_nothing())
    waking.wake(session, CHAINS)


def get(session: Session, *, account_id: UUID, chain_id: UUID) -> Kept:
    """:raises NotFound: not in this account."""
    found = find(session, account_id=account_id, chain_id=chain_id)
    if found is None:
        raise exceptions.no_such_chain()
    return found


def find(session: Session, *, account_id: UUID, chain_id: UUID) -> Kept | None:
    found = _kept(session, select(MessageChain).where(MessageChain.id == chain_id, _of(account_id)))
    return found[0] if found else None


def locked(session: Session, chain_ids: Collection[UUID]) -> dict[UUID, Kept]:
    """By id; two who lock several of the same do so in one order."""
    query = select(MessageChain).where(MessageChain.id.in_(chain_ids)).order_by(MessageChain.id)
    return {one.row.id: one for one in _kept(session, query.with_for_update())}


def places_of(session: Session, message_ids: Collection[UUID]) -> dict[UUID, tuple[UUID, int]]:
    """Chain and step of those of `message_ids` that are of a chain."""
    columns = (ChainStep.message_id, ChainStep.chain_id, ChainStep.place)
    found = session.execute(select(*columns).where(ChainStep.message_id.in_(message_ids)))
    return {row.message_id: (row.chain_id, row.place) for row in found}


def listed(
    session: Session,
    *,
    account_id: UUID,
    after: tuple[datetime, UUID] | None,
    limit: int,
    state: ChainState | None,
    reached_by: Channel | None,
    external_id: str | None,
    contact_id: UUID | None,
    since: datetime | None,
    until: datetime | None,
) -> Sequence[MessageChain]:
    """Newest first."""
    query = select(MessageChain).where(_of(account_id))
    for column, value in (
        (MessageChain.state, state), (MessageChain.reached_by, reached_by),
        (MessageChain.external_id, external_id), (MessageChain.contact_id, contact_id),
    ):  # fmt: skip
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(MessageChain.created_at >= since)
    if until is not None:
        query = query.where(MessageChain.created_at < until)
    if after is not None:
        query = query.where(tuple_(MessageChain.created_at, MessageChain.id) < after)
    query = query.order_by(MessageChain.created_at.desc(), MessageChain.id.desc()).limit(limit)
    return session.scalars(query).all()


def due_channels(session: Session, channels: Sequence[Channel], *, now: datetime) -> set[Channel]:
    """Those of the channels on which a step is due."""
    found = session.scalars(text(_DUE), {"channels": [str(channel) for channel in channels], "now": now})
    return {Channel(channel) for channel in found}


def take(session: Session, channel: Channel, *, now: datetime, lease: UUID, lasts: timedelta, limit: int) -> list[Kept]:
    """Chains whose open step is due on the channel, for `lasts` nobody else's."""
    asked = {"channel": channel, "now": now, "until": now + lasts, "lease": lease, "limit": limit}
    chain_ids = session.scalars(text(_TAKE), asked).all()
    return list(locked(session, chain_ids).values()) if chain_ids else []


def note_address(session: Session, chain_id: UUID, place: int, *, lease: UUID, address: str) -> bool:
    """Where a contact's step goes; False where the chain is no longer that lease's, stopped, or its person erased."""
    noted = changed(
        session,
        "UPDATE chain_steps s SET address = :address, is_addressed = true FROM message_chains c WHERE c.id = s.chain_id"
        " AND s.chain_id = :chain AND s.place = :place AND c.lease = :lease AND c.state = 'running'"
        " AND s.content IS NOT NULL",
        address=address, chain=chain_id, place=place, lease=lease,
    )  # fmt: skip
    return noted > 0


def save(session: Session, kept: Kept, chain: Chain, *, now: datetime, rest: timedelta = timedelta()) -> Next:
    """Write what the chain has become, and when it is to be looked at; what is in somebody's hands stays there.

    :param rest: at the earliest after so long. :returns: what is to be done next.
    """
    row = kept.row
    chain, following = what_next(chain, now)
    for step, after in zip(kept.steps, chain.steps, strict=True):
        step.state = after.state
        for name in _OF_A_STEP:
            setattr(step, name, getattr(after, name))
    kept.chain = chain
    row.state, row.is_cancelled = chain.state, chain.is_cancelled
    row.reached_by = None if chain.reached_by is None else kept.steps[chain.reached_by].channel
    row.channel = None if chain.open_step is None else kept.steps[chain.open_step].channel
    if row.state == ChainState.RUNNING:
        row.ended_at = row.content_until = None
    elif row.ended_at is None:
        row.ended_at, row.content_until = now, now + CONTENTS_KEPT
    if row.lease is None or row.due_at is None or row.due_at <= now:
        row.lease = None
        row.due_at = None if following.at is None and following.act is Act.NOTHING else (following.at or now)
        if row.due_at is not None:
            row.due_at = max(row.due_at, now + rest)
            if row.due_at <= now:
                waking.wake(session, CHAINS)
    return following


def figures(
    session: Session, *, account_id: UUID, since: datetime, until: datetime
) -> tuple[Sequence[RowMapping], Sequence[RowMapping]]:
    """Of the steps by place and channel; of the chains by state and by who was reached on what."""
    asked = {"account": account_id, "since": since, "until": until}
    return session.execute(_FIGURES, asked).mappings().all(), session.execute(_ENDS, asked).mappings().all()


# --- one person, an account, and time


def of_person(
    session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID | None, limit: int
) -> list[Kept]:
    """By id from the greatest on."""
    query = select(MessageChain).where(
        _of(account_id),
        MessageChain.id.in_(
            union(
                select(ChainStep.chain_id).where(ChainStep.account_id == account_id, ChainStep.address.in_(addresses)),
                select(MessageChain.id).where(_of(account_id), MessageChain.contact_id.in_(_contacts(addresses))),
            )
        ),
    )
    if before is not None:
        query = query.where(MessageChain.id < before)
    return _kept(session, query.order_by(MessageChain.id.desc()).limit(limit))


def ids_of_person(session: Session, *, account_id: UUID, addresses: Collection[str], by: datetime) -> Sequence[UUID]:
    statement = text(f"SELECT id FROM message_chains WHERE {_THEIRS} AND created_at <= :by")
    asked = {"account": account_id, "addresses": list(addresses), "contacts": _contacts(addresses), "by": by}
    return session.scalars(statement, asked).all()


def _contacts(addresses: Collection[str]) -> list[UUID]:
    """The contacts among a person's addresses."""
    return [UUID(address) for address in addresses if _IS_ID(address)]


def forget_person(kept: Kept) -> None:
    """What was said, to whom, and what the customer calls it."""
    kept.row.contact_id = kept.row.external_id = kept.row.webhook_url = None
    for step in kept.steps:
        step.content = None
        step.address = ERASED_ADDRESS


def erase_account(session: Session, account_id: UUID) -> None:
    session.execute(delete(MessageChain).where(_of(account_id)))


def erase_some_of_account(session: Session, account_id: UUID, *, limit: int = AT_ONCE) -> int:
    """How many; none where there are no more."""
    which = "account_id = :account LIMIT :limit"
    return changed(session, _DELETE.format(which=which), account=account_id, limit=limit)


def forget_old(session: Session, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Delete contents, and chains, that are over for long; how many of both, none where there are no more."""
    contents = changed(session, _FORGET, now=now, limit=limit)
    which = "ended_at < :before ORDER BY ended_at LIMIT :limit"
    return contents + changed(session, _DELETE.format(which=which), before=now - CHAINS_KEPT, limit=limit)


def _of(account_id: UUID) -> Any:
    return MessageChain.account_id == account_id


def _kept(session: Session, query: Select[Any]) -> list[Kept]:
    fresh = {"populate_existing": True}  # what was read before it was locked may be of before
    rows = session.scalars(query, execution_options=fresh).all()
    steps: dict[UUID, list[ChainStep]] = {row.id: [] for row in rows}
    theirs = select(ChainStep).where(ChainStep.chain_id.in_(steps)).order_by(ChainStep.chain_id, ChainStep.place)
    for step in session.scalars(theirs, execution_options=fresh) if rows else ():
        steps[step.chain_id].append(step)
    return [Kept(row, steps[row.id], _chain(row, steps[row.id])) for row in rows]


def _chain(row: MessageChain, steps: Sequence[ChainStep]) -> Chain:
    return Chain(tuple(map(_step, steps)), row.is_cancelled, zone_of(row.time_zone))


def _step(step: ChainStep) -> Step:
    told = {name: getattr(step, name) for name in _OF_A_STEP}
    return Step(go_on=go_on_of(step.go_on), hours=hours_of(step.quiet_hours), state=StepState(step.state), **told)


def go_on_of(written: Mapping[str, Any]) -> GoOn:
    """As a step writes it: `contracts.campaigns.chains.GoOn`."""
    minutes, hours = written.get("not_delivered_minutes"), written.get("not_read_hours")
    return GoOn(
        impossible=written["impossible"],
        refused=written["refused"],
        not_delivered=None if minutes is None else timedelta(minutes=minutes),
        not_read=None if hours is None else timedelta(hours=hours),
    )
