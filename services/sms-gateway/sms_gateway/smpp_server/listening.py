"""The ports: plain and TLS, whose certificate may be changed while the server runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from chassis.certificates import Certificates
from chassis.logs import get_logger
from sms_gateway.config import SmppServerConfig
from sms_gateway.smpp_server.server import Server
from sms_gateway.smpp_server.session import Session

BACKLOG = 1024
HANDSHAKE_SECONDS = 10.0

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
        self.certificates: Certificates | None = None
        self._asked_for = ""

    async def start(self) -> None:
        """:raises OSError: a port is taken, or the certificate cannot be read."""
        loop, config = asyncio.get_running_loop(), self._config
        if config.port:
            self._servers.append(
                await loop.create_server(self._server.session, config.host, config.port, backlog=BACKLOG)
            )
        if config.tls_port and config.tls_certificate:
            key = Path(config.tls_key) if config.tls_key else None
            self.certificates = Certificates(Path(config.tls_certificate), key)
            self._servers.append(
                await loop.create_server(self._handshake, config.host, config.tls_port, backlog=BACKLOG)
            )

    def _handshake(self) -> asyncio.Protocol:
        return _Handshake(self, self._server.session())

    def shake_hands(self, transport: asyncio.Transport, session: Session) -> None:
        transport.pause_reading()
        self._server.spawn(self._shaken(transport, session))

    async def _shaken(self, transport: asyncio.Transport, session: Session) -> None:
        assert self.certificates is not None
        self._follow_partners(self.certificates)
        context = self.certificates.current()
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport, session, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
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

    def _follow_partners(self, certificates: Certificates) -> None:
        """Partners' certificates are asked for once there is a partner that must present one."""
        wanted = self._server.client_certificates
        if wanted == self._asked_for:
            return
        self._asked_for = wanted
        try:
            certificates.ask_clients(wanted)
        except OSError as error:
            log.error("client_certificates_not_loaded", error=error)

    async def stop(self) -> None:
        """Take nobody more."""
        for server in self._servers:
            server.close()
