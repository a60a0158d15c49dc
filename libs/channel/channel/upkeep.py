"""What is due now and then in an outbound process: the lease, the retry schedule, the work of instances that died."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text
from sqlalchemy.orm import Session

from channel import campaign_states, claims, instances, lane_outbox, retries, settlement
from channel.batches import LEFT_BEHIND, UNANSWERED, Batch, Content, Header, UnknownContent
from channel.claims import Abandoned
from channel.lane_outbox import LaneMessage
from channel.lane_publisher import LanePublisher
from channel.left_out import Ask, Looked, Verdicts
from channel.outlets import Chunk, Claim, Message, chunked
from channel.parking import take_halving
from channel.ports import Event, Outbound
from channel.retries import UPKEEP
from chassis import erasures
from chassis.database import Database, cursor_of
from chassis.health import Progress
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.partitions import ensure_partitions
from chassis.rpc_client import RemoteFailure
from chassis.topology import dead_letters_of
from chassis.waking import Waker
from contracts.errors import WiciError
from contracts.lanes import channel_lane
from contracts.vocabulary import Lane, MessageState

TICK_SECONDS = 0.5
# With nothing that waits: what the channel looks up is looked at.
REST_SECONDS = 2.5
# A turn takes seconds, with much to sweep a minute; one that takes longer waits for nothing.
HANGING_SECONDS = 600.0
DUE_AT_ONCE = 500
# Contacts has not answered: it is asked again after so long. A question may take `left_out.DEADLINE`.
UNANSWERED_AGAIN_SECONDS = 15.0
ABANDONED_AT_ONCE = 20
# Of most that a process that dies had claimed nothing has left. Each has so many lives, within four minutes at least;
# one whose answer kills is at its phone no oftener (decision 0263).
MOST_DEATHS = 10
OUTBOX_AT_ONCE = 50
# A ledger gets each row once by COPY and changes it once or never. With so much left free on a page the change stays on
# it (heap-only), and touches no index.
FILLFACTOR = 50
PARTITIONS_EVERY = timedelta(hours=1)
# Of partitions that have grown several-fold. Autovacuum looks once a minute, and until then a day that has just begun
# has no statistics at all: the planner then walks all of it for each receipt.
GROWN = """
SELECT c.relname FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
WHERE c.relispartition AND s.n_mod_since_analyze > 1000 AND s.n_mod_since_analyze > 2 * greatest(c.reltuples, 0)
"""
SHARED = ("send_id", "content_hash", "lane", "batch_id", "accepted_at")  # by messages of one batch

log = get_logger()


def wait_after(deaths: int) -> timedelta:
    """At once after the first; then twice as long each time, so that what dies at each start takes few along."""
    return timedelta(seconds=2 ** (deaths - 2)) if deaths > 1 else timedelta()


class Upkeep:
    """Runs on a thread of its own; every step is one short transaction.

    The channel's own steps run in every turn; each may fail without harm to the others.
    """

    def __init__(
        self,
        database: Database,
        outbound: Outbound,
        instance_id: UUID,
        publisher: LanePublisher,
        *,
        ask: Ask,
        room: Callable[[], int],
        on_due: Callable[[list[Chunk]], object],
    ) -> None:
        self._database = database
        self._ledger = outbound.ledger
        self._outbound = outbound
        self._instance_id = instance_id
        self._publisher = publisher
        self._ask = ask
        self._room = room
        self._on_due = on_due
        self.waker = Waker(database, UPKEEP)
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._ask_again_at = 0.0
        self._partitions_made: datetime | None = None
        self._progress, self._turning = Progress(), Progress(HANGING_SECONDS)
        self._may_rest = False

    def start_up(self) -> None:
        """What must have been done before the first claim."""
        self.renew()
        self._partition()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; a failure is logged and tried again."""
        self.waker.start(stop)
        try:
            while not (stop.is_set() or self._stopping.wait(TICK_SECONDS)):
                self._turn()
        finally:
            self.waker.close()
            self._ended.set()

    def check(self) -> None:
        """Raises while a step fails again and again, or does not end."""
        self._progress.check()
        self._turning.check()

    def _turn(self) -> None:
        self._turning.waits()
        self._take_turn()
        self._turning.moved()
        if self._may_rest:
            self.waker.wait(REST_SECONDS)

    def _take_turn(self) -> None:
        went = [self._try(step) for step in (self._partition, *self._outbound.steps())]
        self._may_rest = not self._is_anything_waiting()
        if self._may_rest:
            self._note(went)
            return
        steps = (self._analyse, self._hand_over_due, self._sweep, self._take_over)
        self._note([*went, *(self._try(step) for step in steps)])

    def _note(self, went: Sequence[bool]) -> None:
        self._progress.moved() if all(went) else self._progress.waits()

    def _is_anything_waiting(self) -> bool:
        """Retries, claims or lane messages, anybody's, or what the channel itself has put off."""
        try:
            with self._database.transaction() as session:
                tables = ("retries", "claims", "lane_outbox", *self._outbound.put_off)
                return bool(session.scalar(text("SELECT " + " OR ".join(f"EXISTS (SELECT FROM {t})" for t in tables))))
        except Exception as error:
            log.warning("upkeep_step_failed", step="is_anything_waiting", error=error)
            return True

    @staticmethod
    def _try(step: Callable[[], object]) -> bool:
        try:
            step()
        except Exception as error:
            log.warning("upkeep_step_failed", step=getattr(step, "__name__", ""), error=error)
            return False
        return True

    def stop(self, timeout: float) -> None:
        """Do no more; waits until the step that is under way has ended."""
        self._stopping.set()
        self.waker.set()
        self._ended.wait(timeout)

    def wake(self) -> None:
        """Do what is due now."""
        self.waker.set()

    def publish(self, recorded: Sequence[LaneMessage]) -> None:
        """Publish lane messages that are recorded and committed."""
        for position, lane, body in recorded:
            self._publisher.publish(position, lane, body)

    def record(self, cursor: Cursor[Any], events: Sequence[Event]) -> list[LaneMessage]:
        """Record delivery events in the caller's transaction; `publish` them after it."""
        self._ledger.tell_beside(cursor, events)
        return lane_outbox.record(cursor, self._instance_id, self._ledger.source, events, [])

    def renew(self) -> None:
        """Say that this instance lives; on a thread of its own, so that no slow step lets the lease run out."""
        with self._database.transaction() as session:
            instances.renew_lease(cursor_of(session), self._instance_id)

    # --- the retry schedule

    def _hand_over_due(self) -> None:
        """Single messages first, again and again: no campaign's backlog holds up a code, nor does a silent contacts."""
        while not self._stopping.is_set() and (limit := min(self._room(), DUE_AT_ONCE)) > 0:
            if not (
                take_halving(self._take_due_singles, partial(self._park_due, of_campaigns=False), limit)
                or take_halving(self._take_due_of_campaigns, partial(self._park_due, of_campaigns=True), limit)
            ):
                return

    def _take_due_singles(self, limit: int) -> Sequence[Chunk]:
        with self._database.transaction() as session:
            message_ids, _ = retries.due(cursor_of(session), limit, of_campaigns=False)
        return self._claim_due(message_ids, {})

    def _take_due_of_campaigns(self, limit: int) -> Sequence[Chunk]:
        if monotonic() < self._ask_again_at:
            return []
        with self._database.transaction() as session:
            message_ids, looked = retries.due(cursor_of(session), limit, of_campaigns=True)
        verdicts = self._verdicts(looked)
        return [] if verdicts is None else self._claim_due(message_ids, verdicts)

    def _verdicts(self, looked: Sequence[Looked]) -> Verdicts | None:
        """Who has said no since; None where nobody could be asked: then nothing of a campaign leaves."""
        try:
            return self._ask(looked)
        except (WiciError, RemoteFailure, LookupError, TypeError, ValueError) as error:
            self._ask_again_at = monotonic() + UNANSWERED_AGAIN_SECONDS
            log.warning("addressees_not_checked", messages=len(looked), error=error)
            return None

    def _claim_due(self, message_ids: Sequence[str], verdicts: Verdicts) -> Sequence[Chunk]:
        """Out of the schedule into claims, and to the loop; nothing while the process stops, or once it has left."""
        if not message_ids or self._stopping.is_set():
            return []
        with self._database.transaction() as session:
            cursor = cursor_of(session)
            # Before any row is locked: whoever erases a person holds this lock and then locks rows.
            erasures.share(session)
            if not instances.hold_unless_left(cursor, self._instance_id):
                return []
            chunks = self._chunks_of(session, retries.take_due(cursor, message_ids), verdicts)
            claims.leave_erased_out(cursor, self._ledger, chunks)
            claims.leave_refused_out(cursor, self._ledger, chunks)  # contacts may not have heard of it
            claims.insert(cursor, self._instance_id, chunks)
            noted = self._ledger.note_claims(cursor, self._instance_id, chunks)
        self.publish(noted)
        if chunks:
            self._on_due(chunks)
        return chunks

    def _park_due(self, *, of_campaigns: bool) -> None:
        with self._database.transaction() as session:
            cursor = cursor_of(session)
            recorded = self._park(cursor, retries.take_due_bodies(cursor, 1, of_campaigns=of_campaigns))
        self.publish(recorded)

    def _park(self, cursor: Cursor[Any], taken: Sequence[tuple[Any, bytes]]) -> list[LaneMessage]:
        lane = dead_letters_of(channel_lane(self._outbound.channel, Lane.BULK))
        return [lane_outbox.record_body(cursor, self._instance_id, lane, bytes(body)) for _, body in taken]

    def _chunks_of(self, session: Session, due: list[retries.Due], verdicts: Verdicts) -> list[Chunk]:
        # Those that share a header: how long a message may still be tried is counted from its own `accepted_at`.
        groups: dict[tuple[Any, ...], list[retries.Due]] = defaultdict(list)
        for each in due:
            retries.ensure_one_message(each.body)
            groups[tuple(each.body.get(name) for name in SHARED)].append(each)
        chunks = []
        for members in groups.values():
            header = Header(members[0].body, Lane(members[0].body["lane"]))
            content = self._content(session, header)
            for some in chunked([each.body["recipients"][0] | {"_attempts": each.attempts} for each in members]):
                attempts = {recipient["number"]: recipient.pop("_attempts") for recipient in some}
                for recipient in some if verdicts else ():
                    if reason := verdicts.get(header.id_of(recipient["number"])):
                        recipient["left_out"] = reason
                chunk = Chunk(Batch(header, content, len(some)), None, some)
                chunk.claim = Claim(new_id(), len(some))
                chunk.existing, chunk.attempts = frozenset(attempts), attempts
                chunks.append(chunk)
        return chunks

    def _content(self, session: Session, header: Header) -> Content:
        try:
            content = self._outbound.load_content(session, header.content_hash)
        except ValueError as error:  # rules have become stricter since it was stored: it must not hold up the others
            log.error("content_broken", content_hash=header.content_hash, error=error)
            content = None
        if content is None:
            log.error("content_unknown", content_hash=header.content_hash)
            return UnknownContent(header.account_id)
        return content

    # --- dead instances

    def _sweep(self) -> None:
        """Claims of dead instances: bulk is unknown from now on, single messages are sent again."""
        while not self._stopping.is_set():
            if not take_halving(self._take_abandoned, self._park_abandoned, ABANDONED_AT_ONCE):
                return

    def _take_abandoned(self, limit: int) -> list[Abandoned]:
        with self._database.transaction() as session:
            cursor = cursor_of(session)
            erasures.share(session)
            abandoned = claims.take_abandoned(cursor, self._instance_id, limit)
            # Of a message that is in two of them, its second attempt's, the later one speaks.
            unsettled = [self._unsettled(session, cursor, each) for each in abandoned]
            messages = [*{message.message_id: message for some in unsettled for message in some}.values()]
            events = settlement.settle(cursor, self._ledger, messages, careful=True) if messages else []
            recorded = self.record(cursor, events)
        self.publish(recorded)
        if messages:
            log.warning("abandoned_claims_swept", claims=len(abandoned), messages=len(messages))
        return abandoned

    def _park_abandoned(self) -> None:
        with self._database.transaction() as session:
            cursor = cursor_of(session)
            recorded = self._park(cursor, claims.take_abandoned_bodies(cursor, self._instance_id, 1))
        self.publish(recorded)

    def _unsettled(self, session: Session, cursor: Cursor[Any], abandoned: Abandoned) -> list[Message]:
        header = Header(abandoned.body, Lane(abandoned.body["lane"]))
        content = self._content(session, header)
        of = header.id_of
        recipients = abandoned.body["recipients"]
        numbers = {of(recipient["number"]): recipient["number"] for recipient in recipients}
        # One that was deferred is the schedule's from then on, or is being tried again by who lives. First where it
        # is, then what became of it: what is in neither place nobody moves any more.
        elsewhere = claims.under_way(cursor, header.send_id, numbers)
        states = claims.settled_states(cursor, list(numbers))
        chunk = Chunk(Batch(header, content, len(recipients)), None, recipients)
        chunk.claim = Claim(abandoned.claim_id, len(recipients))
        outlet_id = abandoned.body.get("outlet_id")
        now, messages = datetime.now(UTC), []
        for recipient in recipients:
            message_id = of(recipient["number"])
            state = states.get(message_id)
            if state not in (None, *claims.RETAKEABLE) or message_id in elsewhere:
                continue
            existing = state is not None
            if isinstance(content, UnknownContent):
                message = self._outbound.message(chunk, recipient, message_id, existing, 1)
            else:
                message = self._outbound.restore(chunk, recipient, message_id, existing, outlet_id)
            message.at = now.timestamp()
            deaths = recipient[LEFT_BEHIND] = int(recipient.get(LEFT_BEHIND) or 0) + 1
            if header.lane is Lane.BULK or message.is_given_up or deaths >= MOST_DEATHS:
                message.state = MessageState.UNKNOWN
            else:
                recipient.setdefault(UNANSWERED, 1)  # however many have died: it may have left
                message.state, message.due_at = MessageState.DEFERRED, now + wait_after(deaths)
            messages.append(message)
        return messages

    def _take_over(self) -> None:
        with self._database.transaction() as session:
            cursor = cursor_of(session)
            left = lane_outbox.take_over(cursor, self._instance_id, self._publisher.positions(), OUTBOX_AT_ONCE)
            instances.forget_dead(cursor)
        self.publish(left)

    # --- partitions

    def _analyse(self) -> None:
        """Statistics of what has grown since there were any."""
        with self._database.transaction() as session:
            for name in session.scalars(text(GROWN)).all():
                session.execute(text(f"ANALYZE (SKIP_LOCKED) {name}"))

    def _partition(self) -> None:
        now = datetime.now(UTC)
        if self._partitions_made is not None and now - self._partitions_made < PARTITIONS_EVERY:
            return
        with self._database.transaction() as session:
            erasures.forget_old(session)
            campaign_states.forget_old(session)
            for table in self._outbound.partitioned:
                self._partition_days(session, table, now.date())
        self._partitions_made = now

    @staticmethod
    def _partition_days(session: Session, table: str, today: date) -> None:
        # Yesterday's too: a campaign that began before midnight has ids of that day.
        for name in ensure_partitions(session, table, today - timedelta(days=1), days=4):
            session.execute(text(f"ALTER TABLE {name} SET (fillfactor = {FILLFACTOR})"))
