"""What an APNs is made to do wrong over HTTP/2, and what becomes of the message then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import h2.config
import h2.connection
import h2.events
import h2.settings
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from channel.testing_peers import PIECE, Asked, Connection, Play, answer, closing, silent

from .cases import GONE, LATER, REFUSED, TAKEN, UNKNOWN, UNSURE

INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 2, 7, 8, 11
Codes = h2.settings.SettingCodes


class Apple:
    """One connection, as the server has it: what it is asked is read by `h2`, what it says is written by hand."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_inbound_headers=False)
        self._h2 = h2.connection.H2Connection(config)
        self._h2.initiate_connection()
        self._h2.data_to_send()  # ours are said by hand
        self.encoder = Encoder()
        self.heads: dict[int, dict[str, str]] = {}
        self._ended: list[int] = []

    async def begin(self, settings: dict[int, int] | None = None) -> None:
        await self.frames(SettingsFrame(0, settings={int(name): value for name, value in (settings or {}).items()}))

    async def heard(self) -> None:
        """What comes next."""
        octets = await self.connection.reader.read(PIECE)
        if not octets:
            raise asyncio.IncompleteReadError(b"", 1)
        for event in self._h2.receive_data(octets):
            if isinstance(event, h2.events.RequestReceived):
                self.heads[event.stream_id] = {str(name): str(value) for name, value in event.headers}
            elif isinstance(event, h2.events.StreamEnded):
                self._ended.append(event.stream_id)
                head = self.heads[event.stream_id]
                self.connection.provider.asked.append(Asked(head[":path"], head, b""))
            elif isinstance(event, h2.events.RemoteSettingsChanged):
                await self.frames(SettingsFrame(0, flags=["ACK"]))

    async def head(self) -> int:
        while not self.heads:
            await self.heard()
        return next(iter(self.heads))

    async def another(self, than: int) -> int:
        """The stream of a request that has begun, and is not that one."""
        while len(self.heads) < 2:
            await self.heard()
        return next(stream for stream in self.heads if stream != than)

    @property
    def has_ended(self) -> bool:
        """Whether a request has come whole that is not taken up yet."""
        return bool(self._ended)

    async def request(self) -> int:
        """The stream of the next request that has come whole."""
        while not self._ended:
            await self.heard()
        return self._ended.pop(0)

    def id_of(self, stream: int) -> str:
        return self.heads[stream]["apns-id"]

    async def frames(self, *frames: Frame) -> None:
        await self.connection.say(b"".join(frame.serialize() for frame in frames))

    def headers(self, stream: int, *pairs: tuple[str, str], ends: bool = True) -> Frame:
        return HeadersFrame(
            stream, self.encoder.encode(list(pairs)), flags=["END_HEADERS", *(["END_STREAM"] if ends else [])]
        )

    async def say(self, stream: int, status: int = 200, body: bytes = b"", apns_id: str | None = None) -> None:
        pairs = ((":status", str(status)), ("apns-id", self.id_of(stream) if apns_id is None else apns_id))
        frames = [self.headers(stream, *pairs, ends=not body)]
        await self.frames(*frames, *([DataFrame(stream, body, flags=["END_STREAM"])] if body else []))


Does = Callable[[Apple, int], Awaitable[None]]


async def well(connection: Connection) -> None:
    apple = Apple(connection)
    await apple.begin()
    while True:
        await apple.say(await apple.request())


def then(does: Does, settings: dict[int, int] | None = None, *, closes: bool = False) -> Play:
    """To the first request that; then nothing, or the end."""

    async def play(connection: Connection) -> None:
        apple = Apple(connection)
        await apple.begin(settings)
        await does(apple, await apple.request())
        if not closes:
            await connection.wait()

    return play


