"""Receivers that misbehave, on raw sockets: what becomes of the mail is what `docs/smtp-peers.md` says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from email_gateway.domain.retrying import Result
from email_gateway.smtp import opening, pool, session
from email_gateway.smtp.destinations import Destination, Limits, Parcel
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.peers import Peer, Tls
from email_gateway.smtp.pool import Pool

ROOT = Path(__file__).parents[4]
DOCUMENT = (ROOT / "docs/smtp-peers.md").read_text("utf-8")
BODY = b"Subject: x\r\n\r\n.dot\r\nend\r\n"
ADDRESSES = ("first@a.pl", "second@a.pl")
GREETING = b"220 mx\r\n"
EHLO = b"250-mx\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
TLS_EHLO = b"250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


class Receiver:
    """Speaks SMTP as long as nothing else is said; `replies` by verb, "." for the end of a message.

    A reply None closes the connection, `SILENCE` says nothing any more. A list is used up,
    then all is well.
    """

    def __init__(self, *, greeting: bytes | None = GREETING, by_octet: bool = False, **replies: object) -> None:
        self.greeting, self.by_octet = greeting, by_octet
        self.replies = {"EHLO": EHLO, **replies}
        self.bodies: list[bytes] = []
        self.kept = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._say(writer, self.greeting)
            while line := await reader.readline():
                verb = line.decode("latin-1").strip().split(" ")[0].upper()
                reply = self._reply(verb)
                await self._say(writer, reply)
                if verb == "STARTTLS" and reply and reply.startswith(b"220"):
                    await self.shake(reader, writer)
                if verb == "DATA" and reply and reply.startswith(b"354"):
                    self.bodies += [body] if (body := await _message(reader)) else []
                    end = self._reply(".")
                    await self._say(writer, end)
                    self.kept += bool(body) and end is not SILENCE and end is not None and end.startswith(b"250")
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def shake(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A handshake that is none."""
        await reader.read(1)
        writer.write(b"\x15\x03\x01\x00\x02\x02\x28")  # a TLS alert: handshake_failure
        raise ConnectionError

    def _reply(self, verb: str) -> bytes | None:
        given = self.replies.get(verb, _WELL.get(verb, b"500 what\r\n"))
        if isinstance(given, list):
            given = given.pop(0) if given else _WELL[verb]
        return given  # type: ignore[return-value]

    async def _say(self, writer: asyncio.StreamWriter, octets: bytes | None) -> None:
        if octets is None:
            writer.transport.abort()
            raise ConnectionError
        if octets is SILENCE:
            await asyncio.sleep(60)
        for piece in [octets[n : n + 1] for n in range(len(octets))] if self.by_octet else [octets]:
            writer.write(piece)
            await writer.drain()


async def _message(reader: asyncio.StreamReader) -> bytes:
    lines = [await reader.readuntil(b"\r\n")]
    while lines[-1] != b".\r\n":
        lines.append(await reader.readuntil(b"\r\n"))
    return b"".join(lines[:-1])


SILENCE = b"..."
_WELL = {
    "EHLO": EHLO, "HELO": b"250 mx\r\n", "MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n", "DATA": b"354 go\r\n",
    ".": b"250 kept\r\n", "RSET": b"250 ok\r\n", "QUIT": b"221 bye\r\n", "STARTTLS": b"220 go\r\n",
}  # fmt: skip
LONG_BANNER = b"".join(b"220-%s\r\n" % (b"x" * 70) for _ in range(1_400)) + b"220 mx\r\n"
Made = Callable[[], Receiver]

