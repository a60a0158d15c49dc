"""What is due every half second: the lease, the directory, the retry schedule, dead instances, parked receipts."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import erasures
from chassis.database import Database, cursor_of, ensure_partitions
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.secrets import Vault
from chassis.waking import Waker
from contracts.vocabulary import Lane, MessageState
from sms_gateway.connector.carriers import CarrierSettings
from sms_gateway.connector.preparing import NO_CARRIER
from sms_gateway.connector.publisher import Publisher
from sms_gateway.connector.routing import Router, RouteRule
from sms_gateway.rendering import RenderFailed
from sms_gateway.smpp.parts import LongForm
from sms_gateway.store import claims, directory, keeping, people, receipts, settlement
from sms_gateway.work import Batch, Chunk, Claim, Content, Header, Message, chunked, ids_as_text

TICK = 0.5
# With nothing to look after: the lease is renewed, carriers and routes are looked at.
REST = 2.5
DUE_AT_ONCE = 500
ABANDONED_AT_ONCE = 20
# The ledger gets each row once by COPY and changes it once when the receipt comes. With so much left free on a page the
# change stays on it (heap-only), and touches no index.
FILLFACTOR = 50
PARTITIONED = ("ledger", "ledger_parts")

log = get_logger()


class Keeper:
    """Runs on a thread of its own; everything it does is one short transaction."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        instance_id: UUID,
        publisher: Publisher,
        *,
        is_hungry: Callable[[], bool],
        on_directory: Callable[[list[CarrierSettings], Router], object],
        on_due: Callable[[list[Chunk]], object],
    ) -> None:
        self._database = database
        self._vault = vault
        self._instance_id = instance_id
        self._publisher = publisher
        self._is_hungry = is_hungry
        self._on_directory = on_directory
        self._on_due = on_due
        self._carrier_came_up = threading.Event()
        self.waker = Waker(database, keeping.KEEPER)
        self._seen: Any = None
        self._contents: dict[str, Content] = {}
        self._partitions_on: datetime | None = None

    def start_up(self) -> None:
        """What must have been done before the first claim."""
        with self._database.transaction() as session:
            claims.renew_lease(cursor_of(session), self._instance_id)
        self._partition()
        self._look_up()

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; a failure is logged and tried again."""
        self.waker.start(stop)
        while not stop.wait(TICK):
            self._try((self._renew, self._look_up, self._partition))
            if not self._is_anything_waiting():
                self.waker.wait(REST)
                continue
            self._try(
                (
                    self._pull_forward,
                    self._hand_over_due,
                    self._sweep,
                    self._unpark,
                    self._take_over,
                )
            )
        self.waker.close()

    def _try(self, steps: Sequence[Callable[[], None]]) -> None:
        for step in steps:
            try:
                step()
            except Exception as error:
                log.warning("keeper_step_failed", step=step.__name__, error=repr(error)[:300])

    def _is_anything_waiting(self) -> bool:
        try:
            with self._transaction() as session:
                return keeping.is_anything_waiting(cursor_of(session))
        except Exception as error:
            log.warning("keeper_step_failed", step="is_anything_waiting", error=repr(error)[:300])
            return True

    def _transaction(self) -> Any:
        return self._database.transaction()

    def _renew(self) -> None:
        with self._transaction() as session:
            claims.renew_lease(cursor_of(session), self._instance_id)

    # --- carriers and routes

    def _look_up(self) -> None:
        with self._transaction() as session:
            rows = [row for row in directory.carriers(session) if row.enabled]
            rules = [row for row in directory.routes(session) if row.enabled]
        seen = (
            [(row.id, row.version) for row in rows],
            [(r.id, r.priority, r.share, r.lane, r.account_id) for r in rules],
        )
        if seen == self._seen:
            return
        carriers = [self._settings(row) for row in rows]
        router = Router(
            RouteRule(r.carrier_id, r.prefix, str(r.account_id) if r.account_id else None, r.lane, r.priority, r.share)
            for r in rules
        )
        self._on_directory(carriers, router)
        self._seen = seen

    def _settings(self, row: Any) -> CarrierSettings:
        return CarrierSettings(
            id=row.id, name=row.name, version=row.version, host=row.host, port=row.port, system_id=row.system_id,
            password=self._vault.decrypt(row.password).decode(), system_type=row.system_type, bind_mode=row.bind_mode,
            binds=row.binds, window=row.window, rate=row.rate, tls=row.tls, long_form=LongForm(row.long_form),
            receipt_ids=row.receipt_ids,
        )  # fmt: skip

    # --- the retry schedule

    def carrier_is_up(self) -> None:
        """From the loop: a carrier came back; what waited for one need not wait on."""
        self._carrier_came_up.set()

    def _pull_forward(self) -> None:
        if self._carrier_came_up.is_set():
            self._carrier_came_up.clear()
            with self._transaction() as session:
                keeping.pull_forward(cursor_of(session), NO_CARRIER)

    def _hand_over_due(self) -> None:
        while self._is_hungry():
            with self._transaction() as session:
                cursor = cursor_of(session)
                due = keeping.take_due(cursor, DUE_AT_ONCE)
                chunks = self._chunks_of(session, due)
                claims.leave_erased_out(cursor, chunks)
                claims.insert(cursor, self._instance_id, chunks)
            if chunks:
                self._on_due(chunks)
            if len(due) < DUE_AT_ONCE:
                return

    def _chunks_of(self, session: Session, due: list[keeping.Due]) -> list[Chunk]:
        groups: dict[tuple[str, str], list[keeping.Due]] = defaultdict(list)
        for each in due:
            groups[each.body["send_id"], each.body["content_hash"]].append(each)
        chunks = []
        for members in groups.values():
            header = Header(members[0].body, Lane(members[0].body["lane"]))
            content = self._content(session, header.content_hash)
            if content is None:
                log.error("content_unknown", content_hash=header.content_hash)
                continue
            for some in chunked([each.body["recipients"][0] | {"_attempts": each.attempts} for each in members]):
                attempts = {recipient["number"]: recipient.pop("_attempts") for recipient in some}
                chunk = Chunk(Batch(header, content, len(some)), None, some)
                chunk.claim = Claim(new_id(), len(some))
                chunk.existing, chunk.attempts = frozenset(attempts), attempts
                chunks.append(chunk)
        return chunks

    def _content(self, session: Session, content_hash: str) -> Content | None:
        if content_hash not in self._contents:
            row = directory.content(session, content_hash)
            if row is None:
                return None
            if len(self._contents) > 1_000:
                self._contents.clear()
            self._contents[content_hash] = Content(row.account_id, row.sender, row.content)
        return self._contents[content_hash]

    # --- dead instances

    def _sweep(self) -> None:
        """Claims of dead instances: bulk is unknown from now on, single messages are sent again."""
        while True:
            with self._transaction() as session:
                cursor = cursor_of(session)
                abandoned = keeping.take_abandoned(cursor, ABANDONED_AT_ONCE)
                messages = [message for each in abandoned for message in self._unsettled(session, cursor, each)]
                events = settlement.settle(cursor, messages, careful=True) if messages else []
                to_publish = settlement.record_lanes(cursor, self._instance_id, events, [])
            for position, lane, body in to_publish:
                self._publisher.publish(position, lane, body)
            if messages:
                log.warning("abandoned_claims_swept", claims=len(abandoned), messages=len(messages))
            if len(abandoned) < ABANDONED_AT_ONCE:
                return

    def _unsettled(self, session: Session, cursor: Cursor[Any], abandoned: keeping.Abandoned) -> list[Message]:
        header = Header(abandoned.body, Lane(abandoned.body["lane"]))
        content = self._content(session, header.content_hash)
        if content is None:
            log.error("content_unknown", content_hash=header.content_hash)
            return []
        of = ids_as_text(header.send_id)
        recipients = abandoned.body["recipients"]
        states = keeping.settled_states(cursor, [of(recipient["number"]) for recipient in recipients])
        batch = Batch(header, content, len(recipients))
        now, messages = time.time(), []
        for recipient in recipients:
            message_id = of(recipient["number"])
            state = states.get(message_id)
            if state not in (None, *claims.RETAKEABLE):
                continue
            message = Message(Chunk(batch, None, [recipient]), recipient, message_id, state is not None, 1)
            message.submitted_at = now
            if header.lane is Lane.BULK:
                message.state, message.parts = MessageState.UNKNOWN, _parts(content, recipient)
            else:
                message.state, message.due_at = MessageState.DEFERRED, datetime.now(UTC)
            messages.append(message)
        return messages

    def _take_over(self) -> None:
        with self._transaction() as session:
            left = keeping.take_over_outbox(cursor_of(session), self._instance_id, self._publisher.positions(), 50)
            keeping.forget_dead_instances(cursor_of(session))
        for position, lane, body in left:
            self._publisher.publish(position, lane, body)

    # --- parked receipts

    def _unpark(self) -> None:
        with self._transaction() as session:
            cursor = cursor_of(session)
            arrived = receipts.take_parked(cursor)
            if not arrived:
                return
            events = receipts.apply(cursor, arrived, datetime.now(UTC))
            to_publish = settlement.record_lanes(cursor, self._instance_id, events, [])
        for position, lane, body in to_publish:
            self._publisher.publish(position, lane, body)

    # --- partitions

    def _partition(self) -> None:
        now = datetime.now(UTC)
        if self._partitions_on is not None and now - self._partitions_on < timedelta(hours=1):
            return
        with self._transaction() as session:
            erasures.forget_old(session)
            for table in PARTITIONED:
                for name in ensure_partitions(session, table, now.date() - timedelta(days=1), days=4):
                    session.execute(text(f"ALTER TABLE {name} SET (fillfactor = {FILLFACTOR})"))
        people.index_cold(self._database.engine, now)
        self._partitions_on = now


def _parts(content: Content, recipient: dict[str, Any]) -> int:
    try:
        return len(content.template.encode(recipient.get("fields") or {}).bodies)
    except RenderFailed:
        return 1
