"""The server: connections, binds, requests, and what is told of them; one loop, the database on threads."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from channel.single_sends import SingleSends
from chassis.database import Database
from chassis.logs import get_logger
from sms_gateway.config import SmppServerConfig
from sms_gateway.domain.smpp_partners import SmppPartner
from sms_gateway.smpp_server import figures
from sms_gateway.smpp_server.binding import Binding
from sms_gateway.smpp_server.handling import Handling
from sms_gateway.smpp_server.intake import Intake
from sms_gateway.smpp_server.outgoing import Outgoing
from sms_gateway.smpp_server.partners import partner_of
from sms_gateway.smpp_server.rates import Rates
from sms_gateway.smpp_server.session import Session, State
from sms_gateway.store import carrier_instances, smpp_accounts, smpp_deliveries

TICK_SECONDS = 1.0
FORGET_EVERY = 3600.0
STOP_SECONDS = 8.0
CHANGED_SECONDS = 0.5  # what a bind whose password is another now may still acknowledge

log = get_logger()


class Server:
    """`smpp_server.ports.Host`. Everything here runs on the loop where nothing else is said."""

    def __init__(
        self, config: SmppServerConfig, database: Database, sends: SingleSends, on_stored: Callable[[], None]
    ) -> None:
        self._config = config
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._sessions: set[Session] = set()
        self._by_network: Counter[str] = Counter()
        self._bound: dict[UUID, Session] = {}
        self._by_partner: Counter[UUID] = Counter()
        self._left: list[UUID] = []  # ids of binds that have ended
        self._rates = Rates()
        self._tasks: set[asyncio.Task[None]] = set()
        self.intake = Intake(sends, on_stored)
        self.outgoing = Outgoing(database, lambda: list(self._bound.values()))
        self._handling = Handling(database, self.intake)
        self._binding = Binding(database, self._on_bound, lambda bind_id: self._left.append(bind_id))
        self.keeps_own_contents = False  # `store.carrier_instances.read_own_contents`
        self.is_stopping = False
        self.ticked_at = time.monotonic()
        self.client_certificates = ""  # of partners that must present theirs, PEM

    # --- connections

    def session(self) -> Session:
        return Session(self)

    def admit(self, session: Session) -> bool:
        is_full = len(self._sessions) >= self._config.connections
        is_greedy = self._by_network[session.network] >= self._config.connections_per_address
        self._sessions.add(session)
        self._by_network[session.network] += 1
        figures.CONNECTIONS.set(len(self._sessions))
        return not (is_full or is_greedy or self.is_stopping)

    def left(self, session: Session) -> None:
        if session not in self._sessions:
            return
        self._sessions.discard(session)
        figures.CONNECTIONS.set(len(self._sessions))
        self._by_network[session.network] -= 1
        if not self._by_network[session.network]:
            del self._by_network[session.network]
        if self._bound.pop(session.id, None) is not None and session.partner is not None:
            figures.BINDS.labels(session.kind).dec()
            self._left.append(session.id)
            self._by_partner[session.partner.id] -= 1
            if not self._by_partner[session.partner.id]:
                del self._by_partner[session.partner.id]
                self._rates.forget(session.partner.id)
            error = session.last_error and session.last_error[0]
            log.info("smpp_unbound", smpp_account_id=str(session.partner.id), last_error=error)
        self.outgoing.lost([delivery for delivery, _ in session.pending.values()])
        session.pending.clear()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("smpp_server_task_failed", error=error, exc_info=error)

    # --- binds

    def bind(self, session: Session, system_id: str, password: str, response: int, sequence: int) -> None:
        self.spawn(self._binding.bind(session, system_id, password, response, sequence))

    def _on_bound(self, session: Session, partner: SmppPartner) -> None:
        self._bound[session.id] = session
        self._by_partner[partner.id] += 1
        figures.BINDS.labels(session.kind).inc()
        log.info("smpp_bound", smpp_account_id=str(partner.id), kind=session.kind)
        self._loop.call_soon(self.outgoing.wake)

    # --- requests

    def may_send(self, partner: SmppPartner) -> bool:
        return self._rates.take(partner, self._by_partner[partner.id])

    def request(self, session: Session, frame: bytes, command: int, sequence: int) -> None:
        self._handling.request(session, frame, command, sequence)

    def acknowledged(self, session: Session, delivery: Any, status: int) -> None:
        self.outgoing.acknowledged(session, delivery, status)

    def has_room(self, session: Session) -> None:
        self.outgoing.wake()

    # --- what is due every second

    async def tend(self) -> None:
        """Timers, changed accounts, and how the binds are."""
        forget_at = 0.0
        while not self.is_stopping:
            now = time.monotonic()
            for session in list(self._sessions):
                session.tick(now, self._config)
            try:
                await asyncio.to_thread(self._exchange, self._told(), list(self._by_partner), now >= forget_at)
                forget_at = now + FORGET_EVERY if now >= forget_at else forget_at
                self.ticked_at = time.monotonic()
            except Exception as error:
                log.warning("smpp_binds_not_told", error=error)
            await asyncio.sleep(TICK_SECONDS)

    def _told(self) -> list[tuple[UUID, UUID, UUID, dict[str, Any]]]:
        return [
            (session.id, session.partner.id, session.partner.account_id, session.as_json())
            for session in self._bound.values()
            if session.partner is not None
        ]

    def _exchange(self, told: list[Any], partner_ids: list[UUID], forgets: bool) -> None:
        """On a thread: tell of the binds, and learn what has changed."""
        left, self._left = self._left, []
        refused = self._binding.take_refused()
        with self._database.transaction() as session:
            if refused:
                smpp_accounts.note_refused(session, refused)
            smpp_accounts.tell_binds(session, told)
            if left:
                smpp_accounts.close_binds(session, left)
            rows = smpp_accounts.known(session, partner_ids) if partner_ids else []
            self.keeps_own_contents = carrier_instances.read_own_contents(session)
            self.client_certificates = smpp_accounts.client_certificates(session)
        if forgets:
            self._forget_old()
        present = {row.id: partner_of(row) for row in rows}
        self._loop.call_soon_threadsafe(self._follow, present, {told_of[0] for told_of in told})

    def _forget_old(self) -> None:
        with self._database.transaction() as session:
            smpp_accounts.forget_dead_binds(session)
            if dropped := smpp_deliveries.forget_old(session, datetime.now(UTC)):
                figures.EXPIRED.inc(dropped)
                log.warning("smpp_deliveries_expired", deliveries=dropped)

    def _follow(self, present: dict[UUID, SmppPartner], asked: set[UUID]) -> None:
        """What has changed holds from now on; who may not be bound any more is not.

        :param asked: the binds that stood when it was asked: others may know better.
        """
        for session in list(self._bound.values()):
            if session.partner is None or session.id not in asked:
                continue
            partner = present.get(session.partner.id)
            if partner is None:
                session.close("the SMPP account is gone")
            elif reason := partner.refuses(session.address, session.certificate):
                session.close(reason)
            elif partner.password_hash != session.partner.password_hash:
                session.note_error("the password has changed")
                self.spawn(session.drain(CHANGED_SECONDS))
            else:
                session.partner = partner

    # --- the end

    async def stop(self) -> None:
        """Answer what came, wait for what was delivered, unbind everybody."""
        self.is_stopping = True
        self.outgoing.pause()
        await asyncio.gather(*(self._drained(session) for session in list(self._sessions)))
        self.intake.stop()
        self.outgoing.stop()

    @staticmethod
    async def _drained(session: Session) -> None:
        if session.state is State.BOUND:
            await session.drain(STOP_SECONDS)
        else:
            session.close("the server stops")

    def told_last(self) -> None:
        """On a thread, once all connections have ended."""
        left, self._left = self._left, []
        with self._database.transaction() as session:
            smpp_accounts.close_binds(session, left)
