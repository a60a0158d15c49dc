"""An ESME's binds: windowed, watched and re-made by themselves. One asyncio loop, no threads.

A `Link` keeps one bind to a carrier alive. It takes parts from its `Work` whenever its window has room, writes many
PDUs at once, and reports answers and receipts in batches, one batch for each read of the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.connection import Connection
from sms_gateway.smpp.failures import in_words
from sms_gateway.smpp.ports import LinkSettings, Work
from sms_gateway.smpp.tls import Tls

_FIRST_BACKOFF, _LAST_BACKOFF = 0.25, 30.0
_CONNECT_SECONDS = 10.0  # with the handshake and the bind's answer
_STOOD_SECONDS = 10.0  # a bind that ends sooner is made again as slowly as one that was refused


class Link:
    """One bind, kept alive until `stop`."""

    def __init__(self, settings: LinkSettings, work: Work) -> None:
        self.settings = settings
        self.work = work
        self._connection: Connection | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._bound_at: float | None = None
        self._backoff = _FIRST_BACKOFF
        self.last_error: str | None = None

    @property
    def is_bound(self) -> bool:
        return self._connection is not None and self._connection.bound

    @property
    def sends(self) -> bool:
        return self.settings.kind != "receiver"

    @property
    def in_flight(self) -> int:
        return len(self._connection.pending) if self._connection else 0

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self, patience: float = 5.0) -> None:
        """Take nothing more, wait for answers, unbind."""
        self._stopping.set()
        if self._connection is not None:
            await self._connection.drain(patience)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def fill(self) -> None:
        """There is work: send what the window and the carrier's rate allow."""
        if self._connection is not None:
            self._connection.fill()

    def acknowledge(self, sequences: Sequence[int], of: object) -> None:
        """Answer receipts that arrived on the connection `of`; another connection's are the carrier's to send again."""
        if self._connection is not None and self._connection is of:
            self._connection.acknowledge(sequences)

    @property
    def connection(self) -> object:
        """Identity of the present connection, for `acknowledge`."""
        return self._connection

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            reason = "closed"
            self._bound_at = None
            try:
                await self._one_connection()
            except (OSError, TimeoutError, smpp.PduError) as error:
                reason = in_words(error, tls=self.settings.tls is not None and self._bound_at is None)
            finally:
                self._forget_connection()
            if self._bound_at is not None and loop.time() - self._bound_at >= _STOOD_SECONDS:
                self._backoff = _FIRST_BACKOFF
            self.last_error = reason[:200]
            self.work.unbound(self, reason)
            await asyncio.sleep(self._backoff * random.uniform(0.8, 1.2))
            self._backoff = min(self._backoff * 2, _LAST_BACKOFF)

    def _forget_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    async def _one_connection(self) -> None:
        """Connect, bind, stay until it ends."""
        settings, loop = self.settings, asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_SECONDS):
            connection = await self._connect(settings.tls)
            await connection.bind()
        self._bound_at = loop.time()
        self.work.bound(self)
        connection.fill()
        await connection.watch()

    async def _connect(self, tls: Tls | None) -> Connection:
        """The password is sent to nobody before the peer is known to be the carrier."""
        settings, loop = self.settings, asyncio.get_running_loop()
        context = name = None
        if tls is not None:
            context = await asyncio.to_thread(lambda: tls.context)
            name = tls.server_name or settings.host
        transport, connection = await loop.create_connection(
            lambda: Connection(self), settings.host, settings.port, ssl=context, server_hostname=name
        )
        self._connection = connection
        if tls is not None:
            tls.check_pin(transport.get_extra_info("ssl_object"))
        return connection
