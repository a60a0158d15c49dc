"""The ports: who may come in, how many at once, and with how much."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from uuid import UUID

from prometheus_client import Counter as Metric
from prometheus_client import Gauge

from chassis.certificates import Certificates
from chassis.database import Database
from chassis.ids import new_id
from chassis.logs import get_logger
from contracts.errors import Unauthenticated
from email_gateway.config import SubmissionConfig
from email_gateway.content import attached, received
from email_gateway.smtp.inbound_wire import InboundWire
from email_gateway.submission import replies
from email_gateway.submission.add_ons import AddOns
from email_gateway.submission.intake import Intake
from email_gateway.submission.ports import Envelope
from email_gateway.submission.replies import Answer
from email_gateway.submission.session import Session
from email_gateway.submission.slowing import wait_after
from email_gateway.usecases import submissions
from email_gateway.usecases.submissions import Login

HELD_OCTETS, HELD_SHARE = 256 * 1024 * 1024, 64 * 1024 * 1024  # of mails that are coming in, and of one account's
PARALLEL = 3  # log-ins and look-ups at once; each has a connection to the database
STOP_SECONDS = 8.0
CONNECTIONS = Gauge("wici_submission_connections", "Connections of partners' servers")
LOGINS = Metric("wici_submission_logins_total", "Log-ins by SMTP", ["result"])

log = get_logger()


class Door:
    """`submission.session.Desk`, and the listening sockets."""

    def __init__(
        self,
        config: SubmissionConfig,
        database: Database,
        certificates: Certificates,
        intake: Intake,
        add_ons: AddOns,
    ) -> None:
        self.name = config.submission_name
        self.most_octets = config.submission_octets
        self.most_recipients = config.submission_recipients
        self._config, self._database, self._intake = config, database, intake
        self._certificates, self._add_ons = certificates, add_ons
        self._threads = ThreadPoolExecutor(PARALLEL, "submission")
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._of_address: Counter[str] = Counter()
        self._of_account: Counter[UUID] = Counter()
        self._held: Counter[UUID] = Counter()
        self._servers: list[asyncio.Server] = []
        self._is_stopping = False

    # Listening

    async def open(self) -> None:
        host, loop = self._config.submission_host, asyncio.get_running_loop()
        for port, is_wrapped in ((self._config.submission_port, False), (self._config.submission_tls_port, True)):
            make = _maker(self._serve, is_wrapped)
            self._servers.append(await loop.create_server(make, host, port, backlog=1024))

    async def close(self) -> None:
        """No new connection; those that hand a mail in finish it, the others are told to come again."""
        self._is_stopping = True
        for server in self._servers:
            server.close()
        for session in self._sessions.values():
            session.is_stopping = True
        idle = [task for task, session in self._sessions.items() if session.envelope is None and not session.is_busy]
        for task in idle:
            task.cancel()
        if self._sessions:
            _done, left = await asyncio.wait(list(self._sessions), timeout=STOP_SECONDS)
            for task in left:
                task.cancel()
        self._threads.shutdown(wait=False)

    def _serve(self, wire: InboundWire, is_wrapped: bool) -> None:
        session = Session(wire, self, is_wrapped=is_wrapped)
        address, config = wire.address, self._config
        is_full = len(self._sessions) >= config.submission_connections
        if self._is_stopping or is_full or self._of_address[address] >= config.submission_per_address:
            task = asyncio.ensure_future(_turn_away(wire, is_wrapped))
            task.add_done_callback(_ended)
            return
        self._of_address[address] += 1
        task = asyncio.ensure_future(session.run())
        self._sessions[task] = session
        CONNECTIONS.set(len(self._sessions))

        def on_end(ended: asyncio.Task[None]) -> None:
            del self._sessions[ended]
            _forget(self._of_address, address)
            CONNECTIONS.set(len(self._sessions))
            wire.close()
            _ended(ended)

        task.add_done_callback(on_end)

    # Desk

    def certificate(self) -> ssl.SSLContext:
        return self._certificates.current()

    async def log_in(self, username: str, password: str, address: str) -> Login:
        """:raises Unauthenticated: after a while that grows with each failure."""

        def look() -> Login:
            return submissions.log_in(self._database, username=username, password=password, address=address)

        def count() -> int:
            return submissions.count_failure(self._database, username=username, address=address)

        loop = asyncio.get_running_loop()
        try:
            login = await loop.run_in_executor(self._threads, look)
        except Unauthenticated:
            LOGINS.labels("refused").inc()
            await asyncio.sleep(wait_after(await loop.run_in_executor(self._threads, count)))
            raise
        LOGINS.labels("accepted").inc()
        return login

    def enter(self, login: Login) -> Answer | None:
        if self._of_account[login.account_id] >= self._config.submission_per_account:
            return replies.TOO_MANY_CONNECTIONS
        self._of_account[login.account_id] += 1
        return None

    def leave(self, login: Login) -> None:
        _forget(self._of_account, login.account_id)

    async def recipient(self, login: Login, address: str) -> None:
        if not login.has_blocked:
            return

        def look() -> Exception | None:
            return submissions.refusal_of_recipient(self._database, login=login, address=address)

        refusal = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        if refusal is not None:
            raise refusal

    def grow(self, login: Login, octets: int) -> bool:
        theirs = self._held[login.account_id] + octets
        if theirs > HELD_SHARE or self._held.total() + octets > HELD_OCTETS:
            return False
        self._held[login.account_id] = theirs
        return True

    def shrink(self, login: Login, octets: int) -> None:
        self._held[login.account_id] -= octets
        if not self._held[login.account_id]:
            del self._held[login.account_id]

    async def submit(self, login: Login, envelope: Envelope, octets: bytes) -> str:
        """:raises received.NotAccepted: its octets cannot be sent. :raises WiciError: it may not be sent now."""
        trace, at = new_id().hex, int(time.time())
        way = f" by {self.name} (Wici) with ESMTPSA id {trace};\r\n {formatdate(at)}"

        def read() -> received.Mail:
            return received.read(
                octets,
                account_id=login.account_id,
                received=way.encode("ascii"),
                trace=trace,
                at=at,
                says_utf8=envelope.says_utf8,
            )

        large = len(octets) > 256 * 1024  # it would hold the loop for milliseconds
        loop = asyncio.get_running_loop()
        mail = await loop.run_in_executor(self._threads, read) if large else read()
        if not self._config.submission_any_files and received.may_have_files(octets):
            await loop.run_in_executor(self._threads, self._ensure_files, login, octets)
        plan = submissions.plan(
            mail, login=login, envelope_from=envelope.sender, recipients=[*envelope.recipients.values()], trace_id=trace
        )
        await self._intake.submit(plan)
        return trace

    def _ensure_files(self, login: Login, octets: bytes) -> None:
        """As of a request's attachments. :raises received.NotAccepted: they may not be sent."""
        try:
            if attached.has_files(octets) and not self._add_ons.may_attach(login.account_id):
                raise _refused("The plan has no attachments")
        except attached.Program:
            raise _refused("Programs are not sent, neither by name nor by content") from None
        except attached.Unreadable:
            raise received.NotAccepted(550, "5.6.0", "the parts of the message cannot be told") from None


def _refused(text: str) -> received.NotAccepted:
    return received.NotAccepted(550, "5.7.0", text)


def _maker(serve: Callable[[InboundWire, bool], None], is_wrapped: bool) -> Callable[[], InboundWire]:
    return lambda: InboundWire(lambda wire: serve(wire, is_wrapped))


async def _turn_away(wire: InboundWire, is_wrapped: bool) -> None:
    if not is_wrapped:  # a handshake for everybody who is too many would cost more than it says
        await wire.write(replies.TOO_MANY_CONNECTIONS.line())
    wire.close()


def _forget(counted: Counter[object] | Counter[str] | Counter[UUID], key: object) -> None:
    counted[key] -= 1  # type: ignore[index]
    if counted[key] <= 0:  # type: ignore[index]
        del counted[key]  # type: ignore[arg-type]


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("session_failed", error=error, exc_info=error)