def saying(status: int, body: Any = b"", apns_id: str | None = None, first_alone: bool = False) -> Play:
    """:param body: a reason, a document or octets."""
    document = {"reason": body} if isinstance(body, str) else body
    octets = document if isinstance(document, bytes) else json.dumps(document).encode()

    async def play(connection: Connection) -> None:
        apple = Apple(connection)
        await apple.begin()
        await apple.say(await apple.request(), status, octets, apns_id)
        while True:
            stream = await apple.request()
            await (apple.say(stream) if first_alone else apple.say(stream, status, octets, apns_id))

    return play


def frames(*make: Callable[[Apple, int], Frame], closes: bool = False) -> Play:
    async def does(apple: Apple, stream: int) -> None:
        await apple.frames(*(one(apple, stream) for one in make))

    return then(does, closes=closes)


def repeated(
    make: Callable[[Apple, int], Frame], rest: float, first: Callable[[Apple, int], Frame] | None = None
) -> Play:
    async def does(apple: Apple, stream: int) -> None:
        if first is not None:
            await apple.frames(first(apple, stream))
        while True:
            await apple.frames(make(apple, stream))
            await asyncio.sleep(rest)

    return then(does)


def octets(some: bytes) -> Play:
    async def play(connection: Connection) -> None:
        await connection.say(some)
        await connection.wait()

    return play


async def _goaway_at_once(connection: Connection) -> None:
    apple = Apple(connection)
    await apple.begin()
    await apple.head()
    await apple.frames(GoAwayFrame(0, last_stream_id=0, error_code=0))
    await connection.wait()


async def _no_stream_allowed(connection: Connection) -> None:
    apple = Apple(connection)
    await apple.begin({Codes.MAX_CONCURRENT_STREAMS: 0})
    stream = await apple.request()
    await apple.frames(RstStreamFrame(stream, error_code=REFUSED_STREAM))
    await connection.wait()


async def _answers_and_goes(apple: Apple, stream: int) -> None:
    await apple.frames(
        apple.headers(stream, (":status", "200"), ("apns-id", apple.id_of(stream))),
        GoAwayFrame(0, last_stream_id=stream, error_code=0, additional_data=b'{"reason":"Shutdown"}'),
    )


async def _slowly(apple: Apple, stream: int) -> None:
    frame = apple.headers(stream, (":status", "200"), ("apns-id", apple.id_of(stream))).serialize()
    for one in frame:
        await apple.connection.say(bytes([one]))
        await asyncio.sleep(0)


async def _informs_first(apple: Apple, stream: int) -> None:
    await apple.frames(*(apple.headers(stream, (":status", "103"), ends=False) for _ in range(20)))
    await apple.say(stream)


class ApnsCase(NamedTuple):
    """As `cases.Case`. :ivar times: requests that came whole; None: any."""

    does: str
    finds: str
    play: Play
    times: int | None = 1
    waits: tuple[float, float] | None = None
    hangs: bool = False


def goaway(last: Callable[[int], int], error: int = 0) -> Callable[[Apple, int], Frame]:
    return lambda _, stream: GoAwayFrame(0, last_stream_id=last(stream), error_code=error)


def reset(error: int) -> Play:
    return frames(lambda _, stream: RstStreamFrame(stream, error_code=error))


