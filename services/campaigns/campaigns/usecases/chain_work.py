"""Work on messages over several channels: steps handed over, receipts heard, time that passes.

Nothing is asked of others inside a transaction: what is to be done is taken with a lease, done, and written, many at a
time. Whoever is killed between is followed by another when the lease is over, who makes the same request again: its key
is the step's, so the channel has one message of it however often it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, Protocol
from uuid import UUID

from campaigns.domain import chains as domain
from campaigns.domain.chains import Act, Chain
from campaigns.models import ChainStep
from campaigns.store import chains as store
from campaigns.usecases import chain_people
from campaigns.usecases.ports import Call, ask_as
from chassis.database import Database, Session
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.rpc_client import RemoteFailure
from contracts.campaigns import chains as contract
from contracts.channel import CHANNELS
from contracts.errors import NotFound, TooManyRequests, Unavailable, WiciError
from contracts.rpc import Actor
from contracts.vocabulary import ERASED_ADDRESS, Channel, Engagement, MessageState

CALL_SECONDS = 8.0  # three of them, one after the other, are well within a lease
AGAIN = timedelta(seconds=2)  # after a channel that did not answer
READING_HEARD = timedelta(seconds=3)  # until the message log has it, too
LOG_AGAIN = timedelta(seconds=10)  # after a message log that had nothing, or did not answer
_STATES = frozenset(state.value for state in MessageState)
READING = frozenset(Engagement) - {Engagement.UNSUBSCRIBED, Engagement.COMPLAINED}

log = get_logger()


@dataclass(frozen=True)
class Task:
    """What is to be done about one chain's open step; plain values, for it outlives its transaction."""

    lease: UUID
    chain_id: UUID
    account_id: UUID
    place: int
    act: Act
    channel: Channel
    address: str | None
    is_addressed: bool
    contact_id: UUID | None
    message_id: UUID | None
    send: Mapping[str, Any]
    waits_for_reading: bool
    taken_at: datetime

    @property
    def actor(self) -> Actor:
        return {"account_id": str(self.account_id), "service": "campaigns", "request_id": str(self.chain_id)}


@dataclass(frozen=True)
class Outcome:
    """What came of a task. Nothing is set: nobody answered.

    :ivar message_id: the channel has taken the message. :ivar code: it does not, and why.
    :ivar state: how its message stands. :ivar revoked: whether it was taken back.
    :ivar is_whole: whether all who were to be asked have answered; the message log may not have.
    """

    message_id: UUID | None = None
    address: str | None = None
    units: int = 0
    code: str | None = None
    is_impossible: bool = False
    state: MessageState | None = None
    is_read: bool = False
    is_whole: bool = True
    revoked: bool | None = None

    @property
    def is_known(self) -> bool:
        return self.message_id is not None or self.code is not None or self.state is not None


def due_channels(database: Database, *, now: datetime) -> set[Channel]:
    """Those on which something is due: one read for all of them, while there is nothing to do."""
    with database.reading() as session:
        return store.due_channels(session, list(CHANNELS), now=now)


def take(database: Database, channel: Channel, *, now: datetime, lasts: timedelta, limit: int) -> list[Task]:
    """What is due on the channel, leased. A step that is to be sent counts from here on as one that may have left."""
    lease = new_id()
    with database.transaction() as session:
        found = store.take(session, channel, now=now, lease=lease, lasts=lasts, limit=limit)
        tasks = [_task(session, kept, lease, now) for kept in found]
    return [task for task in tasks if task is not None]


def _task(session: Session, kept: store.Kept, lease: UUID, now: datetime) -> Task | None:
    chain, following = domain.what_next(kept.chain, now)
    if following.act is Act.SEND:
        chain = domain.claimed(chain, following.place, now)
    is_others = chain.open_step is not None and kept.steps[following.place].channel != kept.row.channel
    if following.act is Act.NOTHING or is_others:  # time alone has moved it on, perhaps to another channel
        kept.row.lease = None
        store.save(session, kept, chain, now=now)
        return None
    store.save(session, kept, chain, now=now)
    step = kept.steps[following.place]
    return Task(
        lease=lease, chain_id=kept.row.id, account_id=kept.row.account_id, place=following.place, act=following.act,
        channel=Channel(step.channel), address=step.address, is_addressed=step.is_addressed,
        contact_id=kept.row.contact_id, message_id=step.message_id, send=_send(kept, step),
        waits_for_reading=chain.steps[following.place].go_on.not_read is not None, taken_at=now,
    )  # fmt: skip


