"""Made-up octets against the ports for mail: does the process live, stay as large as it was and answer well afterwards?

    python bench/fuzz_mail.py [--seconds 600] [--seed N]

Needs what `partners_mail.py` needs. Starts `email_gateway.submission` (STARTTLS and TLS) and `email_gateway.mailroom` (port 25), and talks to each
over a few connections at a time: commands in order and out of order, broken, long, in pieces and all at once; mails that no program writes, bounces,
complaints and DMARC reports among them, to return paths that are ours; connections that are half-closed, reset or left. It ends with 1
where a process died, logged an exception, grew by more than `GROWTH`, or does not answer as ever afterwards.
"""

from __future__ import annotations

import argparse
import os
import random
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from contextlib import ExitStack, suppress
from uuid import UUID

import psutil
from email_outbound import DOMAIN, store, vhost
from kill_email import REPORT, Sink, prepared, wait_for
from partners_mail import Submission, mail

from chassis.database import Database, make_engine
from chassis.secrets import unnamed_keys
from chassis.testing import RETURN_PATH_KEYS, free_port, migrated_database
from email_gateway.content import verp
from email_gateway.domain.dns_records import RETURN_PATH_LABEL

CONNECTIONS, PATIENCE = 3, 1.5
GROWTH = 1.5  # of the size after the first tenth of the time
VERBS = (
    "EHLO",
    "HELO",
    "MAIL",
    "RCPT",
    "DATA",
    "BDAT",
    "RSET",
    "NOOP",
    "QUIT",
    "VRFY",
    "EXPN",
    "HELP",
    "AUTH",
    "STARTTLS",
    "XCLIENT",
)
KINDS = (
    "text/plain", "text/html; charset=utf-7", "multipart/mixed; boundary=b", "multipart/report; boundary=b; report-type=delivery-status",
    "multipart/report; boundary=b; report-type=feedback-report", "message/delivery-status", "message/feedback-report",
    "application/gzip", "application/zip", "message/rfc822", 'multipart/alternative; boundary="', "text/plain; charset*0*=x''%",
)  # fmt: skip


class Port:
    """One port, and how to talk to it."""

    def __init__(self, name: str, port: int, login: bytes, *, tls: bool, starttls: bool = False) -> None:
        self.name, self.port, self.login, self.tls, self.starttls = name, port, login, tls, starttls
        self.sessions, self.answers = 0, Counter[str]()

    def connect(self, chance: random.Random) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), 5)
        connection.settimeout(PATIENCE)
        if self.starttls and chance.random() < 0.7:
            for command in (b"EHLO a.example\r\n", b"STARTTLS\r\n"):
                self.read(connection)
                connection.sendall(command)
            self.read(connection)
            connection = _context().wrap_socket(connection)
        elif self.tls and chance.random() < 0.9:
            connection = _context().wrap_socket(connection)
        return connection

    def read(self, connection: socket.socket) -> None:
        """What is answered; only its first digits are counted."""
        with suppress(TimeoutError, ssl.SSLError):
            if octets := connection.recv(65_536):
                self.answers[octets[:3].decode("latin-1") if octets[:3].isdigit() else "no reply"] += 1


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Fuzzer:
    """What is sent, made up from a seed."""

    def __init__(self, port: Port, recipients: list[str], seed: int) -> None:
        self.port, self.recipients, self.chance = port, recipients, random.Random(seed)

    def session(self) -> None:
        chance = self.chance
        with suppress(OSError, ssl.SSLError), self.port.connect(chance) as connection:
            self.port.sessions += 1
            for _ in range(chance.randint(1, 12)):
                self._send(connection, self._step())
                if chance.random() < 0.8:
                    self.port.read(connection)
            end = chance.random()
            if end < 0.2:
                connection.shutdown(socket.SHUT_WR)
                self.port.read(connection)
            elif end < 0.4:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def _send(self, connection: socket.socket, octets: bytes) -> None:
        if self.chance.random() < 0.1:
            for start in range(min(len(octets), 50)):
                connection.sendall(octets[start : start + 1])
            octets = octets[50:]
        connection.sendall(octets)

    def _step(self) -> bytes:
        made = self.chance.choice((self._command, self._command, self._transaction, self._transaction, self._noise))()
        return self._broken(made) if self.chance.random() < 0.4 else made

    def _command(self) -> bytes:
        argument = self.chance.choice(
            ("", "a.example", "FROM:<>", f"FROM:<a@{DOMAIN}> SIZE=99999999999999999999", "TO:<" + "@a," * 500 + ":b@c>", "PLAIN =", "LOGIN",
             "PLAIN " + b64encode(os.urandom(30)).decode(), "ŁÓDŹ", "\0" * 20, "x" * 5_000)
        )  # fmt: skip
        return f"{self.chance.choice(VERBS)} {argument}\r\n".encode("utf-8", "replace")

    def _transaction(self) -> bytes:
        """A whole mail, all commands at once."""
        sender = f"a@{DOMAIN}" if self.port.login else ""
        to = "".join(f"RCPT TO:<{self.chance.choice(self.recipients)}>\r\n" for _ in range(self.chance.randint(1, 3)))
        opening = b"EHLO a.example\r\n" + self.port.login if self.chance.random() < 0.7 else b""
        return opening + f"MAIL FROM:<{sender}>\r\n{to}DATA\r\n".encode() + self._mail() + b"\r\n.\r\n"

    def _mail(self) -> bytes:
        chance = self.chance
        head = [f"From: a@{DOMAIN}", "To: b@c.example", f"Content-Type: {chance.choice(KINDS)}"]
        head += chance.choice(
            (
                [],
                ["X: " + "y" * 3_000],
                [f"X{n}: y" for n in range(2_000)],
                ["Received: x"] * 60,
                ["Subject: =?utf-8?b?" + "A" * 500],
            )
        )
        if chance.random() < 0.3:
            head.append(
                f"Content-Transfer-Encoding: {chance.choice(('base64', 'quoted-printable', 'x-uuencode', '8bit', ''))}"
            )
        body = chance.choice(
            (REPORT.encode(), b"--b\r\n" * 500, self._nested(), os.urandom(2_000), b"", b"=", b"..\r\n.x\r\n", mail(2))
        )
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def _nested(self) -> bytes:
        depth = self.chance.randint(1, 300)
        return b"".join(
            b"--b\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
        )

    def _noise(self) -> bytes:
        return os.urandom(self.chance.randint(1, 3_000)) + self.chance.choice((b"", b"\r\n", b"\n", b"\r", b"\0"))

    def _broken(self, octets: bytes) -> bytes:
        broken = bytearray(octets)
        for _ in range(self.chance.randint(1, 6)):
            at = self.chance.randrange(len(broken) or 1)
            broken[at : at + self.chance.randint(0, 4)] = self.chance.choice(
                (b"", b"\n", b"\r", b"\0", b"\xff\xfe", b"\r\n.\r\n", b"\r\n", b" " * 600)
            )
        return bytes(broken)


