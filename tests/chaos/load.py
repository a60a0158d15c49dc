"""What customers do meanwhile: campaigns and single messages on every channel, imports, webhooks.

Whoever asks behaves as the documentation tells a client to: what has no answer is asked again with the same
Idempotency-Key, a 429 or a 503 a moment later. What was answered with 2xx is accepted, and is in `Accepted`.
"""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from api import Api, Refused
from channels import Tested
from journey import Journey

# Answers after which a client asks again: too early, in work elsewhere, or a server that is away.
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
AGAIN_SECONDS = 0.5
PATIENCE_SECONDS = 300.0
CAMPAIGN_SECONDS = 5.0
SINGLE_SECONDS = 0.3  # of each channel


class Patient(Api):
    """Asks again, by the same Idempotency-Key, what has no answer: for what has to be there before the load."""

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        asked = {"Idempotency-Key": secrets.token_hex(8), **(headers or {})} if method == "POST" else headers
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return super().request(method, path, body, asked)
            except Refused as refused:
                if refused.status not in AGAIN - {409} or time.monotonic() > until:
                    raise
            time.sleep(AGAIN_SECONDS)

    def with_token(self, token: str) -> Api:
        return Patient(self.base_url, token)


@dataclass
class Accepted:
    """What the platform has said yes to, and what it said otherwise."""

    channels: dict[str, Tested]
    campaigns: dict[str, tuple[str, str]] = field(default_factory=dict)  # id -> channel, mark in its text
    singles: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # id -> channel, address, mark
    imports: dict[str, int] = field(default_factory=dict)  # id -> rows
    answers: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)  # event id -> times
    dead_before: dict[str, int] = field(default_factory=dict)  # dead letters, by queue
    told_of: set[str] = field(default_factory=set)  # messages whose delivery a webhook was told of


class Client:
    """Asks until there is an answer; its session is renewed when it has ended."""

    def __init__(self, journey: Journey, accepted: Accepted, stop: threading.Event) -> None:
        self._journey, self._accepted, self._stop = journey, accepted, stop

    def until_answered(self, ask: Callable[[Any], Any]) -> Any:
        """None once the load is to end; raises `Refused` for what asking again does not mend."""
        while not self._stop.is_set():
            try:
                return ask(self._journey.api)
            except Refused as refused:
                self._accepted.answers[f"{refused.status} {refused.code}"] += 1
                if refused.status == 401:
                    self._log_in()
                elif refused.status not in AGAIN:
                    raise
            except (OSError, ValueError) as error:  # no connection, none within its time, half an answer
                self._accepted.answers[type(error).__name__] += 1
            self._stop.wait(AGAIN_SECONDS)
        return None

    def _log_in(self) -> None:
        journey = self._journey
        login = {"login": journey.login, "password": journey.password, "device": "chaos"}
        try:
            session = journey.public.post("/v1/sessions", login)
        except (Refused, OSError, ValueError):
            return  # the next try logs in
        journey.api = journey.public.with_token(session["access_token"])


def campaigns(client: Client, accepted: Accepted, stop: threading.Event) -> None:
    """One on each channel in turns, the next when the one before is on its way."""
    tested, number = list(accepted.channels.values()), 0
    while not stop.is_set():
        channel, mark = tested[number % len(tested)], f"kampania{number}z"
        draft = {
            "name": mark, "channel": channel.name, "audience": {"groups": [channel.group_id]},
            "sender": channel.sender, "content": channel.content(mark),
        }  # fmt: skip
        made = client.until_answered(lambda api, draft=draft, mark=mark: api.post("/v1/campaigns", draft, key=mark))
        if made is None:
            return
        campaign_id = made["id"]
        key = f"schedule-{campaign_id}"
        if client.until_answered(lambda api: api.post(f"/v1/campaigns/{campaign_id}/schedule", {}, key=key)) is None:  # noqa: B023
            return
        accepted.campaigns[campaign_id] = channel.name, mark
        number += 1
        stop.wait(CAMPAIGN_SECONDS)


def singles(client: Client, accepted: Accepted, channel: Tested, stop: threading.Event) -> None:
    """One after another, each with a key of its own."""
    number = 0
    while not stop.is_set():
        mark = f"pojedyncza{channel.name}{number}z"
        address, body = channel.single(number, mark)
        sent = client.until_answered(lambda api, body=body, mark=mark: api.post(channel.path, body, key=mark))
        if sent is None:
            return
        for message in sent["messages"]:
            accepted.singles[message["id"]] = channel.name, address, mark
        number += 1
        stop.wait(SINGLE_SECONDS)


def imports(client: Client, accepted: Accepted, folder: Path, stop: threading.Event) -> None:
    """A file every few seconds, a group for each that was accepted."""
    number = 0
    while not stop.is_set():
        rows = 400 + number
        file = folder / f"lista{number}.csv"
        people = (f"osoba{number}x{row}@lista.example;+48603{number % 10}{row:05d}\n" for row in range(rows))
        file.write_text("E-mail;Telefon\n" + "".join(people))
        given = {"group_name": f"Lista {number}"}
        job = client.until_answered(lambda api, file=file, given=given: api.upload("/v1/imports", file, options=given))
        if job is None:
            return
        accepted.imports[job["id"]] = rows
        number += 1
        stop.wait(6)


@contextmanager
def endpoint(accepted: Accepted) -> Iterator[str]:
    """A customer's system that takes what it is told of, and remembers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            for event in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
                accepted.told[event["id"]] += 1
                if event["type"] == "message.delivered":
                    accepted.told_of.add(event["data"]["message_id"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Not in the table."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/wici"
    finally:
        server.shutdown()
        server.server_close()


def people(file: Path, count: int) -> None:
    """The list that campaigns go to: everybody has a phone and an address."""
    rows = (f"klient{number}@poczta.example;+48601{number:06d}\n" for number in range(count))
    file.write_text("E-mail;Telefon\n" + "".join(rows))


@contextmanager
def under_load(journey: Journey, accepted: Accepted, folder: Path) -> Iterator[list[str]]:
    """All of it, until the block ends; yields what ended one of them too early."""
    stop, broken = threading.Event(), list[str]()
    client = Client(journey, accepted, stop)

    def guarded(work: Callable[..., None], *arguments: Any) -> None:
        try:
            work(client, accepted, *arguments, stop)
        except Exception as error:
            broken.append(f"{work.__name__}: {error!r}")

    works: list[tuple[Any, ...]] = [
        (campaigns,), (imports, folder), *((singles, channel) for channel in accepted.channels.values()),
    ]  # fmt: skip
    threads = [threading.Thread(target=guarded, args=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield broken
    finally:
        stop.set()
        for thread in threads:
            thread.join(90)
        time.sleep(1)  # what was asked last arrives
