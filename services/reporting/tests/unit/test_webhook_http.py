"""One POST to endpoints that behave, and to those that do not: raw sockets on the other side."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.asyncresolver
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chassis.public_addresses import networks
from reporting.domain.webhooks import Answer
from reporting.webhooks.http import Poster, resolve_by_dns

LOCAL = networks(["127.0.0.0/8"])
BODY = b'[{"type":"message.delivered"}]'
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    return head[0], headers, await reader.readexactly(int(headers["content-length"]))


def answering(answer: bytes, *, taken: list[Any] | None = None) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader)
        if taken is not None:
            taken.append(request)
        writer.write(answer)
        await writer.drain()

    return talk


def posted(
    talk: Talk, *, url: str = "http://127.0.0.1:{port}/wici?a=1", seconds: float = 2.0, served: Any = None, **given: Any
) -> Answer:
    """What comes of a POST to a server that talks so."""

    async def run() -> Answer:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            except (OSError, EOFError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=served)
        port = server.sockets[0].getsockname()[1]
        poster = Poster(
            **{"resolve": resolve_by_dns, "allowed": LOCAL, "tls": ssl.create_default_context(), **given},
            connect_seconds=seconds, total_seconds=seconds,
        )  # fmt: skip
        answer = await poster.post(url.format(port=port), [("webhook-id", "7")], BODY)
        server.close()
        return answer

    return asyncio.run(run())


def test_a_request_says_what_it_is_and_the_status_counts() -> None:
    taken: list[Any] = []

    answer = posted(answering(b"HTTP/1.1 204 No Content\r\n\r\n", taken=taken))

    assert (answer.status, answer.error) == (204, None)
    line, headers, body = taken[0]
    assert (line, body) == ("POST /wici?a=1 HTTP/1.1", BODY)
    assert headers["host"].startswith("127.0.0.1:")
    assert (headers["content-type"], headers["webhook-id"]) == ("application/json", "7")


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert posted(answering(b"HTTP/1.1 429 X\r\nRetry-After: 120\r\n\r\n")).retry_after == 120.0
    past = posted(answering(b"HTTP/1.1 503 X\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n"))
    assert past.retry_after == 0.0
    assert posted(answering(b"HTTP/1.1 503 X\r\nRetry-After: soon\r\n\r\n")).retry_after is None


def test_a_redirect_is_not_followed() -> None:
    answer = posted(answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"))

    assert (answer.status, answer.error) == (302, "redirect_not_followed")


async def _hangs(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await _request(reader)
    await reader.read()


async def _reads_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


async def _byte_by_byte(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _request(reader)
    while not reader.at_eof():
        writer.write(b"H")
        await writer.drain()
        try:
            await asyncio.wait_for(reader.read(1), 0.05)
        except TimeoutError:
            continue


async def _closes(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(10)


async def _endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def _only_early_hints(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _request(reader)
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0)  # it shares its loop with who is tested


async def _streams_continue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _request(reader)
    while True:
        writer.write(b"HTTP/1.1 100 \r\n\r\n" * 1000)
        await writer.drain()
        await asyncio.sleep(0)


async def _long_hints(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _request(reader)
    writer.write((b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 15_000 + b"\r\n\r\n") * 5)
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    ("talk", "errors"),
    [
        (_hangs, {"timed_out"}),
        (_reads_nothing, {"timed_out"}),
        (_byte_by_byte, {"timed_out", "answer_unreadable"}),
        (_closes, {"connection_lost"}),
        (_endless_head, {"answer_unreadable"}),
        (_only_early_hints, {"answer_unreadable"}),
        (_streams_continue, {"answer_unreadable"}),
        (_long_hints, {"answer_unreadable"}),
        (answering(b"SSH-2.0-OpenSSH_9.2\r\n"), {"answer_unreadable", "connection_lost"}),
        (answering(b""), {"connection_lost"}),
    ],
)
def test_an_endpoint_that_misbehaves_fails_in_time(talk: Talk, errors: set[str]) -> None:
    answer = posted(talk, seconds=0.5)

    assert answer.status is None
    assert answer.error in errors
    assert answer.milliseconds < 5000


def test_a_few_informational_answers_come_before_the_one_that_counts() -> None:
    assert posted(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5 + b"HTTP/1.1 204 X\r\n\r\n")).status == 204


def test_an_endless_body_is_not_read() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await _request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()
            sent += 1024

    answer = posted(endless)

    assert (answer.status, answer.error) == (200, None)
    assert sent < 20_000_000  # what the machine's buffers took


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://localhost:{port}/", "https://[::1]:{port}/",
     "https://2130706433:{port}/", "https://0x7f000001:{port}/", "https://017700000001:{port}/", "https://127.1:{port}/",
     "https://[::ffff:127.0.0.1]:{port}/", "https://[::ffff:0:127.0.0.1]:{port}/", "https://[64:ff9b::7f00:1]:{port}/",
     "https://[fec0::1]:{port}/", "https://169.254.169.254/latest/", "https://0.0.0.0:{port}/"],
)  # fmt: skip
def test_a_private_address_is_never_connected_to(url: str) -> None:
    connected: list[Any] = []

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)

    answer = posted(talk, url=url, allowed=())

    assert answer.error in ("address_not_public", "name_not_found")
    assert connected == []


def test_the_address_that_is_judged_is_the_one_that_is_connected_to() -> None:
    """DNS that answers with a public address first and with ours the second time is asked once."""
    asked: list[str] = []

    async def rebinding(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["127.0.0.2"]

    reached: list[Any] = []

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(writer)

    answer = posted(talk, url="https://klient.example:{port}/", resolve=rebinding, allowed=networks(["127.0.0.2"]))

    assert asked == ["klient.example"]
    assert answer.error == "connection_refused"  # nobody listens on 127.0.0.2, and 127.0.0.1 was not tried
    assert reached == []


def test_a_name_server_that_does_not_answer_holds_a_request_for_its_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        nameless = dns.asyncresolver.Resolver(configure=False)
        nameless.nameservers, nameless.port = ["127.0.0.1"], silent.getsockname()[1]
        monkeypatch.setattr("dns.asyncresolver.Resolver", lambda: nameless)

        answer = posted(answering(b""), url="https://klient.example:{port}/", seconds=0.5)

    assert answer.error in ("connect_timed_out", "timed_out")  # both times are the same here
    assert answer.milliseconds < 3000


def test_a_public_address_needs_tls() -> None:
    async def public(_host: str) -> list[str]:
        return ["203.0.113.7", "8.8.8.8"]

    answer = posted(answering(b""), url="http://klient.example:{port}/", resolve=public)

    assert answer.error == "https_required"


async def _speaks_first(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


def test_an_endpoint_without_tls_fails() -> None:
    answer = posted(_speaks_first, url="https://127.0.0.1:{port}/")

    assert (answer.status, answer.error) == (None, "tls_failed")


def certificate_for(name: str, folder: Path) -> Path:
    """A key and a certificate that it signed itself, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / f"{name}.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    return file


@pytest.mark.parametrize(
    ("name", "is_trusted", "error"),
    [("klient.example", True, None), ("inny.example", True, "tls_failed"), ("klient.example", False, "tls_failed")],
)
def test_tls_goes_by_the_name_and_not_by_the_address(
    tmp_path: Path, name: str, is_trusted: bool, error: str | None
) -> None:
    file, names, asked = certificate_for(name, tmp_path), list[str | None](), ssl.create_default_context()
    if is_trusted:
        asked.load_verify_locations(file)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(file)
    served.sni_callback = lambda _socket, shown, _context: names.append(shown)

    async def home(_host: str) -> list[str]:
        return ["127.0.0.1"]

    answer = posted(
        answering(b"HTTP/1.1 200 OK\r\n\r\n"),
        url="https://klient.example:{port}/",
        resolve=home,
        tls=asked,
        served=served,
    )

    assert (answer.status, answer.error) == (None if error else 200, error)
    assert names == ["klient.example"]