class Watched:
    """A process, how large it is and what it logged."""

    def __init__(self, name: str, environ: dict[str, str]) -> None:
        self.name, self.log = name, open(f"/tmp/fuzz-{name}-{os.getpid()}.log", "w+b")
        environ = {**environ, "HEALTH_PORT": str(free_port())}
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"email_gateway.{name}"], env=environ, stdout=self.log, stderr=self.log
        )

    def megabytes(self) -> float:
        process = psutil.Process(self.process.pid)
        return float(sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]) / 1e6)

    def exceptions(self) -> list[str]:
        self.log.seek(0)
        return [
            line.decode("utf-8", "replace")[:300]
            for line in self.log
            if b"Traceback" in line or b"session_failed" in line
        ]


def answers_well(to: Submission, room: int, address: str) -> list[str]:
    """Which port does not answer well: a log-in and a sender at the partners', a whole bounce at the mailroom's."""
    wrong = []
    try:
        with smtplib.SMTP_SSL("127.0.0.1", to.tls_port, timeout=30, context=_context()) as client:
            client.login(to.username, to.password)
            wrong += [
                f"submission: {answer}" for answer in (client.mail(f"a@{DOMAIN}"), client.noop()) if answer[0] != 250
            ]
        with smtplib.SMTP("127.0.0.1", to.port, timeout=30) as client:
            client.starttls(context=_context())
            client.login(to.username, to.password)
    except (smtplib.SMTPException, OSError) as error:
        wrong.append(f"submission: {error!r}")
    try:
        with smtplib.SMTP("127.0.0.1", room, timeout=30) as client:
            client.sendmail("", [address], REPORT)
    except (smtplib.SMTPException, OSError) as error:
        wrong.append(f"mailroom: {error!r}")
    return wrong


def run(stack: ExitStack, seconds: float, seed: int) -> int:
    amqp_url, url = stack.enter_context(vhost()), stack.enter_context(migrated_database("email_gateway"))
    database = Database(make_engine(url))
    stack.callback(database.dispose)
    to, room, environ = prepared(database, amqp_url, url, Sink())
    store(database, to.account_id, 1)
    environ |= {"EMAIL_SUBMISSION_PER_ADDRESS": "1000", "EMAIL_MAILROOM_COMMAND_SECONDS": "10"}
    watched = [Watched("submission", environ), Watched("mailroom", environ)]
    for each in watched:
        stack.callback(each.process.wait)
        stack.callback(each.process.terminate)
    key, domain = unnamed_keys("WICI_RETURN_PATH_KEYS", RETURN_PATH_KEYS)[0], f"{RETURN_PATH_LABEL}.{DOMAIN}"
    ours = [verp.encode(UUID(int=number), domain, key, kind) for number in range(5) for kind in verp.Kind]
    ours += [f"postmaster@{domain}", f"abuse@{domain}", "b@c.example", "ł@ó.example"]
    wait_for(lambda: not answers_well(to, room, ours[0]), 900)
    login = to.login
    ports = [
        Port("587", to.port, login, tls=False, starttls=True), Port("465", to.tls_port, login, tls=True),
        Port("25", room, b"", tls=False),
    ]  # fmt: skip
    ends = time.monotonic() + seconds

    def talk(port: Port, number: int) -> None:
        fuzzer = Fuzzer(port, ours, seed * 100 + number)
        while time.monotonic() < ends:
            fuzzer.session()

    threads = [threading.Thread(target=talk, args=(port, number)) for number, port in enumerate(ports * CONNECTIONS)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 10)
    first = [each.megabytes() for each in watched]
    for thread in threads:
        thread.join()
    wrong = [f"{each.name} ended with {code}" for each in watched if (code := each.process.poll()) is not None]
    for each, megabytes in zip(watched, first, strict=True):
        if each.process.poll() is None:
            print(
                f"{each.name}: {megabytes:.0f} MB after a tenth of the time, {(now := each.megabytes()):.0f} MB at the end"
            )
            wrong += [f"{each.name} grew"] if now > megabytes * GROWTH else []
        wrong += each.exceptions()[:5]
    for port in ports:
        print(f"{port.name}: {port.sessions:,} sessions; answers {dict(port.answers.most_common(12))}")
    print(f"seed {seed}; wrong: {(wrong := wrong + answers_well(to, room, ours[0])) or 'nothing'}")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    os.environ["WICI_DEVELOPMENT"] = "1"
    with ExitStack() as stack:
        return run(stack, options.seconds, options.seed)


if __name__ == "__main__":
    sys.exit(main())
