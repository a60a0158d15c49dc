"""E-mail killed at random: is any mail lost that was accepted, and is any sent twice outside the stated windows?

    python bench/kill_email.py [--kills 100] [--campaign 1000] [--seed N]

Needs what `partners_mail.py` needs. Two `email_gateway.outbound`, one `email_gateway.submission` and one
`email_gateway.mailroom` are killed (SIGKILL) and started again while campaigns run (one begins whenever less than `--campaign` mails
are left of those before), partners submit over TLS, and bounces come for a twentieth of what was delivered. Whoever is not answered submits, or bounces, again, as SMTP has it.
Then all may work to the end. It must hold:

- each recipient of a campaign is delivered, hard or unknown in the end, and no mailbox has two mails; no more are unknown
  than the killed senders had claimed and not settled;
- each mail that a partner was answered 250 to is delivered; a mailbox has two only where its mail was submitted again for
  want of an answer, or was claimed by a sender that was killed (single mails go again rather than not at all);
- each bounce that was answered 250 has ended its message as hard.

Ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import smtplib
import ssl
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import orjson
from email_outbound import DOMAIN, publish, vhost
from email_outbound import store as store_content
from kill_reporting import Killed
from partners_mail import Submission, mail
from sqlalchemy import text

from channel.testing import answer_for_contacts
from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.testing import LINK_KEYS, RETURN_PATH_KEYS, SECRET_KEYS, free_port, migrated_database
from contracts.ids import message_ids
from email_gateway.usecases import smtp_accounts

PARTNERS, WINDOW, PATIENCE = 4, 200, 420.0
UP_SECONDS = 600.0  # until a process is up, however slow the machine
SINK_SECONDS = 0.05  # for each mail: so that there is always something in hand
REPORT = (
    "From: MAILER-DAEMON@mx.poczta.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.poczta.example\r\n\r\nAction: failed\r\n"
    "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n\r\n--b--\r\n"
)


class Sink:
    """A receiver of everything, on a thread of its own; it counts a mail before it answers."""

    def __init__(self) -> None:
        self.mails: Counter[str] = Counter()
        self.return_paths: dict[str, str] = {}
        self.port = free_port()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        sender = address = ""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := (await reader.readline()).decode().strip():
                verb = line[:4].upper()
                if verb == "EHLO":
                    writer.write(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
                elif verb == "DATA":
                    writer.write(b"354 go\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    await asyncio.sleep(SINK_SECONDS)
                    self.mails[address] += 1
                    self.return_paths[address] = sender
                    writer.write(b"250 kept\r\n")
                else:
                    sender, address = (
                        _path(line) if verb == "MAIL" else sender,
                        _path(line) if verb == "RCPT" else address,
                    )
                    writer.write(b"250 ok\r\n")
        writer.close()


def _path(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


_CLAIMED = text("SELECT send_id, numbers, body FROM claims WHERE instance_id = :instance_id")
_UNDER_WAY = ("claimed", "accepted", "deferred")
_SETTLED = text(f"SELECT message_id FROM ledger WHERE message_id = ANY(:ids) AND state NOT IN {_UNDER_WAY}")


class Process(Killed):
    """:param name: of the module, without its package."""

    def __init__(self, name: str, environ: dict[str, str], database: Database, package: str = "email_gateway") -> None:
        self.name, self._database = name, database
        super().__init__(f"{package}.{name}", environ)

    def start(self) -> None:
        """A sender's lease is waited for, which tells its instance: two never start at the same time."""
        known = self._instances()
        super().start()
        if self.name == "outbound":
            wait_for(lambda: self._instances() - known, UP_SECONDS)
            (self._instance_id,) = self._instances() - known

    def _instances(self) -> set[UUID]:
        with self._database.transaction() as session:
            return set(session.scalars(text("SELECT instance_id FROM instances")))

    def left_behind(self) -> Counter[str]:
        """Of a sender that was killed a moment ago: what it had claimed and not settled, by lane."""
        if self.name != "outbound":
            return Counter()
        time.sleep(0.1)  # a commit that it had asked for
        claimed: dict[UUID, str] = {}
        with self._database.transaction() as session:
            for row in session.execute(_CLAIMED, {"instance_id": self._instance_id}):
                of, lane = message_ids(row.send_id), orjson.loads(row.body)["lane"]
                claimed |= {of(number): lane for number in row.numbers}
            settled = set(session.scalars(_SETTLED, {"ids": list(claimed)}))
        return Counter(lane for message_id, lane in claimed.items() if message_id not in settled)

    @property
    def is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.health}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Campaigns:
    """One after the other, so that at each kill there is bulk in hand."""

    def __init__(self, broker: Broker, account_id: UUID, content_hash: str, size: int, sink: Sink) -> None:
        self._broker, self._of, self._size, self._sink = broker, (account_id, content_hash), size, sink
        self.messages = 0

    def keep_up(self) -> None:
        while self.messages - sum(each.startswith("osoba") for each in list(self._sink.mails)) < self._size:
            publish(self._broker, *self._of, self._size, self.messages + 1)
            self.messages += self._size


