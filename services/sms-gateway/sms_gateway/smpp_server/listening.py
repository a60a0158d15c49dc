"""The ports: plain and TLS, whose certificate may be changed while the server runs."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from chassis.logs import get_logger
from sms_gateway.config import SmppServerConfig
from sms_gateway.smpp_server.server import Server
from sms_gateway.smpp_server.session import Session

BACKLOG = 1024
HANDSHAKE_SECONDS = 10.0
LOOK_SECONDS = 5.0

log = get_logger()


class _Handshake(asyncio.Protocol):
    """A connection until its TLS stands: counted from the first moment, as any other."""

    def __init__(self, listening: Listening, session: Session) -> None:
        self._listening, self._session = listening, session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if self._session.is_admitted(transport):
            self._listening.shake_hands(transport, self._session)
        else:
            transport.abort()
            self._session.connection_lost(None)


class Listening:
    """:param server: makes what serves a connection."""

    def __init__(self, config: SmppServerConfig, server: Server) -> None:
        self._config = config
        self._server = server
        self._servers: list[asyncio.Server] = []
        self._tls: ssl.SSLContext | None = None
        self._changed: tuple[float, ...] = ()

    async def start(self) -> None:
        """:raises OSError: a port is taken, or the certificate cannot be read."""
        loop, config = asyncio.get_running_loop(), self._config
        if config.port:
            self._servers.append(
                await loop.create_server(self._server.session, config.host, config.port, backlog=BACKLOG)
            )
        if config.tls_port and config.tls_certificate:
            self._changed = self._times()
            self._tls = self._context()
            self._servers.append(
                await loop.create_server(self._handshake, config.host, config.tls_port, backlog=BACKLOG)
            )

    def _handshake(self) -> asyncio.Protocol:
        return _Handshake(self, self._server.session())

    def shake_hands(self, transport: asyncio.Transport, session: Session) -> None:
        transport.pause_reading()
        self._server.spawn(self._shaken(transport, session))

    async def _shaken(self, transport: asyncio.Transport, session: Session) -> None:
        assert self._tls is not None
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport, session, self._tls, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        except (OSError, TimeoutError):
            transport.abort()
            session.connection_lost(None)
            return
        if secured is None or secured.is_closing():
            transport.abort()
            session.connection_lost(None)
        else:
            session.connection_made(secured)

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._config.tls_certificate, self._config.tls_key or None)
        return context

    def _times(self) -> tuple[float, ...]:
        return tuple(
            Path(name).stat().st_mtime for name in (self._config.tls_certificate, self._config.tls_key) if name
        )

    async def follow_certificate(self) -> None:
        """Those who connect from now on see the certificate that is in the files now."""
        while self._tls is not None:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Read the files again if they have changed. What cannot be used is left alone: the one before stays."""
        try:
            found = self._times()
            if self._tls is not None and found != self._changed:
                self._context()  # into one of its own first: half of a pair must not end up in the one that is used
                self._tls.load_cert_chain(self._config.tls_certificate, self._config.tls_key or None)
                self._changed = found
                log.info("certificate_changed")
        except (OSError, ssl.SSLError) as error:
            log.warning("certificate_not_usable", error=type(error).__name__)

    async def stop(self) -> None:
        """Take nobody more."""
        for server in self._servers:
            server.close()
