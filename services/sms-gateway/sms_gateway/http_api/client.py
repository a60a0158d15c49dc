"""The link to an HTTP carrier: as many requests at once as its window has room for, each one message.

It stands for `smpp.client.Link`: the carrier that owns it sees no difference. There is no bind to lose: it is taken
for bound, and what fails opens the carrier's circuit. A request that may have arrived, and has no answer that says
what became of it, is `lost`, as a submit_sm without an answer is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore
import orjson

from chassis.logs import get_logger
from chassis.public_addresses import Networks
from sms_gateway.http_api.dialects import Dialect
from sms_gateway.http_api.documents import MOST_BODY
from sms_gateway.http_api.meanings import STATUSES, Meaning
from sms_gateway.http_api.network import CONNECT_SECONDS, Connections
from sms_gateway.http_api.requests import Access, Answer, Request, Requests
from sms_gateway.smpp.constants import Status, WordedStatus
from sms_gateway.smpp.ports import Work

LONGEST_REST = 30.0  # seconds, however long a Retry-After asks for
# The request has not left: another carrier may have the message.
_UNSENT = (
    httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout, httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
)  # fmt: skip
_LOST = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError, OSError)

log = get_logger()


@dataclass(frozen=True)
class HttpLinkSettings:
    """`response_timeout`: seconds, after which nobody waits for an answer. `allowed`: as `network.GuardedNetwork`."""

    dialect: Dialect
    access: Access
    window: int
    response_timeout: float
    allowed: Networks = field(default=())
    kind: str = "http"


class HttpLink:
    """Sends what its work has, until `stop`."""

    sends = True

    def __init__(self, settings: HttpLinkSettings, work: Work) -> None:
        self.settings = settings
        self.work = work
        self.last_error: str | None = None
        self._requests = Requests(settings.dialect, settings.access)
        self._connections: Connections | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_ending = False
        self._rest: asyncio.TimerHandle | None = None

    @property
    def is_bound(self) -> bool:
        return self._connections is not None and not self._is_ending and self._rest is None

    @property
    def in_flight(self) -> int:
        return len(self._under_way)

    @property
    def connection(self) -> object:
        return self._connections

    def start(self) -> None:
        self._connections = Connections(self.settings.dialect.url, self.settings.allowed)
        self.work.bound(self)
        self.fill()

    async def stop(self, patience: float = 5.0) -> None:
        """Take nothing more, wait for answers; what has none then may have arrived."""
        self._is_ending = True
        if self._rest is not None:
            self._rest.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=patience)
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._connections is not None:
            await self._connections.aclose()

    def fill(self) -> None:
        if not self.is_bound:
            return
        room = self.settings.window - self.in_flight
        for part in self.work.take(room, self.in_flight) if room > 0 else ():
            task = asyncio.get_running_loop().create_task(self._send(part))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def acknowledge(self, sequences: Sequence[int], of: object) -> None:
        """Receipts come by the gateway's door, not by this one."""

    async def _send(self, part: Any) -> None:
        is_lost, answer = False, Answer(Meaning.FAIL_OVER)
        try:
            request = self._requests.of(orjson.loads(part.body), part.message.message_id)
            async with asyncio.timeout(self.settings.response_timeout):
                answer = await self._exchange(request)
            is_lost = answer.meaning is Meaning.UNKNOWN
            if answer.meaning is not None:
                self.last_error = f"answered {answer.word}: {answer.meaning}"
        except _UNSENT as error:
            self.last_error = (str(error) or type(error).__name__)[:200]
        except _LOST as error:
            self.last_error, is_lost = f"no answer: {str(error) or type(error).__name__}"[:200], True
        except asyncio.CancelledError:
            self.work.lost([part])
            raise
        self._under_way.discard(asyncio.current_task())  # type: ignore[arg-type]
        if is_lost:
            self.work.lost([part])
        else:
            self.work.answered([(part, _status(answer), answer.identifier)])
        self.fill()

    async def _exchange(self, request: Request) -> Answer:
        assert self._connections is not None
        patience = self.settings.response_timeout
        timeouts = {"connect": min(CONNECT_SECONDS, patience / 2), "pool": patience}
        async with self._connections.one() as connection, connection.stream(
            request.method, request.url, headers=request.headers, content=request.body,
            extensions={"timeout": timeouts},
        ) as response:  # fmt: skip
            octets = b""
            async for piece in response.aiter_stream():
                octets += piece
                if len(octets) > MOST_BODY:
                    return Answer(Meaning.UNKNOWN, word="answer_too_long")
            answer = self._requests.read(response.status, octets)
            if answer.meaning is Meaning.SLOW_DOWN:
                self._rest_for(_retry_after(response.headers))
            return answer

    def _rest_for(self, seconds: float) -> None:
        """Where the carrier says how long it wants nothing, it gets nothing; what waits here goes to another."""
        if seconds < 1 or self._is_ending or self._rest is not None:
            return
        seconds = min(seconds, LONGEST_REST)
        self._rest = asyncio.get_running_loop().call_later(seconds, self._rested)
        self.work.unbound(self, f"it asks for {seconds:.0f} s without requests")

    def _rested(self) -> None:
        self._rest = None
        if not self._is_ending:
            self.work.bound(self)
            self.fill()


def _status(answer: Answer) -> int:
    if answer.meaning is None:
        return Status.OK
    status = STATUSES[answer.meaning]
    return WordedStatus.of(status, answer.word) if answer.meaning is Meaning.REJECT else status


def _retry_after(headers: Sequence[tuple[bytes, bytes]]) -> float:
    """Seconds, as a number or until a date (RFC 9110 section 10.2.3); 0 where it says nothing."""
    text = next((value.decode("latin-1").strip() for name, value in headers if name.lower() == b"retry-after"), "")
    if text.isascii() and text.isdecimal():
        return float(text[:6])
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