class Run:
    """What clients were told, and what they sent; each address has one mail."""

    def __init__(self, to: Submission, room: int, sink: Sink, chance: random.Random) -> None:
        self.to, self.room, self.sink, self.chance = to, room, sink, chance
        self.ends = threading.Event()
        self.answered: set[str] = set()
        self.unanswered: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.bounced: set[str] = set()
        self._lock = threading.Lock()
        work = [(self._submit, number) for number in range(PARTNERS)] + [(self._bounce, 0)]
        self.threads = [threading.Thread(target=one, args=(number,), daemon=True) for one, number in work]
        for thread in self.threads:
            thread.start()

    def _submit(self, number: int) -> None:
        """One mail after the other; what is not answered is submitted again until it is."""
        client, mails = None, 0
        octets = mail(2).replace(b"a@" + DOMAIN.encode(), b"partner@" + DOMAIN.encode())
        while not self.ends.is_set():
            address = f"p{number}x{mails}@poczta.example"
            try:
                client = client or self._logged_in()
                client.mail(f"partner@{DOMAIN}")
                client.rcpt(address)
                code, answer = client.data(octets)
                if code != 250:
                    raise smtplib.SMTPException(code, answer)
            except (smtplib.SMTPException, OSError) as error:
                with self._lock:
                    self.refusals[f"{type(error).__name__} {error}"[:90]] += 1
                    self.unanswered[address] += client is not None
                client = None
                time.sleep(0.2)
                continue
            with self._lock:
                self.answered.add(address)
            mails += 1
            time.sleep(0.02)

    def _logged_in(self) -> smtplib.SMTP_SSL:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client = smtplib.SMTP_SSL("127.0.0.1", self.to.tls_port, timeout=20, context=context)
        client.login(self.to.username, self.to.password)
        return client

    def _bounce(self, _number: int) -> None:
        """A bounce for a mail of the campaign that was delivered, again until it is answered."""
        while not self.ends.is_set():
            time.sleep(0.1)
            delivered = [
                each for each in list(self.sink.mails) if each.startswith("osoba") and each not in self.bounced
            ]
            if len(self.bounced) * 20 >= len(delivered):
                continue
            address = self.chance.choice(delivered)
            while not self.ends.is_set():
                try:
                    with smtplib.SMTP("127.0.0.1", self.room, timeout=20) as client:
                        client.sendmail("", [self.sink.return_paths[address]], REPORT)
                except (smtplib.SMTPException, OSError):
                    time.sleep(0.3)
                    continue
                self.bounced.add(address)
                break


def states(database: Database) -> Counter[str]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT state, count(*) AS n FROM ledger GROUP BY state"))
        return Counter({row.state: row.n for row in rows})


def verdict(run: Run, database: Database, messages: int, left: Counter[str]) -> list[str]:
    """What is wrong, line by line.

    :param left: behind by killed senders, messages by lane.
    """
    with database.transaction() as session:
        rows = session.execute(text("SELECT address, state, lane FROM ledger")).all()
    state = {row.address: row.state for row in rows if row.lane == "bulk"}
    stored = Counter(row.address for row in rows if row.lane != "bulk")
    wrong = _of_campaign(run, state, messages, left["bulk"]) + _of_partners(run, stored, left.total() - left["bulk"])
    if not_hard := [each for each in run.bounced if state.get(each) not in ("hard_bounced", "unknown")]:
        wrong.append(f"{len(not_hard)} bounced and are not hard")
    return wrong


