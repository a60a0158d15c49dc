"""After a restore nothing leaves until it is known what has left before: `python -m channel.quarantine SERVICE STEP`.

A ledger that is older than its lanes and campaigns does not know what was sent since, and would send it again. So:

    begin            before the first process starts on the restored database: all that would leave is put off
    look             by campaign: how much waits, and of how much somebody else knows that it has left
    settle           what has left is settled as the message log has it, or `unknown` where only a receipt tells
    drop CAMPAIGN    a campaign's rest is settled as `unknown` too: it is not sent, whoever knows of it or not
    end              the rest leaves

Who knows: reporting's message log, by the message's id; and for SMS the carriers' receipts that match no message,
by the address. SERVICE is a channel's package (sms_gateway), whose settings the command needs. Every step may be
repeated.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor
from sqlalchemy.orm import Session

from channel import lane_outbox, retries
from channel.retries import UPKEEP
from channel.suspended_accounts import EVERYBODY, QUARANTINED
from chassis import seals, suspensions, waking
from chassis.broker import Broker
from chassis.config import ConfigError, load, setting
from chassis.database import Database, columns, cursor_of, make_engine
from chassis.ids import new_id
from chassis.migrate import database_key
from chassis.rpc_client import RpcClient
from contracts.channel import CHANNELS
from contracts.errors import NotFound
from contracts.vocabulary import STATE_RANK, Channel, MessageState

RESTORED = "restored"
AT_ONCE = 1_000
ASKERS = 8
_HANDED_OVER = STATE_RANK[MessageState.SUBMITTED]


class Known(NamedTuple):
    """What is known of a message that has left: its state, when it was handed over, and to whom."""

    state: str
    submitted_at: datetime | None = None
    peer: str | None = None


Knows = Callable[[str, str], Known | None]
"""`knows(account id, message id)`: what the message log has, None where it has nothing."""


@dataclass
class Waiting:
    """What of one campaign (or of single messages: None) waits, and what of it is known to have left."""

    campaign_id: str | None
    waiting: int = 0
    left: dict[str, Known] = field(default_factory=dict)  # by message id; `unknown` where only a receipt tells


def begin(session: Session) -> None:
    suspensions.note(session, account_id=UUID(EVERYBODY), is_suspended=True, occurred_at=datetime.now(UTC))


def end(session: Session) -> None:
    """Let the rest go."""
    suspensions.note(session, account_id=UUID(EVERYBODY), is_suspended=False, occurred_at=datetime.now(UTC))
    while retries.pull_forward(cursor_of(session), QUARANTINED, AT_ONCE):
        pass
    waking.wake(session, UPKEEP, everywhere=True)


def look(session: Session, knows: Knows) -> list[Waiting]:
    """What waits, by campaign, and what of it has left according to the log or to a receipt."""
    cursor = cursor_of(session)
    cursor.execute(
        "SELECT message_id::text, account_id::text, campaign_id::text FROM retries WHERE reason = %s", (QUARANTINED,)
    )
    rows, by_receipt = cursor.fetchall(), _with_receipt(cursor)
    found: defaultdict[str | None, Waiting] = defaultdict(lambda: Waiting(None))
    with ThreadPoolExecutor(ASKERS) as askers:
        answers = askers.map(lambda row: knows(row[1], row[0]), rows)
        for (message_id, _, campaign_id), known in zip(rows, answers, strict=True):
            of = found[campaign_id]
            of.campaign_id, of.waiting = campaign_id, of.waiting + 1
            if known is not None and STATE_RANK[MessageState(known.state)] >= _HANDED_OVER:
                of.left[message_id] = known
            elif message_id in by_receipt:
                of.left[message_id] = Known(MessageState.UNKNOWN)
    return sorted(found.values(), key=lambda each: each.campaign_id or "")


def _with_receipt(cursor: Cursor[Any]) -> set[str]:
    """Of what waits, whose address a receipt that matches no message is of; channels without receipts have none."""
    if not _has(cursor, "parked_receipts"):
        return set()
    cursor.execute(
        "SELECT l.message_id::text FROM retries r JOIN ledger l USING (message_id)"
        " WHERE r.reason = %s AND ltrim(l.address, '+') IN (SELECT ltrim(address, '+') FROM parked_receipts)",
        (QUARANTINED,),
    )
    return {message_id for (message_id,) in cursor.fetchall()}


def settle(session: Session, channel: str, left: Mapping[str, Known]) -> int:
    """These have left: they are not sent again, and stand in the ledger as what they are known to be.

    A state that is no end is `unknown`, which a receipt mends later. Returns how many were still waiting.
    """
    cursor, settled = cursor_of(session), 0
    items = sorted(left.items())
    for start in range(0, len(items), AT_ONCE):
        some = items[start : start + AT_ONCE]
        states = {message_id: _end_of(known.state) for message_id, known in some}
        cursor.execute(
            "DELETE FROM retries WHERE message_id = ANY(%s::uuid[]) AND reason = %s RETURNING message_id::text, body",
            (list(states), QUARANTINED),
        )
        bodies: dict[str, bytes] = dict(cursor.fetchall())
        gone = list(bodies)
        cursor.execute(
            "UPDATE ledger l SET state = s.state, code = %s FROM unnest(%s::uuid[], %s::text[]) s(message_id, state)"
            " WHERE l.message_id = s.message_id AND l.state IN ('accepted', 'deferred')"
            " RETURNING l.message_id::text, l.account_id::text, l.campaign_id::text, l.contact_id::text, l.address,"
            " l.state",
            (RESTORED, gone, [states[message_id] for message_id in gone]),
        )
        unknown = [row for row in cursor.fetchall() if row[5] == MessageState.UNKNOWN]
        _tell(cursor, channel, unknown)
        if unknown and _has(cursor, "unknown_messages"):
            _note_unknown(cursor, [(row[0], bodies[row[0]], left[row[0]]) for row in unknown])
        settled += len(gone)
    return settled


def _end_of(state: str) -> str:
    return state if STATE_RANK[MessageState(state)] > STATE_RANK[MessageState.UNKNOWN] else MessageState.UNKNOWN


def _tell(cursor: Cursor[Any], channel: str, unknown: Sequence[Any]) -> None:
    """That they are unknown: to the log, by way of the next living instance."""
    now = datetime.now(UTC).timestamp()
    events = [
        {
            "message_id": message_id, "account_id": account_id, "campaign_id": campaign_id, "contact_id": contact_id,
            "address": address, "kind": state, "code": RESTORED, "channel": channel, "at": now,
        }
        for message_id, account_id, campaign_id, contact_id, address, state in unknown
    ]  # fmt: skip
    if events:
        lane_outbox.record(cursor, new_id(), CHANNELS[Channel(channel)].service, events, [])


# By whom and when it was handed over says the log, else a receipt that is of its number and sender; without both no
# receipt is believed to be its own. In the ledger stands what the receipt is looked for by.
_NOTE = """
WITH found AS (
  SELECT l.message_id, l.address, l.parts, coalesce(u.sender, c.sender) AS sender,
    coalesce(u.submitted_at, p.submitted_at) AS handed_over_at, coalesce(k.id, p.carrier_id) AS carrier_id
  FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
    AS u(message_id, content_hash, sender, submitted_at, peer)
  CROSS JOIN LATERAL (SELECT * FROM ledger WHERE message_id = u.message_id LIMIT 1) l
  LEFT JOIN contents c USING (content_hash)
  LEFT JOIN carriers k ON k.name = u.peer
  LEFT JOIN LATERAL (
    SELECT carrier_id, submitted_at FROM parked_receipts
    WHERE ltrim(address, '+') = ltrim(l.address, '+')
      AND lower(ltrim(sender, '+')) = lower(ltrim(coalesce(u.sender, c.sender), '+'))
    ORDER BY position DESC LIMIT 1
  ) p ON true
), held AS (
  UPDATE ledger l SET carrier_id = f.carrier_id FROM found f
  WHERE l.message_id = f.message_id AND l.carrier_id IS NULL AND f.carrier_id IS NOT NULL
)
INSERT INTO unknown_messages (message_id, address, parts_left, sender, claimed_at)
SELECT message_id, address, parts, sender, handed_over_at FROM found ON CONFLICT DO NOTHING
"""


def _note_unknown(cursor: Cursor[Any], unknown: Sequence[tuple[str, bytes, Known]]) -> None:
    """Of SMS: so that a receipt that comes finds them.

    :param unknown: id, what was to leave, and what is known, of each.
    """
    rows = []
    for message_id, body, known in unknown:
        header = orjson.loads(bytes(body))
        rows.append((message_id, header["content_hash"], header.get("sender"), known.submitted_at, known.peer))
    cursor.execute(_NOTE, columns(rows, 5))


def drop(session: Session, channel: str, campaign_id: UUID) -> int:
    """Nobody knows what of the campaign's rest has left: none of it leaves (again)."""
    cursor = cursor_of(session)
    cursor.execute(
        "SELECT message_id::text FROM retries WHERE reason = %s AND campaign_id = %s", (QUARANTINED, campaign_id)
    )
    return settle(session, channel, dict.fromkeys((row[0] for row in cursor.fetchall()), Known(MessageState.UNKNOWN)))


