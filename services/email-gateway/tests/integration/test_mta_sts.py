"""Policies on TLS of recipients' domains: DNS, HTTPS and the database are real."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Database
from email_gateway.outbound.routing import Router
from email_gateway.outbound.sts_policies import StsPolicies
from email_gateway.smtp import mta_sts
from email_gateway.smtp.mta_sts import Mode, Policy
from email_gateway.smtp.mx import NoRoute
from email_gateway.smtp.peers import Tls

from .dns_peer import NameServer, name_server
from .test_link_hosts import certificate

DOMAIN = "k.example"
LOCAL = (ip_network("127.0.0.0/8"),)
TEXT = b"version: STSv1\nmode: enforce\nmx: mx1.k.example\nmax_age: 3600\n"


class Site:
    """The domain's HTTPS server; `answer` is what it says to the next request."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answer: tuple[int, bytes] = (200, TEXT)
        self.asked: list[tuple[str, str]] = []


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    chain = certificate(tmp_path, f"mta-sts.{DOMAIN}")
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append((self.headers["Host"], self.path))
            status, body = made.answer
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    made = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def names() -> Iterator[NameServer]:
    with name_server() as made:
        made.records = {
            (f"_mta-sts.{DOMAIN}", "TXT"): ["v=STSv1; id=1"],
            (DOMAIN, "MX"): ["10 mx1.k.example.", "20 mx2.k.example."],
        }
        yield made


async def here(_host: str) -> list[str]:
    return ["127.0.0.1"]


def fetch(site: Site, domain: str = DOMAIN, **more: Any) -> Policy:
    return asyncio.run(mta_sts.fetch(domain, **{"allowed": LOCAL, "resolve": here, "port": site.port, **more}))


def policies(database: Database, names: NameServer, site: Site) -> StsPolicies:
    """As a process that has just started has them."""
    found = partial(mta_sts.fetch, allowed=LOCAL, resolve=here, port=site.port)
    return StsPolicies(database, found, (names.address,))


def test_a_policy_is_fetched_over_https_and_nothing_else_is_taken(site: Site) -> None:
    assert fetch(site) == Policy(Mode.ENFORCE, ("mx1.k.example",), 3600)
    assert site.asked == [(f"mta-sts.{DOMAIN}", "/.well-known/mta-sts.txt")]

    with pytest.raises(ssl.SSLError):
        fetch(site, "other.example")  # the certificate is of another name
    with pytest.raises(ConnectionError, match="no public address"):
        fetch(site, allowed=())
    for answer in ((301, TEXT), (404, TEXT), (200, b"x" * 70_000), (200, b"\xff"), (200, b"")):
        site.answer = answer
        with pytest.raises(ValueError):
            fetch(site)


def test_a_policy_is_kept_until_another_is_published_or_it_expires(
    database: Database, names: NameServer, site: Site
) -> None:
    async def of(some: StsPolicies) -> Policy | None:
        return await some.of(DOMAIN)

    assert asyncio.run(of(policies(database, names, site))).mode is Mode.ENFORCE  # type: ignore[union-attr]
    assert asyncio.run(of(policies(database, names, site))).mode is Mode.ENFORCE  # type: ignore[union-attr]
    assert len(site.asked) == 1, "a process that starts anew finds it in the database"

    names.records[(f"_mta-sts.{DOMAIN}", "TXT")] = ["v=STSv1; id=2"]
    site.answer = (500, b"")
    assert asyncio.run(of(policies(database, names, site))).mode is Mode.ENFORCE  # type: ignore[union-attr]
    del names.records[(f"_mta-sts.{DOMAIN}", "TXT")]
    assert asyncio.run(of(policies(database, names, site))).mode is Mode.ENFORCE  # type: ignore[union-attr]

    with database.transaction() as session:
        session.execute(text("UPDATE mta_sts_policies SET expires_at = now()"))
    assert asyncio.run(of(policies(database, names, site))) is None


@pytest.mark.parametrize(
    ("mode", "hosts", "peers"),
    [
        ("enforce", "mx1.k.example", [("mx1.k.example", Tls.REQUIRED)]),
        ("enforce", "other.example", None),
        ("testing", "other.example", [("mx1.k.example", Tls.OPPORTUNISTIC), ("mx2.k.example", Tls.OPPORTUNISTIC)]),
        ("none", "other.example", [("mx1.k.example", Tls.OPPORTUNISTIC), ("mx2.k.example", Tls.OPPORTUNISTIC)]),
    ],
)
def test_mail_goes_to_hosts_that_the_policy_names_over_tls_alone(
    database: Database, names: NameServer, site: Site, mode: str, hosts: str, peers: list[tuple[str, Tls]] | None
) -> None:
    site.answer = (200, TEXT.replace(b"enforce", mode.encode()).replace(b"mx1.k.example", hosts.encode()))
    config: Any = SimpleNamespace(
        default_route="mx", mx_connections=4, nameservers=(names.address,), mx_network_list=lambda: LOCAL, mx_port=25,
        ehlo_name="localhost", wait_seconds=1.0, mta_sts=True, dane=False,
    )  # fmt: skip
    router = Router(config, database, None)  # type: ignore[arg-type]
    router._policies = policies(database, names, site)
    _, make = router.destination(DOMAIN)

    async def found() -> list[tuple[str, Tls]]:
        return [(peer.host, peer.tls) for peer in await make()._peers()]

    if peers is None:
        with pytest.raises(NoRoute, match="names none"):
            asyncio.run(found())
    else:
        assert asyncio.run(found()) == peers
