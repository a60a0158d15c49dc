"""The mailroom's port against peers that misbehave: raw bytes, no client's manners."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from chassis.database import Database
from chassis.testing import Launcher, wait_until
from email_gateway.mailroom.connection import CHUNK, FAR_TOO_MUCH

from .mailroom_peer import HOST, letter, report, return_path, sent, waiting
from .test_link_hosts import certificate
from .test_mailroom import Room, launch_mailroom

TO = f"<postmaster@{HOST}>"
FAR_TOO_MANY = FAR_TOO_MUCH * 100_000 + CHUNK + 1  # octets that are read, and no more
START = f"EHLO peer.example\r\nMAIL FROM:<>\r\nRCPT TO:{TO}\r\n".encode()


class Peer:
    """A raw connection; `read` gives lines until one that is the last of a reply."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = b""

    def reply(self) -> bytes:
        """The next complete reply; b"" where the connection ends."""
        lines = b""
        while True:
            while b"\n" not in self._buffer:
                try:
                    received = self.connection.recv(65536)
                except ConnectionError:
                    return b""
                if not received:
                    return b""
                self._buffer += received
            line, _, self._buffer = self._buffer.partition(b"\n")
            lines += line + b"\n"
            if line[3:4] != b"-":
                return lines

    def say(self, octets: bytes) -> bytes:
        with suppress(ConnectionError):
            self.connection.sendall(octets)
        return self.reply()

    def is_over(self) -> bool:
        """Read to the end: the other side has hung up."""
        while self.reply():
            pass
        return True


@contextmanager
def peer(port: int, *, greets: bool = True) -> Iterator[Peer]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        made = Peer(connection)
        if greets:
            assert made.reply().startswith(b"220 ")
        yield made


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"), "mail.wici.example")


@pytest.fixture(scope="module")
def room(launch_once: Launcher, chain: Path) -> Room:
    """With little patience, a small size and few doors."""
    return launch_mailroom(
        launch_once,
        EMAIL_MAILROOM_CERTIFICATE=str(chain),
        EMAIL_MAILROOM_KEY=str(chain),
        EMAIL_MAILROOM_SIZE="100000",
        EMAIL_MAILROOM_CONNECTIONS="6",
        EMAIL_MAILROOM_CONNECTIONS_OF_ADDRESS="4",
        EMAIL_MAILROOM_COMMAND_SECONDS="1",
        EMAIL_MAILROOM_SESSION_SECONDS="3",
    )


@pytest.fixture(autouse=True)
def is_well(room: Room, database: Database) -> Iterator[None]:
    """Whatever a peer does, the next one is served."""
    yield
    with peer(room.port) as next_one:
        assert next_one.say(b"NOOP\r\n").startswith(b"250")
        next_one.say(b"QUIT\r\n")
    with smtplib.SMTP("127.0.0.1", room.port, timeout=20) as client:
        client.sendmail("", [f"postmaster@{HOST}"], letter())
    wait_until(lambda: waiting(database) == 0, what="all read")


def in_data(one: Peer) -> None:
    for line in START.splitlines(keepends=True):
        assert one.say(line).startswith(b"250"), line
    assert one.say(b"DATA\r\n").startswith(b"354")


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\n", b"\r.\r\n"], ids=lambda end: end.hex()
)
def test_a_second_mail_is_not_smuggled_behind_a_loose_end(room: Room, database: Database, end: bytes) -> None:
    smuggled = (
        b"MAIL FROM:<a@evil.example>\r\nRCPT TO:" + TO.encode() + b"\r\nDATA\r\nSubject: second\r\n\r\nx\r\n.\r\n"
    )
    with peer(room.port) as one:
        in_data(one)
        assert one.say(b"Subject: first\r\n\r\nx" + end + smuggled).startswith(b"550 5.5.2")
        assert one.say(b"NOOP\r\n").startswith(b"250"), "nothing of it was taken for a command"
    assert waiting(database) == 0


@pytest.mark.parametrize("command", [b"NOOP\n", b"EHLO x\nMAIL FROM:<>\r\n", b"\n"])
def test_commands_end_with_cr_lf(room: Room, command: bytes) -> None:
    with peer(room.port) as one:
        assert one.say(command).startswith(b"500 5.5.2")


def test_what_follows_starttls_in_the_clear_ends_the_connection(room: Room, chain: Path) -> None:
    with peer(room.port) as one:
        one.say(b"EHLO peer.example\r\n")
        assert one.say(b"STARTTLS\r\nMAIL FROM:<>\r\n").startswith(b"501")
        assert one.is_over()


def test_a_session_over_tls_starts_anew(room: Room, chain: Path) -> None:
    context = ssl.create_default_context(cafile=str(chain))
    with peer(room.port) as one:
        one.say(START)
        one.reply(), one.reply()
        assert one.say(b"STARTTLS\r\n").startswith(b"220")
        with context.wrap_socket(one.connection, server_hostname="mail.wici.example") as encrypted:
            safe = Peer(encrypted)
            assert safe.say(f"RCPT TO:{TO}\r\n".encode()).startswith(b"503")
            assert b"STARTTLS" not in safe.say(b"EHLO peer.example\r\n")