HTML = b"<!doctype html><title>no</title>"
APNS_CASES: Sequence[ApnsCase] = (
    # --- the connection
    ApnsCase("closes at once", UNSURE, closing, times=None),
    ApnsCase("says nothing, not even its settings", UNKNOWN, silent, times=None, hangs=True),
    ApnsCase("answers in HTTP/1.1", UNKNOWN, octets(answer(200, b"{}")), times=None, hangs=True),
    ApnsCase("sends junk", UNKNOWN, octets(b"\xff" * 5_000), times=None, hangs=True),
    ApnsCase(
        "sends a frame longer than is allowed",
        UNKNOWN,
        octets(b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"),
        times=None,
        hangs=True,
    ),
    ApnsCase("says nothing after the request", UNKNOWN, frames(), hangs=True),
    ApnsCase("closes after the request", UNKNOWN, frames(closes=True)),
    ApnsCase("answers octet by octet", TAKEN, then(_slowly)),
    # --- settings and windows
    ApnsCase("allows no stream", LATER, _no_stream_allowed),
    ApnsCase(
        "takes back its window beneath zero",
        UNKNOWN,
        frames(lambda *_: SettingsFrame(0, settings={4: 0}), lambda *_: SettingsFrame(0, settings={4: 2**31 - 1})),
        hangs=True,
    ),
    ApnsCase(
        "opens its window beyond the greatest",
        UNKNOWN,
        frames(lambda *_: WindowUpdateFrame(0, window_increment=2**31 - 1)),
    ),
    ApnsCase(
        "sends settings without an end",
        UNKNOWN,
        repeated(lambda *_: SettingsFrame(0, settings={3: 100}), 0.01),
        hangs=True,
    ),
    ApnsCase(
        "pings without an end", UNKNOWN, repeated(lambda *_: PingFrame(0, opaque_data=b"12345678"), 0.01), hangs=True
    ),
    # --- GOAWAY and RST_STREAM
    ApnsCase("goes away, having looked at nothing (GOAWAY 0)", LATER, frames(goaway(lambda _: 0))),
    ApnsCase("goes away before the request is whole", LATER, _goaway_at_once, times=None),
    ApnsCase("goes away in the middle, having perhaps taken it", UNKNOWN, frames(goaway(lambda stream: stream))),
    ApnsCase(
        "goes away for an error, having perhaps taken it",
        UNKNOWN,
        frames(goaway(lambda stream: stream, INTERNAL_ERROR)),
    ),
    ApnsCase("answers, and goes away in the same packet", TAKEN, then(_answers_and_goes)),
    ApnsCase("refuses the stream (REFUSED_STREAM)", LATER, reset(REFUSED_STREAM)),
    ApnsCase("cancels the stream", UNKNOWN, reset(CANCEL)),
    ApnsCase("resets the stream for an error of its own", UNKNOWN, reset(INTERNAL_ERROR)),
    ApnsCase("resets the stream for being asked too much", UNKNOWN, reset(ENHANCE_YOUR_CALM)),
    ApnsCase("resets the stream without an error", UNKNOWN, reset(0)),
    ApnsCase(
        "resets the stream after the head of its answer",
        UNKNOWN,
        frames(
            lambda apple, stream: apple.headers(stream, (":status", "200"), ends=False),
            lambda _, stream: RstStreamFrame(stream, error_code=CANCEL),
        ),
    ),
    # --- frames that make no sense
    ApnsCase(
        "answers a stream that was not asked, alone",
        UNKNOWN,
        frames(lambda apple, _: apple.headers(99, (":status", "200"))),
    ),
    ApnsCase(
        "answers a stream of its own",
        UNKNOWN,
        frames(lambda apple, _: apple.headers(2, (":status", "200"))),
        hangs=True,
    ),
    ApnsCase(
        "promises what nobody wants",
        UNKNOWN,
        frames(lambda apple, stream: PushPromiseFrame(stream, promised_stream_id=2, flags=["END_HEADERS"])),
    ),
    ApnsCase(
        "sends a body without a head",
        UNKNOWN,
        frames(lambda _, stream: DataFrame(stream, b"{}", flags=["END_STREAM"])),
        hangs=True,
    ),
    ApnsCase(
        "sends a head that no table has",
        UNKNOWN,
        frames(lambda _, stream: HeadersFrame(stream, b"\xff" * 20, flags=["END_HEADERS"])),
    ),
    ApnsCase(
        "sends a head without a status", UNKNOWN, frames(lambda apple, stream: apple.headers(stream, ("x-a", "1")))
    ),
    ApnsCase(
        "sends a status that is no number",
        UNKNOWN,
        frames(lambda apple, stream: apple.headers(stream, (":status", "fine"))),
    ),
    ApnsCase(
        "sends a head of a megabyte",
        UNKNOWN,
        frames(
            lambda apple, stream: HeadersFrame(stream, apple.encoder.encode([("x-a", "a" * 10_000)]), flags=[]),
            *[lambda apple, stream: ContinuationFrame(stream, apple.encoder.encode([("x-b", "b" * 10_000)]))] * 100,
        ),
    ),
    ApnsCase(
        "sends a head without an end",
        UNKNOWN,
        repeated(
            lambda _, stream: ContinuationFrame(stream, b""),
            0.0,
            lambda apple, stream: HeadersFrame(stream, b"", flags=[]),
        ),
        times=None,
    ),
    ApnsCase("informs twenty times first", TAKEN, then(_informs_first)),
    ApnsCase(
        "informs without an end",
        UNKNOWN,
        repeated(lambda apple, stream: apple.headers(stream, (":status", "100"), ends=False), 0.01),
        hangs=True,
    ),
    ApnsCase(
        "drips a body without an end",
        UNKNOWN,
        repeated(
            lambda _, stream: DataFrame(stream, b" "),
            0.02,
            lambda apple, stream: apple.headers(stream, (":status", "400"), ends=False),
        ),
        hangs=True,
    ),
    ApnsCase(
        "sends a body without an end",
        UNKNOWN,
        repeated(
            lambda _, stream: DataFrame(stream, b" " * 16_000),
            0.0,
            lambda apple, stream: apple.headers(stream, (":status", "400"), ends=False),
        ),
        times=None,
    ),
    # --- what is answered
    ApnsCase("answers 200 of another message", UNKNOWN, saying(200, apns_id="0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b41")),
    ApnsCase("answers 200 with a page for people", UNKNOWN, saying(200, HTML)),
    ApnsCase("answers 204", UNKNOWN, saying(204)),
    ApnsCase("leads elsewhere by 308", LATER, saying(308)),
    ApnsCase("says that the device is gone, with 410", GONE, saying(410, "Unregistered")),
    ApnsCase("says that the device is gone, with 400", REFUSED, saying(400, "Unregistered")),
    ApnsCase("answers 410 with a page for people", LATER, saying(410, HTML)),
    ApnsCase("answers 404 with a page for people", LATER, saying(404, HTML)),
    ApnsCase("says a device is of another application", REFUSED, saying(400, "DeviceTokenNotForTopic")),
    ApnsCase("says a reason with a NUL", REFUSED, saying(400, "Bad\0")),
    ApnsCase("says half a character for a reason", REFUSED, saying(400, "\ud83d")),
    ApnsCase("says a reason of fifteen kilobytes", REFUSED, saying(400, "a" * 15_000)),
    ApnsCase("says a list for a reason", REFUSED, saying(400, {"reason": []})),
    ApnsCase("says a reason that is new", REFUSED, saying(400, "SomethingNew")),
    ApnsCase(
        "says that the token is expired, once", TAKEN, saying(403, "ExpiredProviderToken", first_alone=True), times=2
    ),
    ApnsCase("says that every token is expired", LATER, saying(403, "ExpiredProviderToken"), times=2),
    ApnsCase("refuses the token", LATER, saying(403, "InvalidProviderToken"), waits=(29, 30)),
    ApnsCase("answers 403 without a word", LATER, saying(403)),
    ApnsCase("answers 413", REFUSED, saying(413, "PayloadTooLarge")),
    ApnsCase("throttles the device", LATER, saying(429, "TooManyRequests")),
    ApnsCase("throttles without a word", LATER, saying(429)),
    ApnsCase("says that it ends", LATER, saying(503, "Shutdown")),
    ApnsCase("answers 500 in its own words", LATER, saying(500, "InternalServerError")),
    ApnsCase("answers 502 with a page for people", UNKNOWN, saying(502, HTML)),
    ApnsCase("answers 599", UNKNOWN, saying(599)),
)