def _send(kept: store.Kept, step: ChainStep) -> dict[str, Any]:
    """The request but for the address."""
    said = {"content": step.content, "sender": step.sender}
    labels: dict[str, Any] = {"external_id": kept.row.external_id or str(kept.row.id)}
    if kept.row.webhook_url:
        labels["webhook_url"] = kept.row.webhook_url
    return {"said": said, "labels": labels}


class Note(Protocol):
    """Write down to which address the step is about to go; whether it is still the task's to send."""

    def __call__(self, task: Task, address: str) -> bool: ...


def do(task: Task, call: Call, note: Note) -> Outcome:
    """Ask whom there is to ask. Never raises: who does not answer, or not as expected, is asked again."""
    try:
        if task.act is Act.SEND:
            return _hand_over(task, call, note)
        return _look(task, call) if task.act is Act.LOOK else _take_back(task, call)
    except (Unavailable, TooManyRequests, RemoteFailure) as error:
        log.warning("step_not_done", act=task.act, channel=task.channel, error=getattr(error, "code", "failed"))
    except Exception as error:
        log.error("step_failed", act=task.act, channel=task.channel, error=type(error).__name__)
    return Outcome()


def _hand_over(task: Task, call: Call, note: Note) -> Outcome:
    address = task.address
    if task.contact_id is not None and not task.is_addressed:
        contact = chain_people.contact_of(ask_as(call, task.actor), task.contact_id)
        found = chain_people.reached_at(contact, task.channel, address)
        if found.address is None:
            return Outcome(code=found.code, is_impossible=True)
        address = found.address
        # A repeat goes where the first try went, whatever has become of the contact: that one may have left.
        if not note(task, address):
            return Outcome()
    if address is None or address == ERASED_ADDRESS or task.send["said"]["content"] is None:
        return Outcome(code=chain_people.GONE, is_impossible=True)
    send = {**contract.send_of(task.channel, task.send["said"], address), **task.send["labels"]}
    actor: Actor = {**task.actor, "request_key": f"chain:{task.chain_id}:{task.place}"}
    try:
        answer = call(CHANNELS[task.channel].call("send_messages"), actor, send, deadline=CALL_SECONDS)
    except (Unavailable, TooManyRequests, RemoteFailure):
        raise
    except WiciError as refusal:
        code = refusal.errors[0]["code"] if refusal.errors else refusal.code
        return Outcome(code=code, is_impossible=code in CHANNELS[task.channel].unreachable)
    (message,) = answer["messages"]
    return Outcome(message_id=UUID(message["id"]), address=address, units=int(message.get("parts") or 1))


def _look(task: Task, call: Call) -> Outcome:
    """The channel's ledger says what has become of it; whether a person has read it, and no machine, the log."""
    if task.message_id is None:
        return Outcome(state=MessageState.UNKNOWN)
    asked = {"message_id": str(task.message_id)}
    try:
        found = call(CHANNELS[task.channel].call("get_message"), task.actor, asked, deadline=CALL_SECONDS)
    except NotFound:
        return Outcome(state=MessageState.UNKNOWN)
    is_read = _is_read(task, call, asked) if task.waits_for_reading else False
    state, code = MessageState(found["state"]), found.get("code")
    return Outcome(state=state, code=code, is_read=bool(is_read), is_whole=is_read is not None)


def _is_read(task: Task, call: Call, asked: dict[str, Any]) -> bool | None:
    """None: the message log does not have it yet, or does not answer."""
    try:
        story = call("reporting.get_message", task.actor, asked, deadline=CALL_SECONDS)
    except (WiciError, RemoteFailure) as error:
        log.info("reading_not_known", error=getattr(error, "code", "failed"))
        return None
    return any(moment["kind"] in READING and not moment.get("machine") for moment in story["timeline"])


def _take_back(task: Task, call: Call) -> Outcome:
    if task.message_id is None:
        return Outcome(state=MessageState.UNKNOWN, revoked=False)
    asked = {"message_id": str(task.message_id)}
    try:
        found = call(CHANNELS[task.channel].call("revoke_message"), task.actor, asked, deadline=CALL_SECONDS)
    except NotFound:
        return Outcome(state=MessageState.UNKNOWN, revoked=False)
    if found["revoked"] is None:
        return Outcome()  # its provider is being asked
    return Outcome(state=MessageState(found["state"]), revoked=bool(found["revoked"]))


def note_address(database: Database, task: Task, address: str) -> bool:
    """`Note`: in a transaction of its own, before the message leaves."""
    with database.transaction() as session:
        return store.note_address(session, task.chain_id, task.place, lease=task.lease, address=address)


