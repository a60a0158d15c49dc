"""All connections to mail servers as one outlet: what is claimed is composed, given to the pool, and told of."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from prometheus_client import Counter

from channel.batches import Header
from channel.loop import UNKNOWN_CONTENT
from channel.outlets import Chunk, Outlet, OutletEvents
from chassis.database import Fault, fault_of
from chassis.logs import get_logger
from contracts.vocabulary import Lane, MessageState
from email_gateway.batches import EmailMessage, Made, Refusal, ToCompose, to_compose
from email_gateway.content.outgoing import Blob, Outgoing
from email_gateway.domain.needs import NOTHING, Needs
from email_gateway.domain.retrying import KEEP_TRYING, STATE_OF_RESULT, Result
from email_gateway.outbound.blobs import ReadBlobs, Room
from email_gateway.outbound.ip_pools import Held
from email_gateway.outbound.waves import HOLD_SECONDS, Wave, Waves
from email_gateway.smtp.destinations import Parcel
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.pool import Pool
from email_gateway.smtp.sources import Source

STOP_SECONDS = 8.0
MOST_TRIES = 60  # a second apart
REFUSED_TIMES = 3  # in a row; from the first attempt on that is a quarter of an hour of the retry schedule
REFUSES = "destination.refuses"
UNSENT = Outcome(Result.BACK, "4.3.2", "it was called back")
WAVES = Counter("wici_email_waves_total", "Campaigns that a destination refuses, so that they wait there")
EMAILS = Counter("wici_emails_total", "E-mails by what became of the attempt", ["result"])
_EMAILS = {result: EMAILS.labels(result) for result in Result}

log = get_logger()


class Composing(Protocol):
    """Where mails are composed; blocks, so it is called on threads."""

    def compose(self, wanted: Sequence[ToCompose], at: int) -> list[Made]: ...


class Sources(Protocol):
    """From which address a mail leaves, and what came of it (`outbound.routing`, `outbound.ip_pools`)."""

    def choose(self, account_id: str, recipient: str, *, urgent: bool) -> Source | None:
        """:raises Held: from none now."""
        ...

    def note(self, source: Source, recipient: str, outcome: Outcome) -> None: ...


class MailOutlet(Outlet):
    """:param window: how many messages of a lane may be claimed and not settled: what a crash leaves unknown, at most.
    :param workers: how many chunks are composed at a time; two more may be waiting to be claimed.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        pool: Pool,
        composing: Composing,
        read_blobs: ReadBlobs,
        sources: Sources,
        *,
        window: int,
        chunk: int,
        workers: int,
    ) -> None:
        super().__init__(lanes, chunk=chunk)
        self._pool = pool
        self._composing = composing
        self._read_blobs = read_blobs
        self._sources = sources
        self._room = Room()
        self._in_room: dict[str, int] = {}  # octets of large mails in hand, by message id
        self._window = max(window, chunk)
        # A thread for each chunk that may be composed: one that has to wait for its turn holds up no other lane.
        self._threads = ThreadPoolExecutor(len(lanes) * (workers + 2), "compose")
        # Chunks that are composed or being composed, and not claimed yet.
        self._ahead = {lane: asyncio.Semaphore(workers + 2) for lane in lanes}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waves = Waves()
        # Waves that began, with the account: told by the upkeep's thread.
        self.began: deque[tuple[str, Wave]] = deque()
        self.events: OutletEvents

    # --- Outlet, called by the loop

    def has_room(self, lane: Lane) -> bool:
        return self.claimed[lane] + self.claiming[lane] + self.chunk <= self._window

    def room_for_retries(self) -> int:
        return min(self._window - self.claimed[lane] - self.claiming[lane] for lane in self.lanes)

    def on_claim(self, chunk: Chunk) -> None:
        self._ahead[chunk.batch.header.lane].release()

    def is_idle(self) -> bool:
        return True  # `stop` waits for what is on a connection, and gives back what waits for one

    async def compose_ahead(self, chunk: Chunk) -> None:
        """Composing takes two thirds of a message's time: none of it lies between the claim and the outcome."""
        await self._ahead[chunk.batch.header.lane].acquire()
        of = chunk.batch.header.id_of
        wanted = [to_compose(chunk, recipient, of(recipient["number"])) for recipient in chunk.recipients]
        made = await self._composed(wanted)
        numbers = [recipient["number"] for recipient in chunk.recipients]
        chunk.composed = dict(zip(numbers, made, strict=True))

    def hand_over(self, messages: list[EmailMessage]) -> None:
        if bare := [message for message in messages if message.made is None]:
            self._spawn(self._compose_and_submit(bare))
        self._submit([message for message in messages if message.made is not None])

    def withdraw(self, is_stopped: Callable[[Header], bool]) -> list[EmailMessage]:
        """Those that wait for a connection; those that are being composed are judged by `_submit`."""
        withdrawn = self._pool.withdraw(lambda parcel: is_stopped(parcel.tag.header))
        messages: list[EmailMessage] = [parcel.tag for parcel in withdrawn]
        for parcel, message in zip(withdrawn, messages, strict=True):
            self._leave_source(parcel, UNSENT)
            self._leave_room(message)
            message.made = None
        return messages

    async def stop(self, patience: float) -> None:
        self.is_closing = True
        await self._pool.close(STOP_SECONDS)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)

    # --- composing and handing over

    async def _compose_and_submit(self, messages: list[EmailMessage]) -> None:
        """Messages of the retry schedule, which are claimed already."""
        made = await self._composed(
            [to_compose(message.chunk, message.recipient, message.message_id) for message in messages]
        )
        for message, each in zip(messages, made, strict=True):
            message.made = each
        self._submit(messages)

    async def _composed(self, wanted: list[ToCompose]) -> list[Made]:
        """Compose until it succeeds: with the database away there are no contents, and nothing is lost.

        What fails for another reason (a key that is not configured) is given up after a minute, and holds up nobody.
        """
        tries = 0
        while True:
            compose = partial(self._composing.compose, wanted, int(time.time()))
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, compose)
            except Exception as error:
                log.warning("composing_failed", error=error)
                tries += fault_of(error) is not Fault.SERVER
                if tries >= MOST_TRIES:
                    return [Refusal("content.failed", "the message could not be composed")] * len(wanted)
                await asyncio.sleep(1.0)

    def _submit(self, messages: list[EmailMessage]) -> None:
        if self.is_closing:
            for message in messages:
                self._settle(message, Outcome(Result.BACK, "4.3.2", "the process is stopping"))
            return
        parcels, stopped, held = [], [], []
        for message in messages:
            if self.events.is_stopped(message.header):
                message.made = None
                stopped.append(message)
            elif self._is_held(message):
                held.append(message)
            elif isinstance(message.made, Outgoing) and message.made.blob is not None:
                self._spawn(self._submit_large(message, message.made, message.made.blob))
            elif isinstance(message.made, Outgoing):
                parcels += self._parcels(message, message.made, message.made.needs)
            elif message.made is not None:
                self._settle(message, refused(message.made))
        if stopped:
            self.events.put_off(stopped)
        self._hold(held)
        self._pool.submit(parcels)

    async def _submit_large(self, message: EmailMessage, made: Outgoing, blob: Blob) -> None:
        """What the message ends with is read now that there is room for it."""
        account_id = message.header.account_id
        if not await self._room.take(account_id, blob.size):
            self._settle(message, Outcome(Result.BUSY, "4.3.1", "other large mails of the account are under way"))
            return
        self._in_room[message.message_id] = blob.size
        key = (account_id, blob.digest)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, self._read_blobs, [key])
        except Exception as error:
            log.warning("blob_not_read", error=error)
            self._settle(message, Outcome(Result.BACK, "4.3.0", "the mail could not be read"))
            return
        if self.is_closing:
            self._settle(message, Outcome(Result.BACK, "4.3.2", "the process is stopping"))
        elif self.events.is_stopped(message.header):  # while it waited for room
            self._leave_room(message)
            message.made = None
            self.events.put_off([message])
        elif key not in found:
            self._settle(message, refused(Refusal(UNKNOWN_CONTENT, "the mail is not kept any more")))
        else:
            self._pool.submit(self._parcels(message, made._replace(octets=made.octets + found[key]), blob.needs))

    def _parcels(self, message: EmailMessage, made: Outgoing, needs: Needs = NOTHING) -> list[Parcel]:
        """The message for the pool; none where no address of ours may send it now."""
        urgent = message.header.lane is not Lane.BULK
        try:
            source = self._sources.choose(message.header.account_id, made.address, urgent=urgent)
        except Held:
            self._settle(message, Outcome(Result.BUSY, "4.7.0", "no address that it may leave from may send now"))
            return []
        parcel = Parcel(
            made.message_id, made.envelope_from, made.address, made.octets, urgent, self._on_done, message,
            self._may_leave, needs, source,
        )  # fmt: skip
        return [parcel]

    def _leave_source(self, parcel: Parcel, outcome: Outcome) -> None:
        if parcel.source is not None:
            self._sources.note(parcel.source, parcel.address, outcome)

    def _may_leave(self, parcel: Parcel) -> bool:
        return not self.events.is_stopped(parcel.tag.header)

    # --- waves of refusals

    def _is_held(self, message: EmailMessage) -> bool:
        campaign_id = message.header.campaign_id
        return campaign_id is not None and self._waves.holds(campaign_id, _domain_of(message))

    def _hold(self, messages: Sequence[EmailMessage]) -> None:
        """Claimed messages that have not left: they wait for an hour, and end with the third day."""
        if messages:
            now = datetime.now(UTC)
            for message in messages:
                self._leave_room(message)
                hold(message, now)
            self.events.settled(list(messages))

    def _note(self, message: EmailMessage, outcome: Outcome) -> None:
        campaign_id, domain = message.header.campaign_id, _domain_of(message)
        if campaign_id is None:
            return
        wave = self._waves.note(campaign_id, domain, outcome.result, outcome.code)
        if wave is None:
            return
        WAVES.inc()
        log.warning("campaign_refused", campaign_id=campaign_id, destination=domain, code=wave.code)
        self.began.append((message.header.account_id, wave))
        withdrawn = self._pool.withdraw(lambda parcel: self._is_held(parcel.tag))
        for parcel in withdrawn:
            self._leave_source(parcel, UNSENT)
        self._hold([parcel.tag for parcel in withdrawn])

    def _on_done(self, parcel: Parcel, outcome: Outcome) -> None:
        self._leave_source(parcel, outcome)
        if outcome.result is Result.BACK and not self._may_leave(parcel):
            self._leave_room(parcel.tag)
            parcel.tag.made = None
            self.events.put_off([parcel.tag])
            return
        self._settle(parcel.tag, outcome)

    def _leave_room(self, message: EmailMessage) -> None:
        if size := self._in_room.pop(message.message_id, 0):
            self._room.give_back(message.header.account_id, size)

    def _settle(self, message: EmailMessage, outcome: Outcome) -> None:
        self._leave_room(message)
        outcome = ended(message, outcome)
        _EMAILS[outcome.result].inc()
        message.made = None
        conclude(message, outcome, datetime.now(UTC))
        self.events.settled([message])
        self._note(message, outcome)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _domain_of(message: EmailMessage) -> str:
    return str(message.recipient["address"].rpartition("@")[2].lower())