def test_a_new_certificate_is_taken_without_a_restart(room: Room, chain: Path, tmp_path: Path) -> None:
    old = chain.read_bytes()
    fresh = certificate(tmp_path, "mail.wici.example").read_bytes()
    authority = tmp_path / "authority.pem"

    def is_shown() -> bool:
        with smtplib.SMTP("127.0.0.1", room.port, timeout=20) as client:
            client._host = "mail.wici.example"  # type: ignore[attr-defined]
            try:
                client.starttls(context=ssl.create_default_context(cafile=str(authority)))
            except ssl.SSLCertVerificationError:
                client.close()
                return False
            return client.ehlo()[0] == 250

    try:
        for content, shown in ((b"broken", old), (fresh, fresh)):
            chain.write_bytes(content)
            authority.write_bytes(shown)
            wait_until(is_shown, what="the certificate")
    finally:
        chain.write_bytes(old)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", b"500"),  # TLS where SMTP is spoken
        (b"GET / HTTP/1.1\r\n", b"500"),
        (b"\x00\x00\x00\r\n", b"500"),
        (b"MAIL FROM:<>\r\n", b"503"),
        (b"EHLO\r\n", b"501"),
        (b"DATA\r\n", b"503"),
        (b"RCPT TO:<a@b>\r\n", b"503"),
        (b"AUTH PLAIN AGEAYg==\r\n", b"50"),
        (b"VRFY root\r\n", b"252"),
        (b"EXPN all\r\n", b"502"),
        (b"BDAT 5 LAST\r\n", b"500"),
        (b"X" * 70_000 + b"\r\n", b"500"),
    ],
    ids=lambda value: value[:12].decode("latin-1").strip(),
)
def test_nonsense_has_an_answer(room: Room, said: bytes, code: bytes) -> None:
    with peer(room.port) as one:
        assert one.say(said).startswith(code)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([b"EHLO x", b"MAIL FROM:<> SIZE=99999999"], b"552"),
        ([b"EHLO x", b"MAIL FROM:<a@b.example> SMTPUTF8"], b"501"),
        ([b"EHLO x", b"MAIL FROM:<a@b.example", b"RCPT TO:<>"], b"5"),
        ([b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<@relay.example:jan@klient.example>"], b"55"),
        ([b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<jan@klient.example>"], b"550"),
        ([b"EHLO x", b"MAIL FROM:<>", b"DATA"], b"503"),
        ([b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<" + b"b" + b"0" * 42 + b"@x>"], b"550"),
        ([b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<\xff\xfe@x>"], b"50"),
    ],
)
def test_envelopes_that_are_not_for_us_are_refused_at_the_door(room: Room, lines: list[bytes], code: bytes) -> None:
    with peer(room.port) as one:
        replies = [one.say(line + b"\r\n") for line in lines]
        assert replies[-1].startswith(code), replies


def test_what_is_too_large_or_goes_in_circles_is_refused(room: Room, database: Database) -> None:
    with peer(room.port) as one:
        for octets, code in ((b"x" * 900 + b"\r\n") * 120, b"552"), (b"Received: by x\r\n" * 51 + b"\r\nx\r\n", b"554"):
            in_data(one)
            assert one.say(octets + b".\r\n").startswith(code)
    assert waiting(database) == 0


@pytest.mark.parametrize("octets", [b"x", b"\r\n", b".", b"\r"], ids=lambda octets: octets.hex())
def test_a_mail_without_an_end_ends_at_the_limit(room: Room, database: Database, octets: bytes) -> None:
    with peer(room.port) as one:
        in_data(one)
        assert one.say((octets * FAR_TOO_MANY)[:FAR_TOO_MANY]).startswith(b"552")
        assert one.is_over()
    assert waiting(database) == 0


def test_many_recipients_and_guesses_have_an_end(room: Room) -> None:
    with peer(room.port) as one:
        one.say(b"EHLO x\r\n"), one.say(b"MAIL FROM:<>\r\n")
        assert [one.say(f"RCPT TO:{TO}\r\n".encode())[:3] for _ in range(11)] == [b"250"] * 10 + [b"452"]
    with peer(room.port) as one:
        one.say(b"EHLO x\r\n"), one.say(b"MAIL FROM:<>\r\n")
        assert [one.say(f"RCPT TO:<a{number}@b.example>\r\n".encode())[:3] for number in range(10)] == [b"550"] * 10
        assert one.is_over()


def test_who_trickles_or_falls_silent_is_hung_up_on(room: Room) -> None:
    with peer(room.port) as silent, peer(room.port) as in_a_mail, peer(room.port) as trickles:
        in_data(in_a_mail)
        with suppress(ConnectionError):
            while True:
                trickles.connection.sendall(b"x")
                in_a_mail.connection.sendall(b"x\r\n")
                trickles.connection.settimeout(0.02)
                with suppress(TimeoutError):
                    if not trickles.connection.recv(10):
                        break
        in_a_mail.connection.settimeout(20)
        assert silent.is_over() and in_a_mail.is_over()


def test_one_address_has_so_many_connections(room: Room) -> None:
    with peer(room.port), peer(room.port), peer(room.port), peer(room.port):
        with peer(room.port, greets=False) as fifth:
            assert fifth.reply().startswith(b"421 4.7.0")
            assert fifth.is_over()


def test_who_leaves_in_the_middle_of_a_mail_leaves_nothing(room: Room, database: Database) -> None:
    with peer(room.port) as one:
        in_data(one)
        one.connection.sendall(b"Subject: half\r\n\r\nhalf")
    with peer(room.port) as one:
        in_data(one)
        one.connection.sendall(b"Subject: reset\r\n\r\n")
        one.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert waiting(database) == 0


def test_dots_are_transparent_and_all_commands_may_come_at_once(room: Room, database: Database) -> None:
    message_id = sent(database, uuid4())
    with peer(room.port) as one:
        body = report().replace(b"I'm sorry", b"..I'm sorry")
        to = f"RCPT TO:<{return_path(message_id)}>\r\n".encode()
        one.connection.sendall(b"EHLO x\r\nMAIL FROM:<>\r\n" + to + b"DATA\r\n" + body + b".\r\nQUIT\r\n")
        assert [one.reply()[:3] for _ in range(6)] == [b"250", b"250", b"250", b"354", b"250", b"221"]
