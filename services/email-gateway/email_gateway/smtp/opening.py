"""How a connection to a mail server is made ready for mail: connect, greet, STARTTLS and AUTH, as the peer wants."""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace

from chassis.public_addresses import may_connect
from email_gateway.smtp.dane import is_fitting
from email_gateway.smtp.peers import TLS, ConnectFailed, NotPublic, Peer, Tls, TlsFailed
from email_gateway.smtp.places import is_literal
from email_gateway.smtp.replies import Reply
from email_gateway.smtp.session import Session
from email_gateway.smtp.verdicts import Stage, about, is_block, judged

CONNECT_SECONDS = 20.0
GREETING_SECONDS = 60.0
ADDRESS_SECONDS, MOST_ADDRESSES = 6.0, 5  # for one of a host's: where IPv6 leads nowhere, the next one is asked


async def open_session(peer: Peer, make: Callable[[], Session]) -> Session:
    """Connect, greet, STARTTLS and AUTH as the peer wants; the session is ready but not started.

    asyncio sets TCP_NODELAY on every stream socket; without it SMTP over TLS makes 23 messages a second. Where nobody
    asks for TLS and a handshake fails, the mail goes in clear text, as to a server that offers none: whoever can break
    the one can hide the other (RFC 7435). A password never does.

    :raises NotPublic: the peer may not lie where it does.
    :raises ConnectFailed: anything on the way there failed.
    """
    try:
        return await _opened(peer, make)
    except TlsFailed:
        if peer.tls is not Tls.OPPORTUNISTIC or peer.username is not None:
            raise
    return await _opened(replace(peer, tls=Tls.OFF), make)


async def _opened(peer: Peer, make: Callable[[], Session]) -> Session:
    try:
        session = await _connected(peer, make)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise ConnectFailed("4.4.1", f"no connection: {type(error).__name__}") from None
    try:
        await _greet(session, peer)
        if peer.tls is not Tls.OFF:
            await _start_tls(session, peer)
        await _authenticate(session, peer)
    except BaseException:  # whatever it is, nobody has the connection
        session.abort("opening failed")
        raise
    return session


async def _connected(peer: Peer, make: Callable[[], Session]) -> Session:
    loop = asyncio.get_running_loop()
    source = (peer.source_address, 0) if peer.source_address else None
    if peer.allowed is None:
        made = loop.create_connection(make, peer.host, peer.port, local_addr=source, happy_eyeballs_delay=1.0)
        return (await asyncio.wait_for(made, CONNECT_SECONDS))[1]
    if is_literal(peer.host):
        raise NotPublic  # Only names may stand in DNS (RFC 5321 section 5.1).
    # The addresses that are judged are those that are connected to: a second lookup may answer otherwise.
    asked = loop.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    found = await asyncio.wait_for(asked, CONNECT_SECONDS)
    hosts = [str(place[0]) for *_, place in found if may_connect(str(place[0]), peer.allowed)]
    if not hosts:
        raise NotPublic
    if peer.source_address is not None:  # of the other family nothing leads from it
        hosts = [host for host in hosts if (":" in host) == (":" in peer.source_address)]
    hosts = list(dict.fromkeys(hosts))[:MOST_ADDRESSES]
    seconds, failure = CONNECT_SECONDS if len(hosts) == 1 else ADDRESS_SECONDS, OSError()
    for host in hosts:
        try:
            made = loop.create_connection(make, host, peer.port, local_addr=source)
            return (await asyncio.wait_for(made, seconds))[1]
        except OSError as error:  # a timeout is one
            failure = error
    raise failure


async def _greet(session: Session, peer: Peer) -> None:
    """:raises ConnectFailed: the greeting refuses, or it does not come."""
    greeting = await session.reply(GREETING_SECONDS)
    _ensure_accepted(greeting, "greeting")
    await _ehlo(session, peer)


async def _ehlo(session: Session, peer: Peer) -> None:
    reply = await session.command(b"EHLO " + peer.ehlo_name.encode("ascii", "replace"))
    if reply.code in (500, 501, 502, 504):
        reply = await session.command(b"HELO " + peer.ehlo_name.encode("ascii", "replace"))
        _ensure_accepted(reply, "HELO")
        session.offers({})
    else:
        _ensure_accepted(reply, "EHLO")
        lines = [line.strip().upper().partition(" ") for line in reply.lines[1:]]
        session.offers({keyword: arguments for keyword, _, arguments in lines})


async def _start_tls(session: Session, peer: Peer) -> None:
    """:raises ConnectFailed: TLS is required and not offered, or the handshake fails."""
    if "STARTTLS" not in session.extensions:
        TLS.labels(peer.tls, "starttls-not-supported").inc()
        if peer.tls.is_always:
            raise ConnectFailed("5.7.10", "TLS is required and the server does not offer it")
        return
    if not (await session.command(b"STARTTLS")).accepts:
        if peer.tls.is_always:
            raise ConnectFailed("4.7.10", "the server refused STARTTLS")
        return
    try:
        transport = await session.start_tls(_context(peer.tls), peer.host, CONNECT_SECONDS)
    except (OSError, ssl.SSLError, TimeoutError) as error:
        TLS.labels(peer.tls, "validation-failure").inc()
        raise TlsFailed(type(error).__name__) from None
    if transport is None:
        raise TlsFailed("the connection was lost")
    if peer.tls is Tls.DANE and not is_fitting(_chain_of(transport), peer.host, peer.tlsa):
        TLS.labels(peer.tls, "tlsa-invalid").inc()
        raise ConnectFailed("4.7.5", "the certificate is not the one that the host's domain names")
    TLS.labels(peer.tls, "success").inc()
    await _ehlo(session, peer)


async def _authenticate(session: Session, peer: Peer) -> None:
    """AUTH PLAIN where a user name is set. :raises ConnectFailed: it is not offered or refused."""
    if peer.username is None:
        return
    if "PLAIN" not in session.extensions.get("AUTH", "").split():
        raise ConnectFailed("5.7.4", "the server does not offer AUTH PLAIN")
    secret = b64encode(f"\0{peer.username}\0{peer.password or ''}".encode())
    _ensure_accepted(await session.command(b"AUTH PLAIN " + secret), "AUTH")


def _ensure_accepted(reply: Reply, what: str) -> None:
    if not reply.accepts:
        stage = Stage.CONNECT if what == "greeting" else Stage.EHLO
        judged(stage, reply)
        detail, permanent = f"{what} refused: {reply.text}"[:200], reply.code >= 500
        of = about(stage, reply)
        raise ConnectFailed(reply.status, detail, permanent=permanent, is_block=is_block(stage, reply), about=of)


def _chain_of(transport: asyncio.Transport) -> list[bytes]:
    """The certificates that the server has shown, in DER, its own first; the public call for it comes with 3.13."""
    shown = transport.get_extra_info("ssl_object")._sslobj.get_unverified_chain() or ()
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in shown]


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if tls in (Tls.OPPORTUNISTIC, Tls.DANE):  # of DANE the records decide, once the chain is there
        # Encrypted to somebody is better than clear text to anybody (RFC 7435).
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
