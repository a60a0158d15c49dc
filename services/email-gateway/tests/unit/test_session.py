"""The SMTP client against scripted servers: everything a server may say, and what no server should."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from wici_simulators.mailbox.box import Box
from wici_simulators.mailbox.rules import Settings
from wici_simulators.mailbox.smtp import Receiver

from email_gateway.domain.retrying import Result
from email_gateway.smtp.destinations import Destination, Limits, Parcel
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.peers import Peer, Tls
from email_gateway.smtp.pool import Pool

BODY = b"Subject: x\r\n\r\n.dot\r\n..two\r\nend\r\n"


class Server:
    """Answers each command line from a table; a function in it gets the line. Bodies are kept as they came."""

    def __init__(
        self, answers: dict[str, Any] | None = None, greeting: bytes = b"220 hi\r\n", pipelining: bool = True
    ) -> None:
        extensions = b"250-x\r\n250-PIPELINING\r\n250 SIZE 1000\r\n" if pipelining else b"250 x\r\n"
        self.answers: dict[str, Any] = {
            "EHLO": extensions, "MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n", "DATA": b"354 go\r\n",
            ".": b"250 2.0.0 kept\r\n", "RSET": b"250 ok\r\n", "QUIT": b"221 bye\r\n", **(answers or {}),
        }  # fmt: skip
        self.greeting, self.bodies, self.lines, self.connections = greeting, [], [], 0  # type: ignore[var-annotated]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(self.greeting)
        try:
            while line := await reader.readline():
                await self._command(line.decode().strip(), reader, writer)
        except ConnectionError:
            pass
        writer.close()

    async def _command(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(line)
        verb = line.split(" ")[0]
        answer = self.answers.get(verb, b"500 what\r\n")
        answer = answer(line) if callable(answer) else answer
        if answer is None:
            writer.transport.abort()
            raise ConnectionError
        writer.write(answer)
        if verb == "DATA" and answer.startswith(b"354"):
            body = b""
            while not body.endswith(b"\r\n.\r\n") and body != b".\r\n":
                piece = await reader.readline()
                if not piece:
                    raise ConnectionError
                body += piece
            self.bodies.append(body)
            await self._command(".", reader, writer)


def run(scenario: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(scenario(), 20))


def deliver(
    server: Server, addresses: list[str], *, patient: bool = False, tls: Tls = Tls.OFF, **limits: Any
) -> dict[str, Outcome]:
    """Send BODY to the addresses; what became of each."""

    async def scenario() -> dict[str, Outcome]:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        outcomes: dict[str, Outcome] = {}
        done = asyncio.Event()

        def on_done(parcel: Parcel, outcome: Outcome) -> None:
            assert parcel.address not in outcomes
            outcomes[parcel.address] = outcome
            if len(outcomes) == len(addresses):
                done.set()

        async def peers() -> list[Peer]:
            return [Peer("127.0.0.1", port, tls)]

        pool = Pool(
            lambda _domain, _source: (
                "only",
                lambda: Destination(peers, Limits(**{"connections": 1, **limits}), patient=patient),
            )
        )
        pool.start()
        pool.submit(
            [Parcel(UUID(int=n), "s@x.pl", address, BODY, False, on_done) for n, address in enumerate(addresses)]
        )
        await done.wait()
        await pool.close(1)
        listener.close()
        return outcomes

    return run(scenario)  # type: ignore[no-any-return]


@pytest.mark.parametrize("pipelining", [True, False])
def test_many_messages_over_one_connection_arrive_dot_stuffed(pipelining: bool) -> None:
    server = Server(pipelining=pipelining)

    outcomes = deliver(server, [f"u{n}@a.pl" for n in range(50)])

    assert {outcome.result for outcome in outcomes.values()} == {Result.DELIVERED}
    assert server.connections == 1
    assert set(server.bodies) == {b"Subject: x\r\n\r\n..dot\r\n...two\r\nend\r\n.\r\n"}
    assert server.lines.count("RCPT TO:<u7@a.pl>") == 1


@pytest.mark.parametrize("pipelining", [True, False])
def test_refused_recipients_do_not_touch_the_others(pipelining: bool) -> None:
    def rcpt(line: str) -> bytes:
        return b"550 5.1.1 no\r\n" if "bad" in line else b"450 later\r\n" if "busy" in line else b"250 ok\r\n"

    server = Server({"RCPT": rcpt, "DATA": b"354 go\r\n"}, pipelining=pipelining)

    outcomes = deliver(server, ["a@x.pl", "bad1@x.pl", "bad2@x.pl", "b@x.pl", "busy@x.pl", "c@x.pl"])

    assert {address: outcome.result for address, outcome in outcomes.items()} == {
        "a@x.pl": Result.DELIVERED, "bad1@x.pl": Result.HARD, "bad2@x.pl": Result.HARD,
        "b@x.pl": Result.DELIVERED, "busy@x.pl": Result.RETRY, "c@x.pl": Result.DELIVERED,
    }  # fmt: skip
    assert outcomes["bad1@x.pl"].code == "5.1.1"
    assert sum(1 for body in server.bodies if body != b".\r\n") == 3


def test_a_body_that_is_refused_as_spam_is_a_spam_bounce() -> None:
    outcomes = deliver(Server({".": b"550 5.7.1 looks like spam\r\n"}), ["a@x.pl", "b@x.pl"])

    assert {outcome.result for outcome in outcomes.values()} == {Result.SPAM}


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("command", "result"), [("MAIL", Result.SPAM), ("RCPT", Result.HARD), ("DATA", Result.HARD), (".", Result.HARD)]
)
def test_a_refusal_is_judged_by_what_it_answers(command: str, result: Result, pipelining: bool) -> None:
    after = {"RCPT": b"503 no sender\r\n"} if command == "MAIL" else {}

    outcomes = deliver(Server({**after, command: b"550 5.1.1 unknown\r\n"}, pipelining=pipelining), ["a@x.pl"])

    assert (outcomes["a@x.pl"].result, outcomes["a@x.pl"].code) == (result, "5.1.1")


def test_connection_lost_after_the_body_is_lost_and_the_next_goes_again() -> None:
    ends = iter([None])
    server = Server({".": lambda _line: next(ends, b"250 ok\r\n")})

    outcomes = deliver(server, ["a@x.pl", "b@x.pl", "c@x.pl"])

    assert [outcomes[address].result for address in ("a@x.pl", "b@x.pl", "c@x.pl")] == [
        Result.LOST, Result.DELIVERED, Result.DELIVERED,
    ]  # fmt: skip
    assert server.connections == 2


def test_421_sends_the_message_over_another_connection() -> None:
    answers = iter([b"421 too many\r\n"])
    server = Server({"MAIL": lambda _line: next(answers, b"250 ok\r\n")})

    outcomes = deliver(server, ["a@x.pl", "b@x.pl"])

    assert {outcome.result for outcome in outcomes.values()} == {Result.DELIVERED}
    assert server.connections == 2


def test_a_server_that_always_says_421_ends_in_the_retry_schedule() -> None:
    outcomes = deliver(Server({"MAIL": b"421 no\r\n"}), ["a@x.pl"])

    assert outcomes["a@x.pl"].result is Result.RETRY


@pytest.mark.parametrize(
    "server",
    [
        Server(greeting=b"554 not here\r\n"),
        Server(greeting=b"\x00\xff\x13 binary \r\n"),
        Server(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        Server(greeting=b"x" * 10_000),
        Server({"EHLO": None}),
        Server({"EHLO": b"nonsense\r\n"}),
    ],
    ids=["refuses", "binary", "http", "endless", "hangs up", "nonsense"],
)
def test_servers_that_are_no_use_give_a_clear_failure(server: Server) -> None:
    outcomes = deliver(server, ["a@x.pl"])

    assert outcomes["a@x.pl"].result is Result.RETRY
    assert outcomes["a@x.pl"].code


@pytest.mark.parametrize(
    "answer", [b"what?\r\n", b"\xff\xff\xff\r\n", b"250 ok\r\n250 ok\r\n250 one too many\r\n250 more\r\n"]
)
def test_nonsense_in_the_middle_never_hangs(answer: bytes) -> None:
    outcomes = deliver(Server({"RCPT": answer}), ["a@x.pl", "b@x.pl"])

    assert all(
        outcome.result in (Result.RETRY, Result.LOST, Result.SOFT, Result.DELIVERED) for outcome in outcomes.values()
    )


def test_required_tls_is_never_skipped() -> None:
    server = Server()

    outcomes = deliver(server, ["a@x.pl"], tls=Tls.REQUIRED)

    assert outcomes["a@x.pl"].result is Result.RETRY
    assert outcomes["a@x.pl"].code == "5.7.10"
    assert not server.bodies


def test_connection_is_renewed_after_its_share_of_messages() -> None:
    server = Server()

    deliver(server, [f"u{n}@a.pl" for n in range(25)], messages=10)

    assert server.connections == 3


def test_nobody_listening_sends_to_the_retry_schedule() -> None:
    async def scenario() -> Outcome:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def peers() -> list[Peer]:
            return [Peer("127.0.0.1", 9, Tls.OFF)]

        pool = Pool(lambda _domain, _source: ("x", lambda: Destination(peers, Limits(), patient=False)))
        pool.submit([Parcel(UUID(int=1), "s@x", "a@b", BODY, False, lambda _parcel, outcome: done.set_result(outcome))])
        return await done

    assert run(scenario).result is Result.RETRY


def certificate(folder: Path) -> Path:
    """A self-signed certificate with its key, as a small server would have."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbox.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    ("tls", "result"),
    [(Tls.OPPORTUNISTIC, Result.DELIVERED), (Tls.REQUIRED, Result.RETRY), (Tls.OFF, Result.DELIVERED)],
)
def test_starttls_takes_any_certificate_unless_it_is_required(tls: Tls, result: Result, tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(tmp_path))
    box = Box(Settings())

    async def scenario() -> list[Outcome]:
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: Receiver(box, context), "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        outcomes: list[Outcome] = []

        async def peers() -> list[Peer]:
            return [Peer("127.0.0.1", port, tls)]

        pool = Pool(lambda _domain, _source: ("x", lambda: Destination(peers, Limits(connections=1), patient=False)))
        parcels = [
            Parcel(
                UUID(int=n), "s@x.pl", f"kto{n}@a.pl", BODY, False, lambda _parcel, outcome: outcomes.append(outcome)
            )
            for n in range(20)
        ]
        pool.submit(parcels)
        while len(outcomes) < len(parcels):
            await asyncio.sleep(0.01)
        await pool.close(1)
        listener.close()
        return outcomes

    box.settings = Settings(hard=0, soft=0, spam=0, defer=0)
    outcomes = run(scenario)

    assert {outcome.result for outcome in outcomes} == {result}
    assert len(box.mails) == (20 if result is Result.DELIVERED else 0)
    if tls is Tls.REQUIRED:
        assert outcomes[0].code == "4.7.5"