def _of_campaign(run: Run, state: dict[str, str], messages: int, window: int) -> list[str]:
    ends, mails = Counter(state.values()), run.sink.mails
    lost = sum(end in ("delivered", "hard_bounced") and not mails[each] for each, end in state.items())
    found = {
        f"the ledger has {len(state)} of {messages}": len(state) != messages,
        f"some have another end: {dict(ends)}": not set(ends) <= {"delivered", "hard_bounced", "unknown"},
        f"{ends['unknown']} unknown, more than {window}": ends["unknown"] > window,
        "a mailbox has two mails": any(mails[each] > 1 for each in state),
        f"{lost} are told as delivered and were not": lost > 0,
    }
    return [f"campaign: {what}" for what, is_so in found.items() if is_so]


def _of_partners(run: Run, stored: Counter[str], window: int) -> list[str]:
    missing = [each for each in run.answered if not run.sink.mails[each]]
    more = [each for each, times in stored.items() if times > 1 + run.unanswered[each]]
    found = {
        f"{len(missing)} answered 250 and not delivered, {missing[:3]}": bool(missing),
        f"{len(more)} are stored more often than they were submitted": bool(more),
        f"{sent_again(run, stored)} sent again, more than {window}": sent_again(run, stored) > window,
    }
    return [f"partners: {what}" for what, is_so in found.items() if is_so]


def sent_again(run: Run, stored: Counter[str]) -> int:
    """How many mails of partners the receiver has beside one for each that was stored."""
    return sum(max(run.sink.mails[each] - times, 0) for each, times in stored.items())


_SCHEDULE = text(
    "SELECT count(*) AS n, count(*) FILTER (WHERE due_at <= now()) AS due, min(due_at) - now() AS next FROM retries"
)
_WAITING = text(
    "SELECT lane, state, code, detail, attempts, count(*) AS n FROM ledger"
    f" WHERE state IN {_UNDER_WAY} GROUP BY lane, state, code, detail, attempts ORDER BY n DESC LIMIT 10"
)

# Whose claims are left: of an instance that lives nobody may sweep them.
_LEFT = text(
    "SELECT c.instance_id, i.expires_at > now() AS is_alive, i.expires_at - now() AS lease, count(*) AS claims,"
    " sum(cardinality(c.numbers)) AS messages, min(c.claimed_at) AS first, max(c.claimed_at) AS last, now() AS now"
    " FROM claims c LEFT JOIN instances i USING (instance_id) GROUP BY c.instance_id, i.expires_at ORDER BY first"
)
_UNACCOUNTED = text(
    f"SELECT l.lane, l.state, l.code, count(*) AS n FROM ledger l WHERE l.state IN {_UNDER_WAY}"
    " AND NOT EXISTS (SELECT 1 FROM retries r WHERE r.message_id = l.message_id) GROUP BY l.lane, l.state, l.code"
)


def told(run: Run, database: Database) -> None:
    """What the windows had in them."""
    with database.transaction() as session:
        for row in session.execute(_WAITING):
            print(f"still under way: {row}")
        print(f"the schedule: {session.execute(_SCHEDULE).one()}")
        for row in session.execute(_LEFT):
            print(f"claims: {row._asdict()}")
        for row in session.execute(_UNACCOUNTED):
            print(f"under way and not in the schedule: {row}")
        rows = session.execute(text("SELECT address, count(*) AS n FROM ledger WHERE lane <> 'bulk' GROUP BY address"))
        stored = Counter({row.address: row.n for row in rows})
    print(f"the ledger: {dict(states(database))}; {len(run.bounced)} bounces answered 250")
    print(
        f"{len(run.answered):,} mails of partners answered 250, {run.unanswered.total()} times no answer,"
        f" {stored.total() - len(stored)} of them stored all the same; {sent_again(run, stored)} sent again after a sender was killed"
    )


