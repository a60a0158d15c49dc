"""Where a domain's mail goes, by what a real name server says, and what a host's addresses that lead nowhere cost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_network
from typing import Any

import pytest

from email_gateway.smtp import mx, opening
from email_gateway.smtp.mx import MxResolver, NoRoute
from email_gateway.smtp.peers import ConnectFailed, Peer, Tls
from email_gateway.smtp.session import Session

from ..integration.dns_peer import NameServer, name_server


@pytest.fixture
def names() -> Iterator[NameServer]:
    with name_server() as made:
        made.records = {
            ("sklep.example", "MX"): ["20 second.example.", "10 first.example.", "30 third.example."],
            ("host.example", "A"): ["192.0.2.1"],
            ("six.example", "AAAA"): ["2001:db8::1"],
            ("none.example", "MX"): ["0 ."],
        }
        made.failing = {"broken.example"}
        yield made


def hosts(names: NameServer, domain: str) -> tuple[str, ...]:
    return asyncio.run(MxResolver((names.address,)).hosts(domain)).names


def test_hosts_are_asked_in_the_order_of_their_preference(names: NameServer) -> None:
    assert hosts(names, "sklep.example") == ("first.example", "second.example", "third.example")


@pytest.mark.parametrize("domain", ["host.example", "six.example"])
def test_a_domain_without_mx_is_its_own_host(names: NameServer, domain: str) -> None:
    assert hosts(names, domain) == (domain,)


@pytest.mark.parametrize(
    ("domain", "code", "is_permanent"),
    [("none.example", "5.1.10", True), ("nowhere.example", "5.1.2", True), ("broken.example", "4.4.3", False)],
)
def test_a_domain_that_takes_no_mail_is_told_from_name_servers_that_do_not_know(
    names: NameServer, domain: str, code: str, is_permanent: bool
) -> None:
    with pytest.raises(NoRoute) as refused:
        hosts(names, domain)

    assert (refused.value.code, refused.value.permanent) == (code, is_permanent)


def test_answers_are_remembered_and_never_without_end(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mx, "MOST_KEPT", 2)
    resolver = MxResolver((names.address,))

    async def ask() -> None:
        for domain in ("sklep.example", "sklep.example", "host.example", "six.example"):
            await resolver.hosts(domain)

    asyncio.run(ask())

    assert names.asked.count(("sklep.example", "MX")) == 1
    assert len(resolver._cache) <= 2


def test_the_next_address_is_asked_where_one_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "ADDRESS_SECONDS", 0.3)

    with ExitStack() as stack:
        port = full_listener(stack, "127.0.0.2")
        assert asyncio.run(greeted(port)) == "127.0.0.3"


def full_listener(stack: ExitStack, address: str) -> int:
    """A port that answers nobody any more: its queue of connections is full, and the kernel drops what comes."""
    server = stack.enter_context(socket.socket())
    server.bind((address, 0))
    server.listen(0)
    port: int = server.getsockname()[1]
    for _ in range(3):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex((address, port))
    return port


async def greeted(port: int) -> str:
    """The address of `mx.example` that answered: the second of its two."""
    loop = asyncio.get_running_loop()

    async def both(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.3")]

    loop.getaddrinfo = both  # type: ignore[method-assign]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.example\r\n")
        while line := await reader.readline():
            writer.write(b"250 mx.example\r\n" if line[:4] == b"EHLO" else b"221 bye\r\n")

    server = await asyncio.start_server(answer, sock=bound("127.0.0.3", port))
    peer = Peer("mx.example", port, Tls.OFF, allowed=(ip_network("127.0.0.0/8"),))
    try:
        made = await opening.open_session(peer, new_session)
    except ConnectFailed as failed:
        return failed.detail
    assert made._transport is not None
    address = str(made._transport.get_extra_info("peername")[0])
    made.abort("enough")
    server.close()
    return address


def bound(address: str, port: int) -> socket.socket:
    made = socket.socket()
    made.bind((address, port))
    return made


def new_session() -> Session:
    return Session(
        next_envelope=lambda: None, on_settled=lambda *_: None, on_dropped=lambda *_: None, on_closed=lambda *_: None,
        message_limit=1,
    )  # fmt: skip
