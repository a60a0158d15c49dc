"""What the mailroom takes, and when it says so: addresses of ours alone, and 250 once the mail is in the database."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from aiosmtpd.smtp import Envelope, Session
from prometheus_client import Counter

from chassis.database import Database
from chassis.logs import get_logger
from contracts.domains import ascii_domain
from email_gateway.content import verp
from email_gateway.domain.mailroom import ROLES, MailKind, Ours
from email_gateway.mailroom.connection import MOST_IN_VAIN, BareLineEnd, Connection
from email_gateway.store import received_mails, senders
from email_gateway.store.received_mails import Waiting

THREADS = 2
MOST_RECIPIENTS = 10
MOST_HOPS = 50  # RFC 5321 section 6.3
LOOK_SECONDS = 1.0  # between looks at how much waits
REMEMBER_SECONDS, MOST_REMEMBERED = 60.0, 10_000
OURS, RELAY = "250 2.1.5 OK", "550 5.1.1 No such address here"
LATER = "451 4.3.0 Try again later"
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_RECEIVED = re.compile(rb"^received:", re.IGNORECASE | re.MULTILINE)

MAILS = Counter("wici_mailroom_mails_total", "Mails at the door, by what they were told", ["answer"])
RECIPIENTS = Counter("wici_mailroom_recipients_total", "Recipients named at the door, by kind", ["kind"])

T = TypeVar("T")
log = get_logger()


class Reception:
    """aiosmtpd's handler. Methods run on the loop; the database is asked on threads.

    :param on_mail: called when a mail was kept.
    """

    def __init__(
        self, database: Database, *, mail_host: str, return_path_keys: Sequence[bytes], on_mail: Callable[[], None]
    ) -> None:
        self._database = database
        self._mail_host = mail_host.lower()
        self._keys = return_path_keys
        self._on_mail = on_mail
        self._threads = ThreadPoolExecutor(THREADS, "mailroom")
        self._known: dict[str, tuple[float, bool]] = {}
        self._waiting = (0.0, Waiting(0, 0, 0))

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def handle_EHLO(
        self, server: Connection, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_MAIL(
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address or "<>"
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            ours = await self._ours(address)
        except Exception as error:
            log.warning("recipient_not_looked_up", error=error)
            return LATER
        RECIPIENTS.labels(ours.kind if ours else "nobody").inc()
        if ours is None:
            server.refused_recipients += 1
            if server.refused_recipients >= MOST_IN_VAIN:
                asyncio.get_running_loop().call_soon(server.hang_up)  # once it is told
            return RELAY
        recipients: list[Any] = envelope.rcpt_tos
        recipients.append((address, ours))
        return OURS

    async def handle_DATA(self, server: Connection, session: Session, envelope: Envelope) -> str:
        octets = envelope.content
        assert isinstance(octets, bytes)
        answer = self._fault_of(octets)
        if answer is None:
            server.is_storing = True  # the timers wait: what is about to be kept is better acknowledged
            try:
                answer = await self._on_thread(self._keep, envelope, octets)
            except Exception as error:
                log.warning("mail_not_kept", error=error)
                answer = LATER
            finally:
                server.is_storing = False
        MAILS.labels(answer[:3]).inc()
        return answer

    async def handle_exception(self, error: Exception) -> str:
        if not isinstance(error, BareLineEnd):
            log.warning("mailroom_session_failed", error=error)
            return "451 4.3.0 Something went wrong here"
        return "500 5.5.2 Lines end with CR LF"

    def _fault_of(self, octets: bytes) -> str | None:
        if _BARE.search(octets):
            return "550 5.5.2 Lines end with CR LF, and with nothing else"
        head = octets[: octets.find(b"\r\n\r\n") if b"\r\n\r\n" in octets else None]
        if len(_RECEIVED.findall(head)) > MOST_HOPS:
            return "554 5.4.6 The mail goes round in circles"
        return None

    def _keep(self, envelope: Envelope, octets: bytes) -> str:
        with self._database.transaction() as session:
            recipients: list[Any] = envelope.rcpt_tos
            is_strangers = any(ours.message_id is None for _address, ours in recipients)
            if not self._what_waits(session).has_room(is_strangers=is_strangers):
                return "452 4.3.1 Too much waits to be read, try again later"
            received_mails.keep(
                session, recipients=recipients, has_null_sender=envelope.mail_from == "<>", octets=octets
            )
        self._on_mail()
        return "250 2.6.0 Kept"

    def _what_waits(self, session: Any) -> Waiting:
        looked_at, waiting = self._waiting
        if time.monotonic() - looked_at > LOOK_SECONDS:
            waiting = received_mails.waiting(session)
            self._waiting = (time.monotonic(), waiting)
        return waiting

    # --- whose address it is

    async def _ours(self, address: str) -> Ours | None:
        if (message_id := verp.decode(address, self._keys)) is not None:
            return Ours(MailKind.BOUNCE, message_id)
        if (message_id := verp.decode(address, self._keys, verp.Kind.UNSUBSCRIBE)) is not None:
            return Ours(MailKind.UNSUBSCRIBE, message_id)
        local, _, domain = address.rpartition("@")
        kind = ROLES.get(local.lower())
        if kind is None:
            return None
        try:
            name = ascii_domain(domain)
        except UnicodeError:
            return None
        return Ours(kind) if name == self._mail_host or await self._is_return_path(name) else None

    async def _is_return_path(self, domain: str) -> bool:
        now = time.monotonic()
        known = self._known.get(domain)
        if known is None or known[0] < now:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            found = await self._on_thread(self._look_up, domain)
            known = self._known[domain] = (now + REMEMBER_SECONDS, found)
        return known[1]

    def _look_up(self, domain: str) -> bool:
        with self._database.reading() as session:
            return senders.is_return_path(session, domain)

    async def _on_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *arguments))
