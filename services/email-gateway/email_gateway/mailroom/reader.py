"""Reads what was kept: claims mails, has each read in a confined process, and does what follows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import Counter, Gauge

from chassis.confined import Confined, Exceeded
from chassis.database import Database, Fault, fault_of
from chassis.health import Progress
from chassis.logs import get_logger
from email_gateway.domain.mailroom import MailKind, SoftRule
from email_gateway.incoming.reading import Reading
from email_gateway.store import dmarc, received_mails, soft_bounces
from email_gateway.store.received_mails import Mail
from email_gateway.usecases import incoming
from email_gateway.usecases.incoming import Outcome

AT_ONCE = 20
REST_SECONDS = 5.0  # how soon what another process left is found
READING_SECONDS = 1.0  # of processor time for one mail
MOST_FAILURES = 5  # of the database's, for its data: then a person looks at the mail

READ = Counter("wici_mailroom_read_total", "Mails read, by what they meant", ["kind", "outcome"])
WAITING = Gauge("wici_mailroom_waiting", "Mails kept that are to be read")

log = get_logger()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What reading goes by: the keys that verify, and when soft bounces are too many."""

    soft: SoftRule
    return_path_keys: Sequence[bytes]
    link_keys: Sequence[bytes]


class Reader:
    """Any number may run, in any number of processes: a mail is claimed by lease, and what it means is done once."""

    def __init__(
        self, database: Database, rules: Rules, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._rules = rules
        self._now = now
        self._confined = Confined("email_gateway.incoming.reading:read", processes=1)
        self._poked = threading.Event()
        self._is_stopping = False
        self.progress = Progress()

    def poke(self) -> None:
        """Say that there is something new."""
        self._poked.set()

    def stop(self) -> None:
        self._is_stopping = True
        self.poke()

    def run(self, stop: threading.Event) -> None:
        """Read until `stop`; a failure is logged and tried again."""
        try:
            while not (stop.is_set() or self._is_stopping):
                self._poked.clear()
                try:
                    is_more = self.read_some() == AT_ONCE
                    self.progress.moved()
                except Exception as error:
                    log.warning("mails_not_read", error=error)
                    self.progress.waits()
                    is_more = False
                if not is_more and not self._is_stopping:
                    self._poked.wait(REST_SECONDS)
        finally:
            self._confined.close()

    def read_some(self) -> int:
        """Read what is due, `AT_ONCE` mails at most; how many were claimed."""
        with self._database.transaction() as session:
            mails = received_mails.claim(session, now=self._now(), limit=AT_ONCE)
        for mail in mails:
            if self._is_stopping:
                break  # the leases end, and another process reads them
            self._read_one(mail)
        return len(mails)

    def _read_one(self, mail: Mail) -> None:
        reading = None if mail.kind is MailKind.UNSUBSCRIBE else self._reading(mail)
        try:
            outcome = self._act_on(mail, reading)
        except Exception as error:
            if fault_of(error) is Fault.SERVER:
                raise
            log.warning("mail_not_acted_on", mail_id=str(mail.mail_id), error=error)
            if mail.tries < MOST_FAILURES:
                return  # its lease ends, and it is tried again
            outcome = self._act_on(mail, None)
        if outcome is not None:
            READ.labels(mail.kind, outcome).inc()
            log.info("mail_read", mail_id=str(mail.mail_id), kind=str(mail.kind), outcome=str(outcome))

    def _act_on(self, mail: Mail, reading: Reading | None) -> Outcome | None:
        rules = self._rules
        with self._database.transaction() as session:
            return incoming.act_on(
                session, mail, reading, now=self._now(), rule=rules.soft,
                return_path_keys=rules.return_path_keys, link_keys=rules.link_keys,
            )  # fmt: skip

    def _reading(self, mail: Mail) -> Reading | None:
        """None: it cannot be read, whatever it is about."""
        try:
            read: Reading = self._confined.call(
                mail.octets, mail.has_null_sender, mail.kind is MailKind.DMARC, seconds=READING_SECONDS
            )
        except Exceeded as error:
            log.warning("mail_unreadable", mail_id=str(mail.mail_id), reason=error.reason)
        except Exception as error:
            log.warning("mail_unreadable", mail_id=str(mail.mail_id), error_type=type(error).__name__)
        else:
            return read
        return None

    def tidy(self) -> None:
        """What is old goes; how much waits is counted."""
        now = self._now()
        with self._database.transaction() as session:
            WAITING.set(received_mails.waiting(session).mails)
            received_mails.tidy(session, now=now)
            dmarc.forget_old(session, now=now)
            soft_bounces.forget_old(session, before=self._rules.soft.since(now.date()))