def run(stack: ExitStack, options: argparse.Namespace) -> int:
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    chance, sink = random.Random(seed), Sink()
    amqp_url, url = stack.enter_context(vhost()), stack.enter_context(migrated_database("email_gateway"))
    database = Database(make_engine(url))
    stack.callback(database.dispose)
    to, room, environ = prepared(database, amqp_url, url, sink)
    broker = Broker(amqp_url, "bench").start()
    stack.callback(broker.close)
    answer_for_contacts(broker)  # without an answer nothing of a campaign goes again
    processes = []
    for name in ("outbound", "outbound", "submission", "mailroom"):
        processes.append(Process(name, environ, database))
        stack.callback(processes[-1].stop)
    wait_for(lambda: all(process.is_ready for process in processes), UP_SECONDS)
    content_hash = store_content(database, to.account_id, 3)
    campaigns = Campaigns(broker, to.account_id, content_hash, options.campaign, sink)
    work, kills, left = Run(to, room, sink, chance), Counter[str](), Counter[str]()
    in_the_middle = 0
    for _ in range(options.kills):
        campaigns.keep_up()
        to.lease()  # a submission that was killed may have had it
        before, until = sink.mails.total(), time.monotonic() + 20
        while sink.mails.total() == before and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.5))
        wait_for(lambda: any(process.is_ready for process in processes), UP_SECONDS)
        process = chance.choice([process for process in processes if process.is_ready] or processes)
        in_the_middle += any(states(database)[state] for state in _UNDER_WAY)
        process.kill()
        left += process.left_behind()
        process.start()
        kills[process.name] += 1
    work.ends.set()
    for thread in work.threads:
        thread.join(30)
    print(f"seed {seed}, killed {kills.total()} times: {dict(kills)}, {in_the_middle} of them with mail under way")
    print(f"left behind by killed senders: {dict(left)}")
    until = time.monotonic() + PATIENCE
    while (wrong := verdict(work, database, campaigns.messages, left)) and time.monotonic() < until:
        time.sleep(2)
    told(work, database)
    print(f"what partners heard: {dict(work.refusals.most_common(8))}")
    print(f"wrong: {wrong or 'nothing'}")
    return 1 if wrong else 0


def prepared(database: Database, amqp_url: str, url: str, sink: Sink) -> tuple[Submission, int, dict[str, str]]:
    """An SMTP account of an account that may send, the mailroom's port, and the environment of all processes."""
    account_id, port, tls_port, room = new_id(), free_port(), free_port(), free_port()
    given: Any = {"actor": {"account_id": str(account_id)}, "now": None, "tools": _Tools}
    with database.transaction() as session:
        made = smtp_accounts.create_smtp_account(
            session, name="bench", ip_list=[], messages_a_minute=60_000_000, **given
        )
    to = Submission(port, tls_port, made["username"], made["password"], 0, database, account_id)
    to.lease()
    environ = {
        **os.environ, "AMQP_URL": amqp_url, "EMAIL_GATEWAY_DATABASE_URL": url, "WICI_SECRET_KEYS": SECRET_KEYS,
        "WICI_LINK_KEYS": LINK_KEYS, "WICI_RETURN_PATH_KEYS": RETURN_PATH_KEYS, "WICI_DEVELOPMENT": "1",
        "WICI_SUBMISSION_PORT": str(port), "WICI_SUBMISSIONS_PORT": str(tls_port), "WICI_MAILROOM_PORT": str(room),
        "EMAIL_DEFAULT_ROUTE": f"smtp://127.0.0.1:{sink.port}?tls=off&connections=4", "EMAIL_RETRY_BASE_SECONDS": "0.5",
        "EMAIL_WINDOW": str(WINDOW), "EMAIL_MAILROOM_CONNECTIONS_OF_ADDRESS": "100",
    }  # fmt: skip
    return to, room, environ


class _Tools:
    new_id = staticmethod(new_id)


def wait_for(is_so: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise SystemExit("the processes do not come up")
        time.sleep(0.2)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--campaign", type=int, default=1_000)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    os.environ["WICI_DEVELOPMENT"] = "1"
    with ExitStack() as stack:
        return run(stack, options)


if __name__ == "__main__":
    sys.exit(main())
