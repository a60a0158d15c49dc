"""Taking back a single message that waits here: in the schedule, or in a lane that nobody has read yet.

It is rejected in the ledger, by which whoever reads the lane later knows that it has its outcome (`channel.claims`).
One in the schedule that has left already, and of which no answer came, is unknown: nobody can say that it was revoked.
What an instance has claimed may have left, and stays as it is. So does what waits in a lane of a channel that does not
know the send of a message (e-mail): it cannot be told there from what is being claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from channel.batches import UNANSWERED, UNREADABLE
from channel.claims import RETAKEABLE
from chassis import outbox
from chassis.actors import account_of
from chassis.database import Session
from contracts import lanes
from contracts.errors import NotFound
from contracts.ids import recipient_number
from contracts.rpc import Actor
from contracts.vocabulary import Channel, MessageState

REVOKED = "message.revoked"
NoteUnknown = Callable[[Session, Sequence[UUID]], None]
_CODES: Mapping[MessageState, str | None] = {MessageState.REJECTED: REVOKED, MessageState.UNKNOWN: None}
_TOLD: Mapping[MessageState, Mapping[str, str]] = {
    MessageState.REJECTED: {"code": REVOKED},
    MessageState.UNKNOWN: {"detail": "it had left and no answer came; it was taken back and does not leave again"},
}

_STEM = "CAST(left(CAST(CAST(:id AS uuid) AS text), 28) || '00000000' AS uuid)"
_SEND = text(f"SELECT send_id FROM sends WHERE account_id = :account AND stem_id = {_STEM}")
# As who claims: one after the other, of one send.
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_LEDGER = text(
    "SELECT state, code, campaign_id FROM ledger WHERE message_id = :id AND account_id = :account FOR NO KEY UPDATE"
)
_THEIRS = text(
    "SELECT message_id, state, code, campaign_id FROM ledger WHERE message_id = ANY(:ids) AND account_id = :account"
    " ORDER BY message_id FOR NO KEY UPDATE"
)
_TAKE_OUT = text(
    "DELETE FROM retries WHERE message_id = ANY(:ids) AND account_id = :account RETURNING message_id, body"
)
_END = text("UPDATE ledger SET state = :state, code = :code WHERE message_id = ANY(:ids)")
_CLAIMED = text("SELECT 1 FROM claims WHERE send_id = :send AND :number = ANY(numbers)")


def note_nowhere(session: Session, message_ids: Sequence[UUID]) -> None:
    """For channels that look for nothing more of what is unknown."""


def send_of(session: Session, account_id: UUID, message_id: UUID) -> UUID | None:
    """The send of a single message, in a channel with `sends` (`tables.create_sends`)."""
    found: UUID | None = session.scalar(_SEND, {"account": account_id, "id": message_id})
    return found


def revoke_message(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    message_id: UUID,
    channel: Channel,
    source: str,
    send_of: Callable[[Session, UUID, UUID], UUID | None],
    note_unknown: NoteUnknown = note_nowhere,
) -> dict[str, Any]:
    """Take it back where it still waits.

    :param note_unknown: is told of those that are unknown from here on, which a receipt may mend.
    :raises NotFound: no such single message in the account.
    """
    account_id = account_of(actor)
    send_id = send_of(session, account_id, message_id)
    if send_id is not None:
        session.execute(_LOCK, {"key": send_id.int & 0x7FFFFFFFFFFFFFFF})
    row = session.execute(_LEDGER, {"account": account_id, "id": message_id}).one_or_none()
    if row is None or row.campaign_id is not None:
        raise NotFound("message.not_found", "There is no such message.")
    taken: dict[UUID, MessageState] = {}
    if row.state in RETAKEABLE:
        taken = _taken_out(session, account_id, [message_id])
        if not taken and _lies_in_a_lane(session, message_id, send_id, row.state):
            taken = {message_id: MessageState.REJECTED}
    _note_unknown(session, taken, note_unknown)
    _end(session, account_id, taken, {}, now=now, channel=channel, source=source)
    state = taken.get(message_id)
    if state is None:
        return {"revoked": row.code == REVOKED, "state": MessageState(row.state)}
    return {"revoked": state is MessageState.REJECTED, "state": state}


def take_back_messages(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    message_ids: Sequence[UUID],
    is_wanted_back: bool,
    channel: Channel,
    source: str,
    note_unknown: NoteUnknown = note_nowhere,
) -> dict[str, Any]:
    """How these messages stand, single ones and campaigns'; those in the schedule of retries are taken out of it.

    What lies in a lane or is claimed stays: it may be on its way out.

    :param note_unknown: as of `revoke_message`.
    """
    account_id = account_of(actor)
    rows = session.execute(_THEIRS, {"account": account_id, "ids": sorted(message_ids)}).all()
    taken = _taken_out(session, account_id, message_ids) if is_wanted_back else {}
    _note_unknown(session, taken, note_unknown)
    campaigns = {row.message_id: str(row.campaign_id) for row in rows if row.campaign_id is not None}
    _end(session, account_id, taken, campaigns, now=now, channel=channel, source=source)
    return {"messages": [_as_it_is(row, taken.get(row.message_id)) for row in rows]}


def _as_it_is(row: Any, taken: MessageState | None) -> dict[str, Any]:
    state, code = (MessageState(row.state), row.code) if taken is None else (taken, _CODES[taken])
    return {"id": row.message_id, "state": state, "code": code, "revoked": code == REVOKED}


def _taken_out(session: Session, account_id: UUID, message_ids: Sequence[UUID]) -> dict[UUID, MessageState]:
    """Out of the schedule, with the state that each has from now on: one that has left without an answer does not leave
    again, but the person may have it."""
    rows = session.execute(_TAKE_OUT, {"account": account_id, "ids": sorted(message_ids)})
    return {
        message_id: MessageState.UNKNOWN if _may_have_left(body) else MessageState.REJECTED for message_id, body in rows
    }


def _note_unknown(session: Session, taken: Mapping[UUID, MessageState], note_unknown: NoteUnknown) -> None:
    if ids := sorted(message_id for message_id, state in taken.items() if state is MessageState.UNKNOWN):
        note_unknown(session, ids)


def _may_have_left(body: bytes) -> bool:
    try:
        return any(recipient.get(UNANSWERED) for recipient in orjson.loads(body)["recipients"])
    except UNREADABLE:  # whoever takes that parks it
        return False


def _end(
    session: Session,
    account_id: UUID,
    taken: Mapping[UUID, MessageState],
    campaigns: Mapping[UUID, str],
    *,
    now: datetime,
    channel: Channel,
    source: str,
) -> None:
    """Write down what was taken, and tell of it. :param campaigns: whose it is, of those that are a campaign's."""
    for state, code in _CODES.items():
        if ids := sorted(message_id for message_id, each in taken.items() if each is state):
            session.execute(_END, {"ids": ids, "state": state, "code": code})
    events = [
        {
            "message_id": str(message_id), "account_id": str(account_id), "at": now.timestamp(), "kind": state,
            "channel": channel, "campaign_id": campaigns.get(message_id), **_TOLD[state],
        }
        for message_id, state in sorted(taken.items())
    ]  # fmt: skip
    if events:
        outbox.record_lane(session, lanes.DELIVERY_EVENTS, orjson.dumps({"v": 1, "source": source, "events": events}))


def _lies_in_a_lane(session: Session, message_id: UUID, send_id: UUID | None, state: str) -> bool:
    """Whether nobody has it in hand, nor will."""
    if send_id is None or state != MessageState.ACCEPTED:
        return False
    return session.execute(_CLAIMED, {"send": send_id, "number": recipient_number(message_id)}).first() is None