def _has(cursor: Cursor[Any], table: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (table,))
    row = cursor.fetchone()
    return bool(row and row[0])


# --- the command


@dataclass(frozen=True, kw_only=True)
class _Config:
    amqp_url: str = setting("AMQP_URL", secret=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m channel.quarantine", description=(__doc__ or "").splitlines()[0])
    channel_of = {facts.service: channel for channel, facts in CHANNELS.items()}
    parser.add_argument("service", choices=sorted(channel_of))
    parser.add_argument("step", choices=("begin", "look", "settle", "drop", "end"))
    parser.add_argument("campaign", nargs="?", type=UUID)
    options = parser.parse_args(arguments)
    if (options.step == "drop") != (options.campaign is not None):
        parser.error("drop, and nothing else, takes a campaign")
    key = database_key(options.service)
    if key not in os.environ:
        sys.stderr.write(f"needed is {key}\n")
        return 2
    database = Database(make_engine(os.environ[key], pool_size=1, application_name="quarantine"))
    channel = str(channel_of[options.service])
    try:
        for line in _step(options.step, database, channel, options.service, options.campaign):
            sys.stdout.write(f"{line}\n")
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _step(step: str, database: Database, channel: str, service: str, campaign_id: UUID | None) -> Iterable[str]:
    if step == "begin":
        with database.transaction() as session:
            begin(session)
        yield "nothing leaves"
    elif step == "end":
        with database.transaction() as session:
            end(session)
        yield "what waited leaves"
    elif step == "drop" and campaign_id is not None:
        with database.transaction() as session:
            yield f"{drop(session, channel, campaign_id)} messages of {campaign_id} are unknown and are not sent"
    else:
        yield from _look_or_settle(step, database, channel, service)


def _look_or_settle(step: str, database: Database, channel: str, service: str) -> Iterable[str]:
    broker = Broker(os.environ.get(f"{service.upper()}_AMQP_URL") or load(_Config, os.environ).amqp_url, "quarantine")
    client = RpcClient(broker.start(), seals.passed_on)

    def knows(account_id: str, message_id: str) -> Known | None:
        actor: dict[str, Any] = {"account_id": account_id, "service": service}
        try:
            return known_by_log(client.call("reporting.get_message", actor, {"message_id": message_id}))
        except NotFound:
            return None

    try:
        with database.transaction() as session:
            for each in look(session, knows):
                name = each.campaign_id or "single messages"
                if step == "settle":
                    yield f"{name}: {settle(session, channel, each.left)} had left and are settled"
                rest = each.waiting - len(each.left)
                yield f"{name}: {each.waiting} wait, {len(each.left)} of them have left, {rest} nobody knows of"
    finally:
        broker.close()


def known_by_log(message: Mapping[str, Any]) -> Known:
    """What the log's answer (`reporting.get_message`) comes to."""
    submitted_at, handed_over = message["submitted_at"], [MessageState.SUBMITTED, MessageState.DELIVERED]
    peers = [moment["peer"] for moment in message["timeline"] if moment["kind"] in handed_over and moment.get("peer")]
    at = datetime.fromisoformat(submitted_at) if isinstance(submitted_at, str) else submitted_at
    return Known(str(message["state"]), at, peers[0] if peers else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