def write(database: Database, done: Sequence[tuple[Task, Outcome]], *, now: datetime) -> None:
    """What came of tasks, in one transaction; of a chain that another has taken meanwhile nothing is written."""
    with database.transaction() as session:
        found = store.locked(session, [task.chain_id for task, _ in done])
        for task, outcome in done:
            kept = found.get(task.chain_id)
            if kept is None or kept.row.lease != task.lease:
                continue
            kept.row.lease = None
            if not outcome.is_known:
                chain = domain.not_answered(kept.chain, task.place, task.taken_at, now)
                is_over = chain.steps[task.place].state != kept.chain.steps[task.place].state
                store.save(session, kept, chain, now=now, rest=timedelta() if is_over else AGAIN)
                continue
            step = kept.steps[task.place]
            if outcome.message_id is not None:
                step.message_id, step.units = outcome.message_id, outcome.units
                step.address = step.address if step.address == ERASED_ADDRESS else outcome.address
            chain = _after(kept.chain, task, outcome, now)
            store.save(session, kept, chain, now=now, rest=timedelta() if outcome.is_whole else LOG_AGAIN)


def _after(chain: Chain, task: Task, outcome: Outcome, now: datetime) -> Chain:
    place = task.place
    if task.act is Act.SEND:
        if outcome.message_id is not None:
            return domain.accepted(chain, place, now)
        return domain.failed(chain, place, now, outcome.code, is_impossible=outcome.is_impossible)
    assert outcome.state is not None
    if task.act is Act.TAKE_BACK and outcome.revoked:
        return domain.taken_back(chain, place, now)
    impossible = outcome.code in CHANNELS[task.channel].unreachable
    chain = domain.received(chain, place, outcome.state, now, now, outcome.code, impossible=impossible)
    if outcome.is_read:
        chain = domain.read(chain, place, now, now)
    if not outcome.is_whole:
        return domain.not_answered(chain, place, task.taken_at, now)
    return domain.looked(chain, place, now) if task.act is Act.LOOK else domain.not_taken_back(chain, place)


# --- what is heard


def is_of_interest(event: Any) -> bool:
    """Whether a delivery event may be about a step: one of a single message that has left."""
    return (
        isinstance(event, Mapping)
        and not event.get("campaign_id")
        and event.get("kind") not in (MessageState.ACCEPTED, Engagement.UNSUBSCRIBED, Engagement.COMPLAINED)
        and isinstance(event.get("message_id"), str)
    )


def is_of_campaign(event: Any) -> bool:
    """Whether a delivery event is of a campaign's message that has left, or tells what somebody did with it."""
    return (
        isinstance(event, Mapping)
        and bool(event.get("campaign_id"))
        and event.get("kind") not in (MessageState.ACCEPTED, Engagement.UNSUBSCRIBED, Engagement.COMPLAINED)
        and isinstance(event.get("message_id"), str)
    )


def hear(database: Database, events: Iterable[Mapping[str, Any]], *, now: datetime) -> int:
    """Note what is told of steps' messages; returns how many events were of any. Twice is as once."""
    by_message: dict[UUID, list[Mapping[str, Any]]] = {}
    for event in events:
        if (message_id := _uuid(event["message_id"])) is not None:
            by_message.setdefault(message_id, []).append(event)
    if not by_message:
        return 0
    with database.transaction() as session:
        places = store.places_of(session, by_message.keys())
        found = store.locked(session, {chain_id for chain_id, _ in places.values()}) if places else {}
        heard = 0
        for message_id, (chain_id, place) in places.items():
            if (kept := found.get(chain_id)) is None:
                continue
            heard += len(by_message[message_id])
            _note(session, kept, place, by_message[message_id], now)
    return heard


def _note(session: Session, kept: store.Kept, place: int, events: Sequence[Mapping[str, Any]], now: datetime) -> None:
    chain, rest = kept.chain, timedelta()
    unreachable = CHANNELS[Channel(kept.steps[place].channel)].unreachable
    for event in events:
        at = datetime.fromtimestamp(float(event["at"]), UTC)
        code = event.get("code")
        if event["kind"] in _STATES:
            impossible = code in unreachable
            state = MessageState(event["kind"])
            chain = domain.received(chain, place, state, min(at, now), now, code, impossible=impossible)
        elif chain.steps[place].go_on.not_read is not None and chain.steps[place].read_at is None:
            chain, rest = domain.looked_again(chain, place), READING_HEARD
    if chain != kept.chain:
        store.save(session, kept, chain, now=now, rest=rest)


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None


def forget_old(database: Database, now: datetime, stop: Event) -> None:
    """Contents and chains that are over for long, some at a time, until `stop`."""
    while not stop.is_set():
        with database.transaction() as session:
            forgotten = store.forget_old(session, now=now)
        if not forgotten:
            return
