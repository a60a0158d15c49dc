"""Contents and single messages of a channel with the plain ledger: stored, shown, forgotten.

The use cases of a channel that has nothing of its own to add; one that has (parts, headers, a schedule) writes its own
in their place, as SMS and e-mail do. Tables: `tables.create_contents`, `create_sends`, `create_ledger`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from channel import kept_contents, people, quota_leases
from channel.single_sends import Answer, Raced, TooFewUnits
from chassis import erasures, outbox, pages
from chassis.actors import account_of, submitter_of
from chassis.database import Database, Session, changed, columns, cursor_of
from chassis.ids import new_id
from contracts import ids, lanes
from contracts.channel import MessageSummary
from contracts.errors import NotFound
from contracts.rpc import Actor
from contracts.schema import dump
from contracts.vocabulary import ERASED_ADDRESS, Channel, Lane, MessageState

_COLUMNS = "l.message_id AS id, l.address AS to, l.state, l.code, s.external_id"
_OF_ACCOUNT = (
    " FROM ledger l LEFT JOIN sends s ON s.account_id = l.account_id"
    " AND s.stem_id = CAST(left(CAST(l.message_id AS text), 28) || '00000000' AS uuid) WHERE l.account_id = :account"
)
_THEIRS = (  # by the index of `people.index_cold`, where there is one
    " AND l.address = ANY(CAST(:addresses AS text[]))"
    " AND hashtext(l.address) = ANY(ARRAY(SELECT hashtext(a) FROM unnest(CAST(:addresses AS text[])) a))"
    " AND l.message_id < :before"
)
_ADD = text(
    "INSERT INTO sends (send_id, account_id, content_hash, external_id, stem_id, request_hash)"
    " VALUES (:send_id, :account_id, :content_hash, :external_id, :stem_id, :request_hash)"
    " ON CONFLICT (request_hash) DO NOTHING"
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One send, checked and not stored yet.

    :ivar content: what is stored with the send and kept for a while (`kept_contents`); None: its content is stored
        for ever already (`keep_content`).
    """

    account_id: UUID
    content_hash: str
    sender: str
    addresses: Sequence[str]
    fields: Mapping[str, Any]
    lane: Lane = Lane.TRANSACTIONAL
    external_id: str | None = None
    webhook_url: str | None = None
    submitter_id: str | None = None
    request_key: str | None = None
    trace_id: str = ""
    content: Mapping[str, Any] | None = None
    test_of: str | None = None  # the campaign of which it is a test

    @property
    def request_hash(self) -> str | None:
        """Of the request's key, so that a repeat finds what it made."""
        return self.request_key and hashlib.sha256(f"{self.account_id}:{self.request_key}".encode()).hexdigest()


def plan_of(
    actor: Actor,
    content_hash: str,
    sender: str,
    addresses: Sequence[str],
    *,
    fields: Mapping[str, Any] | None = None,
    **more: Any,
) -> Plan:
    """What an actor asks for, once to each of `addresses`; `more` as in `Plan`."""
    return Plan(
        account_id=account_of(actor), content_hash=content_hash, sender=sender,
        addresses=list(dict.fromkeys(addresses)), fields=fields or {}, request_key=actor.get("request_key"),
        submitter_id=submitter_of(actor), trace_id=str(actor.get("request_id") or ""), **more,
    )  # fmt: skip


def of_sending(request: dict[str, Any]) -> dict[str, Any]:
    """What a request says of its messages and not in them, as `Plan` has it; it is taken out of the request."""
    return {name: request.pop(name, None) for name in ("external_id", "webhook_url")}


# --- contents


