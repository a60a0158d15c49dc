"""What providers over HTTP/1.1 are made to do wrong, and what becomes of the message then."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any, NamedTuple

from channel.testing_peers import (
    Asked,
    Connection,
    Play,
    answer,
    answering,
    bomb,
    closing,
    closing_after_a_line,
    endless,
    resetting,
    saying,
    silent,
)

from .bench import FCM, RCS, VIBER, WEB, WHATSAPP, Provider

TAKEN, UNKNOWN, LATER, REFUSED, GONE = "taken", "unknown", "waits", "refused", "gone"
UNSURE = "unknown or waits"  # by which packet comes first
QUICK = 10.0  # seconds to wait for who never says it all; a busy machine needs some to ask
MOST_SAID = 16 * 1024 * 1024  # octets that an endless answer gets rid of


class Case(NamedTuple):
    """
    :ivar does: what. :ivar finds: what becomes of the message.
    :ivar play: on the connection, made for the provider and for another server that nobody is to come to.
    :ivar times: how often it is asked of one message. :ivar waits: seconds that it says, None: it says nothing of it.
    :ivar only, without: providers.
    :ivar hangs: it never says it all.
    """

    does: str
    finds: str
    play: Callable[[Provider, str], Play]
    times: int | None = 1
    waits: tuple[float, float] | None = None
    only: Sequence[Provider] = (FCM, WEB, RCS, WHATSAPP, VIBER)
    without: Sequence[Provider] = ()
    hangs: bool = False


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
READ = (FCM, RCS, WHATSAPP, VIBER)  # what they say stands in the body; a push service's in its status
HTML = b"<!doctype html><title>Log in to the hotel's network</title>"


def a(play: Play) -> Callable[[Provider, str], Play]:
    return lambda _provider, _elsewhere: play


def said(*octets: bytes, then_waits: bool = False) -> Callable[[Provider, str], Play]:
    return a(saying(*octets, then_waits=then_waits))


def status(number: int | str, body: bytes = HTML, *headers: str) -> Callable[[Provider, str], Play]:
    return a(answering(lambda _: answer(number, body, *headers)))


def document(value: Any) -> Callable[[Provider, str], Play]:
    return a(answering(lambda _: answer(200, value if isinstance(value, bytes) else json.dumps(value).encode())))


def made(change: Callable[[bytes], bytes]) -> Callable[[Provider, str], Play]:
    """The good answer, changed, and the end."""

    def of(provider: Provider, _: str) -> Play:
        async def play(connection: Connection) -> None:
            await connection.say(change(provider.good(await connection.request())))

        return play

    return of


def once(first: bytes) -> Callable[[Provider, str], Play]:
    """To the first request `first`, then as it should."""
    return lambda provider, _: answering(_one_after_another(provider, [first]))


def _one_after_another(provider: Provider, first: list[bytes]) -> Callable[[Asked], bytes]:
    return lambda asked: first.pop() if first else provider.good(asked)


def redirect(number: int) -> Callable[[Provider, str], Play]:
    return lambda _, elsewhere: answering(lambda _: answer(number, b"", f"Location: {elsewhere}/taken"))


def to_itself(_: Provider, __: str) -> Play:
    return answering(lambda asked: answer(307, b"", f"Location: {asked.line.split(' ')[1]}"))


def _retold(raw: bytes, *headers: bytes) -> bytes:
    head, _, body = raw.partition(b"\r\n\r\n")
    return b"\r\n".join([head, *headers, b"", body])


def _with_body(raw: bytes, change: Callable[[bytes], bytes]) -> bytes:
    body = change(raw.partition(b"\r\n\r\n")[2])
    return answer(200, body)


def _chunked(raw: bytes) -> bytes:
    body = raw.partition(b"\r\n\r\n")[2]
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % one for one in body) + b"0\r\n\r\n"


def _http10(raw: bytes) -> bytes:
    body = raw.partition(b"\r\n\r\n")[2]
    line = raw.partition(b"\r\n")[0].replace(b"HTTP/1.1", b"HTTP/1.0")
    return line + b"\r\nContent-Type: application/json\r\n\r\n" + body


async def _http10_play(provider: Provider, connection: Connection) -> None:
    await connection.say(_http10(provider.good(await connection.request())))


# A body of the right shape whose ids are none: by provider.
_ODD: dict[str, dict[str, Any]] = {
    "numbers": {
        "FCM": {"name": 7},
        "RCS": {"name": 7},
        "WhatsApp": {"messages": [{"id": 7}]},
        "Viber": {"status": "0"},
    },
    "long": {
        "FCM": {"name": "x" * 1_000_000},
        "RCS": {"name": "x" * 1_000_000},
        "WhatsApp": {"messages": [{"id": "x" * 1_000_000}]},
        "Viber": {"status": "x" * 1_000_000},
    },
    "half": {
        "FCM": {"name": "\ud83d"},
        "RCS": {"name": "\ud83d"},
        "WhatsApp": {"messages": [{"id": "\ud83d"}]},
        "Viber": {"status": "\ud83d"},
    },
    "other": {
        "FCM": {"name": "projects/shop/topics/1"},
        "RCS": {"name": "phones/+48600100200/agentMessages/another"},
        "WhatsApp": {"contacts": [{"wa_id": "48600100200"}]},
        "Viber": {"message_token": 7},
    },
}


def odd(kind: str) -> Callable[[Provider, str], Play]:
    return lambda provider, _: answering(lambda _: answer(200, json.dumps(_ODD[kind][provider.name]).encode()))


CASES: tuple[Case, ...] = (
    # --- the connection
    Case("closes at once", UNSURE, a(closing), times=None),
    Case("closes after the first line of the request", UNSURE, a(closing_after_a_line), times=None),
    Case("says nothing", UNKNOWN, a(silent), times=None, hangs=True),
    Case("closes after the request", UNKNOWN, said()),
    Case("resets the connection after the request", UNKNOWN, a(resetting)),
    Case("closes in the middle of the status line", UNKNOWN, said(b"HTTP/1.1 20")),
    Case("falls silent in the middle of the status line", UNKNOWN, said(b"HTTP/1.1 20", then_waits=True), hangs=True),
    Case("closes in the middle of the headers", UNKNOWN, said(HEAD + b"Content-Le")),
    Case("falls silent after the headers", UNKNOWN, said(HEAD, then_waits=True), hangs=True),
    Case("closes in the middle of the body", UNKNOWN, made(lambda raw: _retold(answer(200, b"{}" * 50))[:-3])),
    Case(
        "closes after an answer that it keeps to itself the length of",
        TAKEN,
        lambda provider, _: lambda connection: _http10_play(provider, connection),
    ),
    Case("closes between two messages", TAKEN, made(lambda raw: raw)),
    # --- the framing
    Case("says a length longer than the body, and closes", UNKNOWN, said(HEAD + b"Content-Length: 4000\r\n\r\n{}")),
    Case(
        "says a length longer than the body, and waits",
        UNKNOWN,
        said(HEAD + b"Content-Length: 4000\r\n\r\n{}", then_waits=True),
        hangs=True,
    ),
    Case(
        "says a length shorter than the body",
        UNKNOWN,
        made(lambda raw: HEAD + b"Content-Length: 5\r\n\r\n" + raw.partition(b"\r\n\r\n")[2]),
        only=READ,
    ),
    Case("says two lengths", UNKNOWN, said(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ")),
    Case("says a length that is no number", UNKNOWN, said(HEAD + b"Content-Length: -2\r\n\r\n{}")),
    Case("answers in chunks of an octet each", TAKEN, made(_chunked), only=READ),
    Case("answers in chunks of no number", UNKNOWN, said(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")),
    Case(
        "says a chunk of 2^60 octets, and closes",
        UNKNOWN,
        said(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n{}"),
    ),
    Case(
        "never ends its chunks",
        UNKNOWN,
        said(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", then_waits=True),
        hangs=True,
    ),
    Case("names a transfer coding that there is not", UNKNOWN, said(HEAD + b"Transfer-Encoding: br\r\n\r\n{}")),
    Case(
        "folds, doubles and invents headers",
        TAKEN,
        made(lambda raw: _retold(raw, b"X-A: 1", b"X-A: 2", b"X-" + b"a" * 500 + b": 1")),
    ),
    Case("sends a header without a name", UNKNOWN, said(HEAD + b": x\r\nContent-Length: 2\r\n\r\n{}")),
    Case("sends a header line without an end", UNKNOWN, a(endless(HEAD + b"X-A: ", b"a" * 65_536)), times=None),
    Case("sends headers without an end", UNKNOWN, a(endless(HEAD, b"X-A: a\r\n" * 8_192)), times=None),
    Case("drips headers without an end", UNKNOWN, a(endless(HEAD, b"X-A: a\r\n", 0.05)), hangs=True),
    Case("sends a body without an end", UNKNOWN, a(endless(HEAD + b"\r\n", b" " * 65_536)), times=None),
    Case("drips a body without an end", UNKNOWN, a(endless(HEAD + b"\r\n", b" ", 0.05)), hangs=True),
    Case(
        "drips a chunked body without an end",
        UNKNOWN,
        a(endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.05)),
        hangs=True,
    ),
    Case(
        "says 100 Continue first, which nobody asked for",
        TAKEN,
        made(lambda raw: b"HTTP/1.1 100 Continue\r\n\r\n" + raw),
    ),
    Case(
        "says 103 two hundred times first",
        TAKEN,
        made(lambda raw: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 200 + raw),
    ),
    Case(
        "says 100 Continue without an end", UNKNOWN, a(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01)), hangs=True
    ),
    Case("says 100 and then junk", UNKNOWN, said(b"HTTP/1.1 100 Continue\r\n\r\nwhat\r\n\r\n")),
    Case(
        "switches protocols",
        UNKNOWN,
        said(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    ),
    Case("answers in HTTP/0.9, without a head", UNKNOWN, said(b'{"status":0}')),
    Case("answers in HTTP/9.9", UNKNOWN, said(b"HTTP/9.9 200 OK\r\n\r\n")),
    Case("speaks SSH", UNKNOWN, said(b"SSH-2.0-OpenSSH_9.2\r\n")),
    # --- what is answered
    Case("answers 200 without a body", UNKNOWN, status(200, b"")),
    Case("answers 200 with a page for people", UNKNOWN, status(200)),
    Case("answers 204", UNKNOWN, said(b"HTTP/1.1 204 No Content\r\n\r\n")),
    Case("answers 200 with half a document", UNKNOWN, document(b'{"name":"projects/shop/mess')),
    Case("answers 200 with a list", UNKNOWN, document([])),
    Case("answers 200 with null", UNKNOWN, document(None)),
    Case("answers 200 with true", UNKNOWN, document(True)),
    Case("answers 200 with other keys", UNKNOWN, document({"ok": True})),
    Case("answers 200 with ids of another type", UNKNOWN, odd("numbers"), only=READ),
    Case("answers 200 with an id of a megabyte", UNKNOWN, odd("long"), only=READ),
    Case("answers 200 with half a character as its id", UNKNOWN, odd("half"), only=READ),
    Case("answers 200 of something else than the message", UNKNOWN, odd("other"), only=READ),
    Case("answers 200 with a hundred thousand lists within lists", UNKNOWN, document(b"[" * 100_000)),
    Case("answers 200 in invalid UTF-8", UNKNOWN, document(b'{"name":"\xff\xfe/messages/1","status":"\xff"}')),
    Case(
        "answers with two members of one name",
        TAKEN,
        made(lambda raw: _with_body(raw, lambda body: b'{"x":1,"x":2,' + body[1:])),
        only=READ,
    ),
    Case(
        "answers more than a megabyte",
        UNKNOWN,
        made(lambda raw: _with_body(raw, lambda body: b" " * 1_100_000 + body)),
        only=READ,
    ),
    Case(
        "answers half a gigabyte, compressed to half a megabyte",
        UNKNOWN,
        lambda *_: answering(lambda _: answer(200, bomb(), "Content-Encoding: gzip")),
    ),
    Case(
        "compresses what nobody asked it to",
        UNKNOWN,
        made(lambda raw: _retold(_with_body(raw, gzip.compress), b"Content-Encoding: gzip")),
        only=READ,
    ),
    Case("says that it compresses, and does not", TAKEN, made(lambda raw: _retold(raw, b"Content-Encoding: gzip"))),
    Case(
        "sets a thousand cookies",
        TAKEN,
        made(lambda raw: _retold(raw, *(b"Set-Cookie: c%d=1" % one for one in range(1_000)))),
    ),
    # --- statuses that nobody explains
    *(Case(f"leads elsewhere by {number}", LATER, redirect(number)) for number in (301, 302, 307, 308)),
    Case("leads to itself", LATER, to_itself),
    Case("says that it is to be seen elsewhere (303)", UNKNOWN, redirect(303)),
    Case("answers 300", LATER, status(300)),
    Case("answers 401 without a word", LATER, status(401), times=None),
    Case("answers 403 without a word", LATER, status(403)),
    Case("answers 404 with a page for people", LATER, status(404), without=(WEB,)),
    Case("answers 410 with a page for people", LATER, status(410), without=(WEB,)),
    Case("answers 405", LATER, status(405)),
    Case("answers 407", LATER, status(407)),
    Case("answers 400 with a page for people", REFUSED, status(400)),
    Case("answers 413", REFUSED, status(413)),
    Case("answers 429", LATER, status(429)),
    Case("answers 429, in 30 seconds again", LATER, status(429, HTML, "Retry-After: 30"), waits=(29, 30)),
    Case(
        "answers 429, again at a moment",
        LATER,
        lambda *_: answering(lambda _: answer(429, HTML, f"Retry-After: {formatdate(32_503_680_000, usegmt=True)}")),
        waits=(3_590, 3_600),
    ),
    Case(
        "answers 429, in 10^12 seconds again",
        LATER,
        status(429, HTML, "Retry-After: 1000000000000"),
        waits=(3_590, 3_600),
    ),
    Case("answers 429, in -1 seconds again", LATER, status(429, HTML, "Retry-After: -1")),
    Case("answers 429, again one day", LATER, status(429, HTML, "Retry-After: one day")),
    Case("answers 500 with a page for people", UNKNOWN, status(500)),
    Case("answers 502 with a page for people", UNKNOWN, status(502)),
    Case(
        "answers 502 with a document of a server between",
        UNKNOWN,
        status(502, b'{"status":502,"error":{"code":502,"message":"Bad Gateway"}}'),
    ),
    Case("answers 504 with a page for people", UNKNOWN, status(504)),
    Case("answers 503 with a page for people", UNKNOWN, status(503), without=(WEB,)),
    Case("answers 503", LATER, status(503), only=(WEB,)),
    Case(
        "answers 503, in 30 seconds again",
        LATER,
        status(503, HTML, "Retry-After: 30"),
        waits=(29, 30),
        only=(FCM, WEB, RCS),
    ),
    *(Case(f"answers {number}", UNKNOWN, status(number)) for number in (529, 599, 600, 999)),
    Case("answers 1000", UNKNOWN, said(b"HTTP/1.1 1000 What\r\nContent-Length: 0\r\n\r\n")),
)


def google(number: int, word: str, **details: Any) -> Callable[[Provider, str], Play]:
    error = {"code": number, "status": word, "message": "", "details": [details] if details else []}
    return status(number, json.dumps({"error": error}).encode())


def meta(number: int, code: int) -> Callable[[Provider, str], Play]:
    return status(number, json.dumps({"error": {"code": code, "message": "", "fbtrace_id": "A"}}).encode())


def viber(number: int, code: Any) -> Callable[[Provider, str], Play]:
    return status(number, json.dumps({"status": code, "status_message": ""}).encode())


OWN: tuple[Case, ...] = (
    Case("says `UNREGISTERED` with 404", GONE, google(404, "NOT_FOUND", errorCode="UNREGISTERED"), only=(FCM,)),
    Case("says `UNREGISTERED` with 502", UNKNOWN, google(502, "NOT_FOUND", errorCode="UNREGISTERED"), only=(FCM,)),
    Case("says 404 of the project", LATER, google(404, "NOT_FOUND"), only=(FCM,)),
    Case(
        "says 403 of the device's sender",
        REFUSED,
        google(403, "PERMISSION_DENIED", errorCode="SENDER_ID_MISMATCH"),
        only=(FCM,),
    ),
    Case("says 403 of the project", LATER, google(403, "PERMISSION_DENIED"), waits=(29, 30), only=(FCM, RCS)),
    Case(
        "says that the token is expired, once",
        TAKEN,
        once(answer(401, b'{"error":{"status":"UNAUTHENTICATED"}}')),
        times=2,
        only=(FCM, RCS),
    ),
    Case("says 401 without a word, once", TAKEN, once(answer(401, HTML)), times=2, only=(FCM, RCS)),
    Case(
        "says that every token is expired",
        LATER,
        google(401, "UNAUTHENTICATED"),
        times=2,
        waits=(29, 30),
        only=(FCM, RCS),
    ),
    Case("says 503 in its own words", LATER, google(503, "UNAVAILABLE"), only=(FCM, RCS)),
    Case("says that a violation is a number", REFUSED, google(400, "INVALID_ARGUMENT", fieldViolations=7), only=(FCM,)),
    Case("says 404", GONE, status(404), only=(WEB,)),
    Case("says 410", GONE, status(410), only=(WEB,)),
    Case("says that the phone is not found", GONE, google(404, "NOT_FOUND"), only=(RCS,)),
    Case("says that the phone is not found, with 500", UNKNOWN, google(500, "NOT_FOUND"), only=(RCS,)),
    Case("says that it has the message's id", TAKEN, google(409, "ALREADY_EXISTS"), only=(RCS,)),
    Case("says that it has the message's id, with 500", UNKNOWN, google(500, "ALREADY_EXISTS"), only=(RCS,)),
    Case("says that the token is expired", LATER, meta(401, 190), waits=(59, 60), only=(WHATSAPP,)),
    Case("says that the person is throttled", LATER, meta(400, 131056), waits=(5, 6), only=(WHATSAPP,)),
    Case("says that the number is throttled", LATER, meta(400, 130429), waits=(4, 5), only=(WHATSAPP,)),
    Case("says that the person is not there", REFUSED, meta(400, 131026), only=(WHATSAPP,)),
    Case("says a code that the status is", UNKNOWN, meta(502, 502), only=(WHATSAPP,)),
    Case("says a code of 10^30", REFUSED, meta(400, 10**30), only=(WHATSAPP,)),
    Case("says that the token is wrong", LATER, viber(200, 2), waits=(59, 60), only=(VIBER,)),
    Case("says that the person has not subscribed", GONE, viber(200, 6), only=(VIBER,)),
    Case("says so with 500", UNKNOWN, viber(500, 6), only=(VIBER,)),
    Case("says that it took it, with 500", UNKNOWN, viber(500, 0), only=(VIBER,)),
    Case("says that it took it, and no number", TAKEN, document({"status": 0}), only=(VIBER,)),
    Case("says `true` for its status", UNKNOWN, viber(200, True), only=(VIBER,)),
)


def cases_of(provider: Provider) -> list[Case]:
    """Those over HTTP/1.1."""
    return [case for case in (*CASES, *OWN) if provider in case.only and provider not in case.without]


def token(body: bytes, number: int = 200, *headers: str) -> Callable[[Provider, str], Play]:
    return status(number, body, *headers)


TOKEN_CASES: tuple[Case, ...] = (
    Case("closes at once", LATER, a(closing), times=None),
    Case("says nothing", LATER, a(silent), times=None, hangs=True),
    Case("drips", LATER, a(endless(HEAD + b"\r\n", b" ", 0.05)), times=None, hangs=True),
    Case("never ends", LATER, a(endless(HEAD + b"\r\n", b" " * 65_536)), times=None),
    Case("answers 200 with a page for people", LATER, token(HTML)),
    Case("answers 200 with half a document", LATER, token(b'{"access_token":"ya')),
    Case("answers 200 with a list", LATER, token(b"[]")),
    Case("answers 200 with null", LATER, token(b"null")),
    Case("answers 200 with lists within lists", LATER, token(b"[" * 100_000)),
    Case("answers 200 without a token", LATER, token(b'{"expires_in":3599}')),
    Case("gives a token that is a number", LATER, token(b'{"access_token":7}')),
    Case("gives an empty token", LATER, token(b'{"access_token":""}')),
    Case("gives a token of two lines", LATER, token(b'{"access_token":"a\\r\\nX-A: b"}')),
    Case("gives a token in Polish", LATER, token('{"access_token":"żółw"}'.encode())),
    Case("gives a token of a megabyte", LATER, token(b'{"access_token":"' + b"a" * 1_000_000 + b'"}')),
    Case("gives a token that lasts no second", TAKEN, token(b'{"access_token":"a","expires_in":0}')),
    Case("gives a token that lasts -1 seconds", TAKEN, token(b'{"access_token":"a","expires_in":-1}')),
    Case(
        "answers half a gigabyte, compressed",
        LATER,
        lambda *_: answering(lambda _: answer(200, bomb(), "Content-Encoding: gzip")),
    ),
    Case("leads elsewhere by 307", LATER, redirect(307)),
    Case("refuses the account", LATER, token(b'{"error":"invalid_grant"}', 400), waits=(29, 30)),
    Case("answers 403 with a page for people", LATER, token(HTML, 403)),
    Case("answers 404", LATER, token(HTML, 404)),
    Case("answers 429, in 30 seconds again", LATER, token(HTML, 429, "Retry-After: 30"), waits=(29, 30)),
    Case("answers 500", LATER, token(HTML, 500)),
    Case("answers 503", LATER, token(HTML, 503)),
)
