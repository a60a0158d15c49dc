"""Whose certificate is not believed, or who breaks the handshake off, is given nothing: the message waits."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from providers import bench
from providers.bench import FCM, RCS, VIBER, WEB, WHATSAPP, Bench, Provider, Seen
from providers.tls_cases import TLS_CASES
from test_misbehaving_providers import PATIENCE, QUICK

from channel.testing_peers import Connection, RawProvider, answering, closing, silent
from contracts.vocabulary import MessageState

NOW = datetime.now(UTC)


class Authority:
    """Who signs certificates, and is believed."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority of a test")])
        self.certificate = self._signed(self._name, self._key, x509.BasicConstraints(True, None), 30)

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType, days: int
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=True)
        builder = builder.not_valid_before(NOW - timedelta(days=60)).not_valid_after(NOW + timedelta(days=days))
        return builder.sign(self._key, hashes.SHA256())

    def context(self, folder: Path, host: str, days: int) -> ssl.SSLContext:
        """Of a server. :param days: from now that its certificate is valid for."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName(
            [x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)]
        )
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        certificate = self._signed(subject, key, names, days)
        kind = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = folder / "chain.pem"
        path.write_bytes(key.private_bytes(*kind) + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.load_verify_locations(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())
        return context


async def alert(connection: Connection) -> None:
    await connection.reader.read(1)
    await connection.say(b"\x15\x03\x01\x00\x02\x02\x28")  # handshake_failure


async def plain(connection: Connection) -> None:
    await connection.reader.read(1)
    await connection.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


OURS, STRANGER = Authority(), Authority()
SERVERS: dict[str, Callable[[Path], ssl.SSLContext]] = {
    "is well": lambda folder: OURS.context(folder, "127.0.0.1", 30),
    "has a certificate that is expired": lambda folder: OURS.context(folder, "127.0.0.1", -1),
    "has a certificate of another host": lambda folder: OURS.context(folder, "evil.example", 30),
    "has a certificate that nobody believed signs": lambda folder: STRANGER.context(folder, "127.0.0.1", 30),
}
HANDSHAKES = {
    "answers the handshake with an alert": alert, "answers the handshake in clear text": plain,
    "closes in the handshake": closing, "falls silent in the handshake": silent,
}  # fmt: skip


async def seen_of(provider: Provider, server: RawProvider, url: str, timeout: float) -> Seen:
    async with RawProvider(answering(lambda _: bench.TOKEN)) as tokens:
        one = Bench(provider, url, f"{tokens.url}/token", timeout, PATIENCE, verify=OURS.trust())
        try:
            return await one.send()
        finally:
            await one.close()


@pytest.mark.parametrize("provider", [FCM, WEB, RCS, WHATSAPP, VIBER], ids=lambda one: one.name)
@pytest.mark.parametrize("does", list(SERVERS))
def test_a_provider_over_tls_that(provider: Provider, does: str, tmp_path: Path) -> None:
    async def run() -> tuple[Seen, int]:
        async with RawProvider(provider.well, SERVERS[does](tmp_path)) as server:
            return await seen_of(provider, server, server.url, PATIENCE), len(server.asked)

    seen, asked = asyncio.run(run())
    is_well = does == "is well"
    assert asked == (1 if is_well else 0), "nothing of a message and no credentials"
    assert seen.state is (provider.taken if is_well else MessageState.DEFERRED)


@pytest.mark.parametrize("provider", [FCM, WHATSAPP], ids=lambda one: one.name)
@pytest.mark.parametrize("does", list(HANDSHAKES))
def test_a_handshake_that(provider: Provider, does: str) -> None:
    async def run() -> Seen:
        async with RawProvider(HANDSHAKES[does]) as server:
            timeout = QUICK if does.startswith("falls silent") else PATIENCE
            return await seen_of(provider, server, server.url.replace("http://", "https://"), timeout)

    seen = asyncio.run(run())
    assert (seen.state, seen.is_archived) == (MessageState.DEFERRED, False)


@pytest.mark.parametrize("provider", [FCM, WEB, RCS, WHATSAPP, VIBER], ids=lambda one: one.name)
def test_who_refuses_the_connection_has_got_nothing(provider: Provider) -> None:
    async def run() -> Seen:
        async with RawProvider(closing) as server:
            url = server.url
        return await seen_of(provider, server, url, PATIENCE)

    assert asyncio.run(run()).state is MessageState.DEFERRED


def test_the_document_tells_of_each() -> None:
    assert {*SERVERS, *HANDSHAKES, "refuses the connection"} - {"is well"} == {does for does, _ in TLS_CASES}
