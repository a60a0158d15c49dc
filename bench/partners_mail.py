"""How fast `email_gateway.submission` takes mail: over TLS, each safe on disk before its 250.

    python bench/partners_mail.py [--mails 4000] [--connections 20] [--kilobytes 20] [--pairs 1]

Needs PostgreSQL and RabbitMQ (WICI_TEST_DATABASE_URL, WICI_TEST_AMQP_URL, WICI_TEST_RABBITMQCTL) and makes a database
and a vhost of its own there. The same clients then hand the same mails to the same process with an intake that forgets
them (what a session costs by itself: its distance to the first is what keeping costs), and to aiosmtpd, which forgets
them too. What TLS costs at the least is asked of `openssl speed`. The quota is leased beforehand, so that identity is
not part of it. CPU is all of the process'; on a busy machine believe it, and not the mails a second.
"""

from __future__ import annotations

import argparse
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from email_outbound import DOMAIN, cpu, peak, process, store, vhost
from sqlalchemy import text

from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.testing import LINK_KEYS, RETURN_PATH_KEYS, SECRET_KEYS, free_port, migrated_database
from email_gateway.content import received
from email_gateway.usecases import smtp_accounts

FORGETTING = """
import sys
from email_gateway.submission import __main__ as process, intake
async def forget(self, submission): return None
intake.Intake.submit = forget
process.boot(process.main, process.SubmissionConfig, service="email_gateway", name="submission", pool_size=8)
"""
SINK = """
import asyncio, sys
from aiosmtpd.smtp import SMTP
from email_gateway.submission.certificates import self_signed
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
async def main():
    make = lambda: SMTP(Sink(), require_starttls=False)
    context = self_signed("sink.example").current()
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", int(sys.argv[1]), ssl=context)
    await server.serve_forever()
asyncio.run(main())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mails", type=int, default=4_000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--kilobytes", type=float, default=20)
    parser.add_argument("--pairs", type=int, default=1, help="turns of both, one after the other")
    options = parser.parse_args()
    print(f"{options.kilobytes:.0f} KB over TLS, {options.connections} connections")
    print(
        f"openssl: {ciphering(options.kilobytes):.0f} µs to decipher a mail; reading it {reading(options.kilobytes):.0f} µs"
    )
    with ExitStack() as stack:
        kept, bare = submission(stack), submission(stack, ["-c", FORGETTING])
        for _ in range(options.pairs):
            kept.lease()  # the one of the turn before may have ended
            print("kept:     ", told(options, kept.pid, kept.tls_port, kept.login))
            print("forgotten:", told(options, bare.pid, bare.tls_port, bare.login))
        with kept.database.transaction() as session:
            stored = session.scalar(text("SELECT count(*) FROM blobs"))
        print(f"{stored:,} kept of {options.mails * options.pairs:,} answered")
        sink_port = free_port()
        pid = stack.enter_context(process([sys.executable, "-c", SINK, str(sink_port)], dict(os.environ)))
        print("aiosmtpd: ", told(options, pid, sink_port, b""))


def told(options: argparse.Namespace, pid: int, port: int, login: bytes) -> str:
    connected(port).close()
    before, rate = cpu(pid), hand_in(options, port, login)
    used = (cpu(pid) - before) / options.mails * 1e6
    return f"{rate:5,.0f} mails/s, {used:5.0f} µs of CPU a mail, peak {peak(pid) // 1024} MB"


def ciphering(kilobytes: float) -> float:
    """Microseconds that AES-256-GCM takes for a mail on this machine, by `openssl speed`; 0 where there is none."""
    try:
        ran = subprocess.run(
            ["openssl", "speed", "-mr", "-seconds", "1", "-bytes", "16384", "-evp", "aes-256-gcm"],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return 0.0
    octets_a_second = float(ran.stdout.strip().rpartition(":")[2])
    return kilobytes * 1_000 / octets_a_second * 1e6


@dataclass(frozen=True)
class Submission:
    """A running process, and an SMTP account that it lets in."""

    port: int  # STARTTLS
    tls_port: int
    username: str
    password: str
    pid: int
    database: Database
    account_id: UUID

    @property
    def login(self) -> bytes:
        """What logs in."""
        return b"AUTH PLAIN " + b64encode(f"\0{self.username}\0{self.password}".encode()) + b"\r\n"

    def lease(self) -> None:
        """Quota for the account, for a while: nobody is there to ask."""
        with self.database.transaction() as session:
            session.execute(
                text(
                    "INSERT INTO quota_leases (reservation_id, account_id, granted, used_at, opened_at)"
                    " VALUES (:id, :account, 100000000, now() + interval '1 day', now() + interval '1 day')"
                    " ON CONFLICT DO NOTHING"  # one that has not ended
                ),
                {"id": new_id(), "account": self.account_id},
            )


def submission(stack: ExitStack, started: Sequence[str] = ("-m", "email_gateway.submission")) -> Submission:
    amqp_url, url = stack.enter_context(vhost()), stack.enter_context(migrated_database("email_gateway"))
    database = Database(make_engine(url))
    stack.callback(database.dispose)
    account_id, tools, port, tls_port = uuid4(), SimpleNamespace(new_id=new_id), free_port(), free_port()
    store(database, account_id, 1)
    with database.transaction() as session:
        given: Any = {"actor": {"account_id": str(account_id)}, "now": None, "tools": tools}
        made = smtp_accounts.create_smtp_account(
            session, name="bench", ip_list=[], messages_a_minute=60_000_000, **given
        )
    environ = {
        **os.environ, "AMQP_URL": amqp_url, "EMAIL_GATEWAY_DATABASE_URL": url, "WICI_SECRET_KEYS": SECRET_KEYS,
        "WICI_LINK_KEYS": LINK_KEYS, "WICI_RETURN_PATH_KEYS": RETURN_PATH_KEYS, "WICI_DEVELOPMENT": "1",
        "WICI_SUBMISSION_PORT": str(port), "WICI_SUBMISSIONS_PORT": str(tls_port),
    }  # fmt: skip
    pid = stack.enter_context(process([sys.executable, *started], environ))
    to = Submission(port, tls_port, made["username"], made["password"], pid, database, account_id)
    to.lease()
    return to


def hand_in(options: argparse.Namespace, port: int, login: bytes) -> float:
    """Mails a second, over all connections."""
    each = options.mails // options.connections
    threads = [
        threading.Thread(target=_hand_in, args=(port, login, each, mail(options.kilobytes)))
        for _ in range(options.connections)
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return each * options.connections / (time.monotonic() - started)


def mail(kilobytes: float) -> bytes:
    head = f"From: a@{DOMAIN}\r\nTo: ala@poczta.example\r\nSubject: x\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n\r\n"
    return head.encode() + b"Nowa kolekcja w sklepie, dzis taniej i do wyczerpania zapasow.\r\n" * int(kilobytes * 15.6)


def reading(kilobytes: float) -> float:
    """CPU time for reading one mail, in microseconds; the best of some runs."""
    octets, runs = mail(kilobytes), []
    for _ in range(5):
        started = time.process_time()
        for number in range(200):
            received.read(octets, account_id=UUID(int=1), received=b"x", trace=f"t{number}", at=1, says_utf8=False)
        runs.append((time.process_time() - started) / 200 * 1e6)
    return min(runs)


def connected(port: int) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    ends = time.monotonic() + 60
    while True:
        try:
            plain = socket.create_connection(("127.0.0.1", port), 60)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return context.wrap_socket(plain)
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def _hand_in(port: int, login: bytes, mails: int, octets: bytes) -> None:
    connection = connected(port)
    replies = connection.makefile("rb")

    def reply(expected: bytes) -> None:
        while (line := replies.readline())[3:4] == b"-":
            pass
        assert line.startswith(expected), line

    reply(b"220")
    connection.sendall(b"EHLO bench\r\n")
    reply(b"250")
    if login:
        connection.sendall(login)
        reply(b"235")
    opening = f"MAIL FROM:<a@{DOMAIN}>\r\nRCPT TO:<ala@poczta.example>\r\nDATA\r\n".encode()
    for _ in range(mails):
        connection.sendall(opening)
        for expected in (b"250", b"250", b"354"):
            reply(expected)
        connection.sendall(octets + b".\r\n")
        reply(b"250")
    connection.close()


if __name__ == "__main__":
    main()
