"""A domain's own link host and return path are used while its records are there: DNS, TLS and SMTP are real."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import Launcher, wait_until
from email_gateway.dependencies import look_up, serves_links
from email_gateway.domain.senders import CHECKED_AGAIN_AFTER, CHECKED_EVERY, SYSTEM_ACCOUNT
from email_gateway.usecases import sender_checks

from .conftest import DOMAIN, Campaign, World, sender_env
from .dns_peer import NameServer, name_server

NOW = datetime.now(UTC)
LINK_HOST = f"link.{DOMAIN}"
RECORDS = {
    (LINK_HOST, "CNAME"): ["wici.example."],
    (f"bounces.{DOMAIN}", "MX"): ["10 mail.wici.example."],
    (f"bounces.{DOMAIN}", "TXT"): ["v=spf1 a:mail.wici.example -all"],
}


class Pixel(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_ours = self.path.startswith("/o/") and self.headers["Host"] == LINK_HOST
        self.send_response(200 if is_ours else 404)
        self.send_header("Content-Type", "image/gif")
        self.end_headers()
        self.wfile.write(b"GIF")

    def log_message(self, *_: Any) -> None:
        pass


def certificate(folder: Path, host: str) -> Path:
    """A certificate that is its own authority, and its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@contextmanager
def front(chain: Path) -> Iterator[str]:
    """What stands before the gateway: TLS with the certificate."""
    server = HTTPServer(("127.0.0.1", 0), Pixel)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def names() -> Iterator[NameServer]:
    with name_server() as made:
        made.records = dict(RECORDS)
        yield made


Check = Callable[..., str | None]


@pytest.fixture
def check(database: Database, campaign: Campaign, names: NameServer, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Have the domain of `campaign` looked at as the timer does, with our public address; its link host afterwards."""

    def look(public_url: str, trusted: Path, now: datetime = NOW) -> str | None:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        config = SimpleNamespace(mail_host="mail.wici.example", public_host="wici.example", public_url=public_url)
        tools: Any = SimpleNamespace(
            config=config,
            look_up=lambda name, kind: look_up(name, kind, (names.address,)),
            serves_links=lambda host: serves_links(host, public_url),
        )
        assert sender_checks.check_due_domains(database, now=now, tools=tools) == 1
        with database.transaction() as session:
            return session.scalar(text("SELECT link_host FROM sender_domains WHERE domain = :d"), {"d": DOMAIN})  # type: ignore[no-any-return]

    with database.transaction() as session:
        session.execute(text("UPDATE sender_domains SET check_due_at = :now, found = '{}'"), {"now": NOW})
        session.execute(
            text(
                "INSERT INTO sender_domains (domain_id, account_id, domain, state, ownership_token)"
                " VALUES (:id, :system, 'wici.example', 'verified', 'x')"
            ),
            {"id": new_id(), "system": SYSTEM_ACCOUNT},
        )
    return look


def test_links_lead_to_the_domains_own_host_once_its_record_and_certificate_are_there(
    check: Check, campaign: Campaign, world: World, launch: Launcher, tmp_path: Path
) -> None:
    chain = certificate(tmp_path, LINK_HOST)
    with front(chain) as public_url:
        host = check(public_url, chain)
    assert host == f"{LINK_HOST}:{public_url.rpartition(':')[2]}"
    launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))

    campaign.publish(campaign.batch(["ala@poczta.example"]))

    wait_until(world.mails, what="the mail")
    mail = world.mails()[0]
    assert mail["unsubscribe"].startswith(f"https://{host}/u/")
    assert mail["links"] and all(link.startswith(f"https://{host}/") for link in mail["links"])
    assert mail["sender"].endswith(f"@bounces.{DOMAIN}")
    assert b"127.0.0.1:8000" not in world.call("/messages/1/raw")


def test_without_a_certificate_of_its_name_the_platforms_host_stays(check: Check, tmp_path: Path) -> None:
    chain = certificate(tmp_path, "wici.example")
    with front(chain) as public_url:
        assert check(public_url, chain) is None


def test_nobody_behind_our_address_or_no_tls_there_leaves_the_platforms_host(check: Check, tmp_path: Path) -> None:
    chain = certificate(tmp_path, LINK_HOST)
    with front(chain) as public_url:
        pass
    assert check(public_url, chain) is None
    assert check("http://wici.example", chain, NOW + CHECKED_EVERY) is None


def test_a_link_host_is_left_when_its_record_goes_and_kept_while_dns_is_silent(
    check: Check, names: NameServer, tmp_path: Path
) -> None:
    chain = certificate(tmp_path, LINK_HOST)
    with front(chain) as public_url:
        host = check(public_url, chain)
        names.silent = {name for name, _ in RECORDS} | {f"_wici.{DOMAIN}", f"wici1._domainkey.{DOMAIN}"}
        names.silent |= {f"_dmarc.{DOMAIN}"}
        assert check(public_url, chain, NOW + CHECKED_EVERY) == host
        names.silent = set()
        del names.records[(LINK_HOST, "CNAME")]
        assert check(public_url, chain, NOW + CHECKED_EVERY + CHECKED_AGAIN_AFTER) is None


def test_without_its_records_bounces_go_to_the_platforms_return_path(
    check: Check, names: NameServer, campaign: Campaign, world: World, launch: Launcher, tmp_path: Path
) -> None:
    names.records.clear()
    check("http://wici.example", tmp_path)
    launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))

    campaign.publish(campaign.batch(["ala@poczta.example"]))

    wait_until(world.mails, what="the mail")
    assert world.mails()[0]["sender"].endswith("@bounces.wici.example")
    assert f"d={DOMAIN}".encode() in world.call("/messages/1/raw")


def test_a_domain_that_the_version_before_verified_during_a_roll_out_is_looked_at(
    check: Check, database: Database, tmp_path: Path
) -> None:
    chain = certificate(tmp_path, LINK_HOST)
    with database.transaction() as session:
        session.execute(text("UPDATE sender_domains SET check_due_at = NULL"))

    with front(chain) as public_url:
        assert check(public_url, chain) == f"{LINK_HOST}:{public_url.rpartition(':')[2]}"
