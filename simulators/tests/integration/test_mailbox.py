"""The mailbox world, over real sockets; smtplib is the foreign peer."""

from __future__ import annotations

import asyncio
import json
import smtplib
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from wici_simulators.mailbox.box import Box
from wici_simulators.mailbox.http import Pages
from wici_simulators.mailbox.rules import Fate, Settings, does, fate
from wici_simulators.mailbox.smtp import Receiver


class World:
    """The simulator in a thread of this process."""

    def __init__(self) -> None:
        self.box = Box(Settings())
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(5)

    def _run(self, started: threading.Event) -> None:
        async def main() -> None:
            self._stop = asyncio.Event()
            smtp = await self._loop.create_server(lambda: Receiver(self.box), "127.0.0.1", 0)
            http = await asyncio.start_server(Pages(self.box).serve, "127.0.0.1", 0)
            self.smtp_port, self.http_port = (server.sockets[0].getsockname()[1] for server in (smtp, http))
            started.set()
            await self._stop.wait()

        self._loop.run_until_complete(main())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    def call(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http_port}{path}", data=None if body is None else json.dumps(body).encode()
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def mail(client: smtplib.SMTP, to: str, sender: str = "b1@x.example", text: str = "x") -> int:
    message = f"Subject: =?utf-8?B?xYHDs2TFug==?=\r\nMessage-ID: <{to}>\r\n\r\n{text}\r\n.dot\r\n"
    try:
        client.sendmail(sender, [to], message)
    except smtplib.SMTPRecipientsRefused as refused:
        client.rset()
        return next(iter(refused.recipients.values()))[0]
    except smtplib.SMTPDataError as refused:
        return refused.smtp_code
    return 250


def test_fates_follow_the_address(world: World) -> None:
    with smtplib.SMTP("127.0.0.1", world.smtp_port) as client:
        codes = {to: mail(client, to) for to in ("hard@a.pl", "jan+soft@a.pl", "spam.7@a.pl", "defer@a.pl")}
        again = mail(client, "defer@a.pl")
        other = mail(client, "defer@a.pl", sender="b2@x.example")

    assert codes == {"hard@a.pl": 550, "jan+soft@a.pl": 552, "spam.7@a.pl": 550, "defer@a.pl": 451}
    assert (again, other) == (250, 451)
    counts = world.call("/counts")
    assert {name: counts[name] for name in ("accepted", "hard", "soft", "spam", "defer")} == {
        "accepted": 1, "hard": 1, "soft": 1, "spam": 1, "defer": 2,
    }  # fmt: skip
    assert world.call("/refused") == {"hard@a.pl": "hard", "jan+soft@a.pl": "soft", "spam.7@a.pl": "spam"}


def test_shares_are_kept_and_known_beforehand() -> None:
    addresses = [f"osoba{number}@poczta.example" for number in range(20_000)]
    settings = Settings(hard=50, soft=0, spam=0, defer=100)

    fates = [fate(address, settings) for address in addresses]

    assert 0.04 < fates.count(Fate.HARD) / len(fates) < 0.06
    assert 0.09 < fates.count(Fate.DEFER) / len(fates) < 0.11
    assert [fate(address.upper(), settings) for address in addresses] == fates


def test_mail_is_kept_whole_and_compact(world: World) -> None:
    with smtplib.SMTP("127.0.0.1", world.smtp_port) as client:
        mail(client, "ala@a.pl", text="http://127.0.0.1/t/abc-_1 http://127.0.0.1/t/abc-_1")
        mail(client, "ala@a.pl")

    (first, second) = world.call("/messages")["messages"]
    assert (first["address"], first["subject"], first["message_id"]) == ("ala@a.pl", "Łódź", "ala@a.pl")
    assert first["links"] == ["http://127.0.0.1/t/abc-_1"]
    assert world.call("/counts")["duplicates"] == 1
    assert world.call("/messages?after=1")["messages"] == [second]
    with urllib.request.urlopen(f"http://127.0.0.1:{world.http_port}/messages/1/raw") as answer:
        assert answer.read().endswith(b"\r\n.dot\r\n")