def hash_of(account_id: UUID, sender: str, content: Mapping[str, Any]) -> str:
    """What a content is known by."""
    canonical = orjson.dumps([str(account_id), sender, content], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()


def keep_content(session: Session, account_id: UUID, sender: str, content: Mapping[str, Any]) -> str:
    """Store an immutable content, for ever; returns the hash by which it is known."""
    name = hash_of(account_id, sender, content)
    changed(
        session,
        "INSERT INTO contents (content_hash, account_id, sender, content)"
        " VALUES (:name, :account, :sender, CAST(:content AS jsonb))"
        " ON CONFLICT (content_hash) DO UPDATE SET keep_until = NULL WHERE contents.keep_until IS NOT NULL",
        name=name, account=account_id, sender=sender, content=orjson.dumps(content).decode(),
    )  # fmt: skip
    return name


def content(session: Session, content_hash: str) -> Any:
    """A row with account_id, sender and content, or None."""
    statement = text("SELECT account_id, sender, content FROM contents WHERE content_hash = :name")
    return session.execute(statement, {"name": content_hash}).one_or_none()


def own_content(session: Session, actor: Actor, content_hash: str) -> Any:
    """:raises NotFound: no such content in the actor's account."""
    row = content(session, content_hash)
    if row is None or row.account_id != account_of(actor):
        raise NotFound("content.not_found", "There is no such content.")
    return row


# --- single messages


def storing(channel: Channel, source: str) -> Callable[[Session, Sequence[Plan]], list[Answer]]:
    """`store` of `channel.single_sends.SingleSends`: messages on disk and in the lane, within the leased units."""

    def store(session: Session, plans: Sequence[Plan]) -> list[Answer]:
        made = _made_before(session, [plan.request_hash for plan in plans if plan.request_hash])
        leased = quota_leases.leased(session, {plan.account_id for plan in plans})
        erasures.share(session)
        answers: list[Answer] = []
        for plan in plans:
            units, lease = len(plan.addresses), leased[plan.account_id]
            if plan.request_hash not in made and units > lease.unspent:
                answers.append(TooFewUnits(plan.account_id, units, lease.unspent))
                continue
            if plan.request_hash not in made and (refusal := lease.refuses(plan.addresses)):
                answers.append(refusal)
                continue
            if plan.request_hash not in made:
                lease.unspent -= units
                made[plan.request_hash] = _started(session, plan, channel, source)
            answers.append(_accepted(made[plan.request_hash], plan))
            made.pop(None, None)
        return answers

    return store


def _made_before(session: Session, hashes: Collection[str]) -> dict[str | None, UUID]:
    found = session.execute(
        text("SELECT request_hash, send_id FROM sends WHERE request_hash = ANY(:hashes)"), {"hashes": list(hashes)}
    )
    return {row.request_hash: row.send_id for row in found}


def _started(session: Session, plan: Plan, channel: Channel, source: str) -> UUID:
    """The send's id, with its rows, its events and its batches on their way."""
    send_id, account_id = new_id(), str(plan.account_id)
    of = ids.message_ids(send_id)
    added = changed(
        session, _ADD,
        send_id=send_id, account_id=plan.account_id, content_hash=plan.content_hash, external_id=plan.external_id,
        stem_id=of(0), request_hash=plan.request_hash,
    )  # fmt: skip
    if not added:
        raise Raced
    if plan.content is not None:
        kept_contents.keep(
            session, name=plan.content_hash, account_id=plan.account_id, sender=plan.sender, content=plan.content,
            now=datetime.now(UTC),
        )  # fmt: skip
    quota_leases.spend(session, {plan.account_id: len(plan.addresses)})
    rows = [(of(number), account_id, to, "accepted") for number, to in enumerate(plan.addresses, 1)]
    cursor_of(session).execute(
        "INSERT INTO ledger (message_id, account_id, address, state)"
        " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[])",
        columns(rows, 4),
    )
    outbox.record_lanes(session, [*_told(plan, rows, channel, source), *_batches(plan, send_id, channel)])
    return send_id


def _told(plan: Plan, rows: Sequence[tuple[UUID, str, str, str]], channel: Channel, source: str) -> Any:
    events = [
        {
            "message_id": str(message_id), "account_id": account_id, "at": ids.created_at(message_id).timestamp(),
            "kind": MessageState.ACCEPTED, "channel": channel, "campaign_id": None, "address": to,
            "sender": plan.sender, "parts": 1,
            "labels": {
                "external_id": plan.external_id, "submitter_id": plan.submitter_id, "test_of": plan.test_of,
                "webhook_url": plan.webhook_url,
            },
        }
        for message_id, account_id, to, _state in rows
    ]  # fmt: skip
    for start in range(0, len(events), lanes.BATCH_SIZE):
        some = events[start : start + lanes.BATCH_SIZE]
        yield lanes.DELIVERY_EVENTS, orjson.dumps({"v": 1, "source": source, "events": some})


def _batches(plan: Plan, send_id: UUID, channel: Channel) -> Any:
    recipients = [
        {"number": number, "contact_id": None, "address": to, "fields": plan.fields}
        for number, to in enumerate(plan.addresses, 1)
    ]
    for start in range(0, len(recipients), lanes.BATCH_SIZE):
        batch = {
            "v": 1, "batch_id": str(new_id()), "account_id": str(plan.account_id), "campaign_id": None,
            "send_id": str(send_id), "content_hash": plan.content_hash, "trace_id": plan.trace_id,
            "recipients": recipients[start : start + lanes.BATCH_SIZE],
        }  # fmt: skip
        yield lanes.channel_lane(channel, plan.lane), orjson.dumps(batch)


def _accepted(send_id: UUID, plan: Plan) -> dict[str, Any]:
    of = ids.message_ids(send_id)
    return {"messages": [{"id": str(of(number)), "to": to} for number, to in enumerate(plan.addresses, 1)]}


def get_message(
    session: Session, *, actor: Actor, now: datetime, message_id: UUID, more: Sequence[str] = ()
) -> dict[str, Any]:
    """:param more: columns of the ledger beside what every channel shows.
    :raises NotFound: no such message in the account."""
    asked = {"account": account_of(actor), "id": message_id}
    shown = ", ".join([_COLUMNS, *(f"l.{name}" for name in more)])
    statement = text(f"SELECT {shown}{_OF_ACCOUNT} AND l.message_id = :id")
    row = session.execute(statement, asked).mappings().one_or_none()
    if row is None:
        raise NotFound("message.not_found", "There is no such message.")
    return _shown(row)


def _shown(row: Any) -> dict[str, Any]:
    return {**row, "state": MessageState(row["state"])}


# --- one person


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person, newest first."""
    before = pages.position(cursor) or UUID(int=2**128 - 1)
    asked = {"account": account_of(actor), "addresses": addresses, "before": before, "limit": limit + 1}
    statement = text(f"SELECT {_COLUMNS}{_OF_ACCOUNT}{_THEIRS} ORDER BY l.message_id DESC LIMIT :limit")
    rows = session.execute(statement, asked).mappings().all()
    page = pages.page(rows, limit, lambda row: dump(MessageSummary, _shown(row)))
    return {**page, "items": [{"kind": "message", "record": record} for record in page["items"]]}


def erase_person(
    database: Database, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`: see `people.erase`."""
    return people.erase(
        database, account_id=account_of(actor), addresses=addresses, erased_at=erased_at, dry_run=dry_run,
        find=_find, anonymise=_anonymise,
    )  # fmt: skip


def _find(session: Session, *, account_id: UUID, **asked: Any) -> Collection[UUID]:
    statement = text(f"SELECT l.message_id FROM ledger l WHERE l.account_id = :account{_THEIRS}")
    return session.scalars(statement, {"account": account_id, **asked}).all()


def _anonymise(session: Session, account_id: UUID, message_ids: Collection[UUID]) -> None:
    """Out of the ledger; and what the customer called a message, and said in it, that went to nobody else."""
    asked = {"account": account_id, "ids": list(message_ids)}
    changed(
        session,
        "UPDATE ledger SET address = :erased, contact_id = NULL WHERE message_id = ANY(:ids)",
        ids=asked["ids"], erased=ERASED_ADDRESS,
    )  # fmt: skip
    stems = sorted({UUID(int=one.int >> 32 << 32) for one in message_ids})
    changed(
        session,
        "UPDATE sends SET external_id = NULL WHERE account_id = :account AND stem_id = ANY(:stems)",
        account=account_id, stems=stems,
    )  # fmt: skip
    kept_contents.forget(session, account_id=account_id, message_ids=message_ids)