# What a row of the document is called: who does it, and what becomes of two mails to it, the first and the second.
RECEIVERS: dict[str, tuple[Made, Tls]] = {
    "one octet at a time": (lambda: Receiver(by_octet=True), Tls.OPPORTUNISTIC),
    "defers everything at RCPT": (lambda: Receiver(RCPT=b"451 4.7.1 later\r\n"), Tls.OPPORTUNISTIC),
    "defers in its greeting": (lambda: Receiver(greeting=b"421 4.3.2 busy\r\n"), Tls.OPPORTUNISTIC),
    "silent from the start": (lambda: Receiver(greeting=SILENCE), Tls.OPPORTUNISTIC),
    "silent after EHLO": (lambda: Receiver(EHLO=SILENCE), Tls.OPPORTUNISTIC),
    "silent after the dot": (lambda: Receiver(**{".": [SILENCE]}), Tls.OPPORTUNISTIC),
    "drops the connection after the dot": (lambda: Receiver(**{".": [None]}), Tls.OPPORTUNISTIC),
    "drops the connection after RCPT": (lambda: Receiver(RCPT=None), Tls.OPPORTUNISTIC),
    "drops it after RCPT once": (lambda: Receiver(RCPT=[None]), Tls.OPPORTUNISTIC),
    "421 to the first RCPT": (lambda: Receiver(RCPT=[b"421 4.3.2 closing\r\n"]), Tls.OPPORTUNISTIC),
    "421 to the dot": (lambda: Receiver(**{".": [b"421 4.3.2 closing\r\n"]}), Tls.OPPORTUNISTIC),
    "offers TLS and fails it": (lambda: Receiver(EHLO=TLS_EHLO), Tls.OPPORTUNISTIC),
    "offers TLS and fails it, where it is required": (lambda: Receiver(EHLO=TLS_EHLO), Tls.REQUIRED),
    "refuses STARTTLS that it offers": (
        lambda: Receiver(EHLO=TLS_EHLO, STARTTLS=b"454 4.7.0 not now\r\n"), Tls.OPPORTUNISTIC),
    "a banner of one line of 100 kB": (lambda: Receiver(greeting=b"220 " + b"x" * 100_000), Tls.OPPORTUNISTIC),
    "a banner of many lines, 100 kB": (lambda: Receiver(greeting=LONG_BANNER), Tls.OPPORTUNISTIC),
    "250 to DATA": (lambda: Receiver(DATA=b"250 ok\r\n"), Tls.OPPORTUNISTIC),
    "354 to MAIL": (lambda: Receiver(MAIL=b"354 go\r\n"), Tls.OPPORTUNISTIC),
    "two replies to one dot": (lambda: Receiver(**{".": [b"250 kept\r\n250 kept\r\n"]}), Tls.OPPORTUNISTIC),
    "a code that is none": (lambda: Receiver(RCPT=b"999 ok\r\n"), Tls.OPPORTUNISTIC),
    "lines of one reply with two codes": (lambda: Receiver(RCPT=b"250-ok\r\n550 no\r\n"), Tls.OPPORTUNISTIC),
    "replies that end with a bare LF": (lambda: Receiver(RCPT=b"250 ok\n", **{".": b"250 kept\n"}), Tls.OPPORTUNISTIC),
    "knows no EHLO": (lambda: Receiver(EHLO=b"502 what\r\n"), Tls.OPPORTUNISTIC),
    "5xx in its greeting": (lambda: Receiver(greeting=b"554 no SMTP service here\r\n"), Tls.OPPORTUNISTIC),
    "knows neither EHLO nor HELO": (lambda: Receiver(EHLO=b"502 what\r\n", HELO=b"502 what\r\n"), Tls.OPPORTUNISTIC),
    "5.1.1 to one, and refuses RSET": (
        lambda: Receiver(RCPT=[b"550 5.1.1 nobody\r\n"], RSET=b"500 what\r\n"), Tls.OPPORTUNISTIC),
}  # fmt: skip


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for in minutes, in tenths of a second."""
    for of, name in ((opening, "GREETING_SECONDS"), (session, "COMMAND_SECONDS"), (session, "DATA_SECONDS")):
        monkeypatch.setattr(of, name, 0.3)
    monkeypatch.setattr(pool, "WATCH_SECONDS", 0.05)


def rows(section: str) -> dict[str, list[str]]:
    """The cells of a section's table after the first, by the first."""
    lines = DOCUMENT.partition(f"## {section}\n")[2].partition("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {first: rest for first, *rest in cells[2:]}


async def delivered(receiver: Receiver, tls: Tls) -> list[Result]:
    """What becomes of two mails, over one connection at a time."""
    listener = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    outcomes: dict[str, Outcome] = {}
    done = asyncio.Event()

    def on_done(parcel: Parcel, outcome: Outcome) -> None:
        assert parcel.address not in outcomes
        outcomes[parcel.address] = outcome
        if len(outcomes) == len(ADDRESSES):
            done.set()

    async def peers() -> list[Peer]:
        return [Peer("127.0.0.1", port, tls)]

    made = Pool(lambda _domain, _source: ("only", lambda: Destination(peers, Limits(connections=1), patient=False)))
    made.start()
    made.submit([Parcel(UUID(int=n), "s@x.pl", to, BODY, False, on_done) for n, to in enumerate(ADDRESSES)])
    await asyncio.wait_for(done.wait(), 30)
    await made.close(0.1)
    listener.close()
    return [outcomes[address].result for address in ADDRESSES]


@pytest.mark.parametrize("name", RECEIVERS)
def test_a_receiver_that_misbehaves_costs_no_mail_and_sends_none_twice(name: str) -> None:
    make, tls = RECEIVERS[name]
    receiver = make()

    results = asyncio.run(delivered(receiver, tls))

    assert [str(result) for result in results] == [cell.split(" ")[0] for cell in rows("Receivers")[name][:2]]
    assert receiver.kept == results.count(Result.DELIVERED)
    if tls is Tls.REQUIRED:
        assert not receiver.bodies


def test_the_document_tells_of_each_receiver() -> None:
    assert list(rows("Receivers")) == list(RECEIVERS)


def test_each_client_of_our_ports_that_it_tells_of_has_its_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "services/email-gateway/tests").rglob("test_*.py"))
    told = re.findall(r"`(test_\w+)`", DOCUMENT)

    assert len(rows("Clients")) >= 12 and told
    for name in told:
        assert f"def {name}(" in tests, name