def test_pipelined_commands_and_bytes_one_by_one(world: World) -> None:
    stream = (
        b"EHLO x\r\nMAIL FROM:<a@b> SIZE=5\r\nRCPT TO:<ola@a.pl>\r\nDATA\r\n..a\r\n.\r\n"
        b"MAIL FROM:<a@b>\r\nRCPT TO:<hard@a.pl>\r\nDATA\r\nRSET\r\nQUIT\r\n"
    )
    for pieces in ([stream], [bytes([octet]) for octet in stream]):
        with socket.create_connection(("127.0.0.1", world.smtp_port)) as raw:
            for piece in pieces:
                raw.sendall(piece)
            answer = b""
            while received := raw.recv(4096):
                answer += received
        codes = [line[:3] for line in answer.split(b"\r\n") if line[3:4] == b" "]
        assert codes == [b"220", b"250", b"250", b"250", b"354", b"250", b"250", b"550", b"503", b"250", b"221"]
    assert world.box.raw[1] == b".a\r\n"


@pytest.mark.parametrize(
    "junk", [b"\xff\xfe\r\n", b"GET / HTTP/1.1\r\n", b"MAIL\r\n", b"RCPT TO:<a@b>\r\n", b"DATA\r\n"]
)
def test_junk_gets_a_clear_refusal(world: World, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", world.smtp_port)) as raw:
        raw.sendall(junk)
        raw.settimeout(5)
        answer = b""
        while answer.count(b"\r\n") < 2:
            answer += raw.recv(4096)
    assert b"\r\n50" in answer


@pytest.mark.parametrize("body", [{"hard": "x"}, {"unknown": 1}, {"hard": -1}, [1]])
def test_wrong_settings_are_refused(world: World, body: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        world.call("/settings", body)
    assert refused.value.code == 400


class Website(BaseHTTPRequestHandler):
    """Answers links as the gateway does, and remembers what was asked."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        self.seen.append((self.command, self.path))
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(302)
        self.send_header("Location", "http://nowhere.example/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def website() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Website)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Website.seen.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_people_open_click_and_unsubscribe_once(world: World, website: str) -> None:
    world.box.settings = Settings(hard=0, soft=0, spam=0, defer=0)
    addresses = [f"osoba{number}@a.pl" for number in range(200)]
    for address in addresses:
        text = f"http://w/o/x{address[:5]} http://w/t/one http://w/t/two"
        head = f"Message-ID: <{address}>\r\nList-Unsubscribe: <http://w/u/xyz>\r\n\r\n"
        world.box.keep("s@x", address, (head + text).encode())

    behaviour = {"open_share": 0.5, "click_share": 0.2, "unsubscribe_share": 0.1, "base_url": website}
    did = world.call("/behave", behaviour)
    again = world.call("/behave", behaviour)

    openers = {address for address in addresses if does("read", address, 0.5)}
    clickers = {address for address in addresses if does("read", address, 0.2)}
    leavers = {address for address in addresses if does("unsubscribe", address, 0.1)}
    assert clickers < openers
    assert (did["opened"], did["clicked"], did["unsubscribed"]) == (len(openers), len(clickers), len(leavers))
    assert {address for address, deeds in did["addresses"].items() if "clicked" in deeds} == clickers
    assert sum(1 for method, path in Website.seen if method == "POST" and path == "/u/xyz") == len(leavers)
    assert (again["opened"], again["clicked"], again["failed"]) == (0, 0, 0)


def test_links_that_do_not_answer_are_counted_as_failed(world: World) -> None:
    world.box.keep("s@x", "ola@a.pl", b"Message-ID: <1>\r\n\r\nhttp://127.0.0.1:9/o/x")

    did = world.call("/behave", {"open_share": 1.0})

    assert (did["opened"], did["failed"]) == (0, 1)
