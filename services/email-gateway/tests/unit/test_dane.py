"""Which certificates TLSA records let through, against a real TLS server; which records count at all."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dns.flags
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from email_gateway.outbound.routing import Router
from email_gateway.smtp.dane import Tlsa, is_fitting
from email_gateway.smtp.mta_sts import Mode, Policy
from email_gateway.smtp.mx import NoRoute
from email_gateway.smtp.opening import open_session
from email_gateway.smtp.peers import ConnectFailed, Peer, Tls
from email_gateway.smtp.session import Session
from email_gateway.smtp.tlsa_records import NotValidated, TlsaRecords

from ..integration.dns_peer import NameServer, name_server

HOST = "mx1.k.example"
NOW = datetime.now(UTC)
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Made:
    """A server's certificate with the authority that signed it."""

    leaf: x509.Certificate
    authority: x509.Certificate
    key: Key

    @property
    def chain(self) -> list[bytes]:
        return [each.public_bytes(serialization.Encoding.DER) for each in (self.leaf, self.authority)]


def certificate(name: str, key: Key, issuer: str, signer: Key, *, ca: bool, ends: datetime) -> x509.Certificate:
    def of(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(of(name))
        .issuer_name(of(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=90))
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if ca:
        builder = builder.add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, False, False), True
        )
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def made(name: str = HOST, *, ends: datetime = NOW + timedelta(days=30)) -> Made:
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = certificate("authority", root, "authority", root, ca=True, ends=NOW + timedelta(days=900))
    return Made(certificate(name, key, "authority", root, ca=False, ends=ends), authority, key)


def octets(one: x509.Certificate, selector: int) -> bytes:
    if selector == 0:
        return one.public_bytes(serialization.Encoding.DER)
    return one.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def tlsa(usage: int, selector: int, matching: int, one: x509.Certificate) -> Tlsa:
    of = octets(one, selector)
    return Tlsa(
        usage, selector, matching, {0: of, 1: hashlib.sha256(of).digest(), 2: hashlib.sha512(of).digest()}[matching]
    )


OURS, OTHERS, OLD, ELSEWHERE = made(), made(), made(ends=NOW - timedelta(days=1)), made("other.example")


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_a_key_or_certificate_that_is_named_fits_and_no_other(selector: int, matching: int) -> None:
    end, anchor = tlsa(3, selector, matching, OURS.leaf), tlsa(2, selector, matching, OURS.authority)

    assert is_fitting(OURS.chain, HOST, [end])
    assert is_fitting(OURS.chain, HOST, [anchor])
    assert is_fitting(OURS.chain, HOST, [tlsa(3, selector, matching, OTHERS.leaf), end]), "one of several is enough"
    assert not is_fitting(OTHERS.chain, HOST, [end])
    assert not is_fitting(OTHERS.chain, HOST, [anchor])
    assert not is_fitting([OTHERS.chain[0], OURS.chain[1]], HOST, [anchor]), "shown, but it has not signed"


def test_dates_and_names_count_for_what_an_anchor_signs_alone() -> None:
    for chain in (OLD, ELSEWHERE):
        assert is_fitting(chain.chain, HOST, [tlsa(3, 1, 1, chain.leaf)])
        assert not is_fitting(chain.chain, HOST, [tlsa(2, 1, 1, chain.authority)])


def test_records_that_mean_nothing_for_smtp_ask_for_tls_alone() -> None:
    other = [tlsa(1, 1, 1, OTHERS.leaf), tlsa(0, 0, 1, OTHERS.leaf), Tlsa(3, 9, 1, b""), Tlsa(3, 1, 9, b"")]

    assert is_fitting(OURS.chain, HOST, other)
    assert not is_fitting(OURS.chain, HOST, [*other, tlsa(3, 1, 1, OTHERS.leaf)])
    assert not is_fitting([b"nonsense"], HOST, [tlsa(3, 1, 1, OURS.leaf)])
    assert not is_fitting([], HOST, [tlsa(3, 1, 1, OURS.leaf)])


def test_what_cannot_be_judged_does_not_fit() -> None:
    anchor = tlsa(2, 1, 1, OURS.authority)
    assert not is_fitting(OURS.chain, "mail_1.k.example", [anchor]), "no certificate can have such a name"
    assert not is_fitting(OURS.chain, "-.k.example", [anchor])
    of_elliptic_curves, of_nobody = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0209")
    unknown = [each.replace(of_elliptic_curves, of_nobody) for each in OURS.chain]
    assert not is_fitting(unknown, HOST, [tlsa(3, 1, 1, OURS.leaf), anchor])


# --- on a connection