def hold(message: EmailMessage, now: datetime) -> None:
    """The outcome of a message whose campaign its destination refuses."""
    is_late = now.timestamp() - message.header.accepted_at > KEEP_TRYING.total_seconds()
    message.put_off(REFUSES, now, None if is_late else timedelta(seconds=HOLD_SECONDS))
    message.made, message.detail, message.peer = None, "the destination refuses this campaign", ""


def ended(message: EmailMessage, outcome: Outcome) -> Outcome:
    """What is said again and again is an end. Any other outcome breaks the row, but for an attempt for which no host
    was asked: while a destination that refuses is left alone, many of them lie between two refusals."""
    if outcome.ends_as is None:
        if outcome.peer:
            message.refusals = 0
        return outcome
    message.refusals += 1
    if message.refusals < REFUSED_TIMES:
        return outcome
    return replace(outcome, result=outcome.ends_as, ends_as=None)


def refused(made: Refusal) -> Outcome:
    return Outcome(Result.REJECTED, made.code, made.detail)


def conclude(message: EmailMessage, outcome: Outcome, now: datetime) -> None:
    """The state that follows from an attempt.

    A lost message was handed over and got no answer: one of many waits for what may come, a single one goes again. At
    once where that was the first attempt, else by the schedule: a server may take every copy and drop the connection.
    """
    message.code, message.detail, message.at = outcome.code, outcome.detail, now.timestamp()
    message.peer, message.is_of_mailbox = outcome.peer, outcome.is_of_mailbox
    if outcome.result is Result.BACK:
        message.state, message.due_at, message.was_tried = MessageState.DEFERRED, now, False
    elif outcome.result in (Result.RETRY, Result.BUSY):
        message.state, message.was_tried = MessageState.DEFERRED, outcome.result is Result.RETRY
    elif outcome.result is Result.LOST and message.header.lane is Lane.BULK:
        message.state = MessageState.UNKNOWN
    elif outcome.result is Result.LOST:
        message.count_unanswered()
        message.state, message.due_at = MessageState.DEFERRED, None if message.attempts else now
    else:
        message.state = STATE_OF_RESULT[outcome.result]