async def greeted(records: tuple[Tlsa, ...], folder: Path, *, offers: bool = True) -> Session:
    """A session with a server that shows OURS."""
    pem = folder / "chain.pem"
    private = OURS.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + b"".join(x509.load_der_x509_certificate(each).public_bytes(serialization.Encoding.PEM)
                                       for each in OURS.chain))  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx ESMTP\r\n")
        while line := await reader.readline():
            if line.startswith(b"EHLO"):
                writer.write(b"250-mx\r\n250-STARTTLS\r\n250 PIPELINING\r\n" if offers else b"250 mx\r\n")
            elif line.startswith(b"STARTTLS"):
                writer.write(b"220 go\r\n")
                await writer.start_tls(context)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer = Peer("127.0.0.1", server.sockets[0].getsockname()[1], Tls.DANE, tlsa=records)
    nothing: Any = lambda *_: None  # noqa: E731
    try:
        return await open_session(
            peer,
            lambda: Session(
                next_envelope=nothing, on_settled=nothing, on_dropped=nothing, on_closed=nothing, message_limit=1
            ),
        )
    finally:
        server.close()


def test_only_the_host_that_its_domain_names_gets_mail(tmp_path: Path) -> None:
    async def scenario() -> None:
        for fitting in (tlsa(3, 1, 1, OURS.leaf), Tlsa(1, 1, 1, b"")):
            session = await greeted((fitting,), tmp_path)
            assert session.pipelining, "ready, over TLS"
            session.abort("enough")
        with pytest.raises(ConnectFailed) as wrong:
            await greeted((tlsa(3, 1, 1, OTHERS.leaf),), tmp_path)
        assert (wrong.value.code, wrong.value.permanent) == ("4.7.5", False)
        with pytest.raises(ConnectFailed, match="does not offer"):
            await greeted((tlsa(3, 1, 1, OURS.leaf),), tmp_path, offers=False)

    asyncio.run(asyncio.wait_for(scenario(), 60))


# --- what DNS says


RECORD = f"3 1 1 {tlsa(3, 1, 1, OURS.leaf).octets.hex()}"


@pytest.fixture
def names() -> Iterator[NameServer]:
    with name_server() as server:
        server.records = {
            ("k.example", "MX"): [f"10 {HOST}.", "20 mx2.k.example."],
            (HOST, "A"): ["127.0.0.1"],
            ("mx2.k.example", "A"): ["127.0.0.1"],
            (f"_25._tcp.{HOST}", "TLSA"): [RECORD],
        }
        server.flags = dns.flags.AD
        yield server


def of(names: NameServer, host: str = HOST) -> Any:
    return asyncio.run(TlsaRecords((names.address,)).of(host, 25))


def test_records_count_where_they_and_the_address_are_validated(names: NameServer) -> None:
    assert of(names) == (tlsa(3, 1, 1, OURS.leaf),)
    assert of(names, "mx2.k.example") is None

    names.flags = 0
    assert of(names) is None
    assert (f"_25._tcp.{HOST}", "TLSA") not in names.asked[-1:], "not even asked for"

    names.flags, names.failing = dns.flags.AD, {f"_25._tcp.{HOST}"}
    with pytest.raises(NotValidated):
        of(names)


@pytest.mark.parametrize(
    ("change", "peers"),
    [
        ({}, [(HOST, Tls.DANE), ("mx2.k.example", Tls.OPPORTUNISTIC)]),
        ({"flags": 0}, [(HOST, Tls.OPPORTUNISTIC), ("mx2.k.example", Tls.OPPORTUNISTIC)]),
        ({"failing": {f"_25._tcp.{HOST}"}}, [("mx2.k.example", Tls.OPPORTUNISTIC)]),
        ({"failing": {f"_25._tcp.{HOST}", "_25._tcp.mx2.k.example"}}, None),
        ({"dane": False}, [(HOST, Tls.OPPORTUNISTIC), ("mx2.k.example", Tls.OPPORTUNISTIC)]),
        ({"policy": ("mx2.k.example",)}, [(HOST, Tls.DANE), ("mx2.k.example", Tls.REQUIRED)]),
        ({"policy": ("mx9.k.example",)}, [(HOST, Tls.DANE)]),
    ],
    ids=["validated", "not validated", "one fails", "both fail", "off", "and MTA-STS", "before MTA-STS"],
)
def test_each_host_is_asked_what_its_domain_says(
    names: NameServer, change: dict[str, Any], peers: list[tuple[str, Tls]] | None
) -> None:
    names.flags, names.failing = change.get("flags", names.flags), change.get("failing", set())
    config: Any = SimpleNamespace(
        default_route="mx", mx_connections=4, nameservers=(names.address,), mx_port=25, ehlo_name="localhost",
        mx_network_list=lambda: (ip_network("127.0.0.0/8"),), wait_seconds=1.0, mta_sts="policy" in change,
        dane=change.get("dane", True),
    )  # fmt: skip
    router = Router(config, None, None)  # type: ignore[arg-type]

    async def policy(_domain: str) -> Policy:
        return Policy(Mode.ENFORCE, change["policy"], 60)

    router._policies.of = policy  # type: ignore[method-assign]
    _, make = router.destination("k.example")

    async def found() -> list[tuple[str, Tls]]:
        return [(peer.host, peer.tls) for peer in await make()._peers()]

    if peers is None:
        with pytest.raises(NoRoute, match="validated"):
            asyncio.run(found())
    else:
        assert asyncio.run(found()) == peers
