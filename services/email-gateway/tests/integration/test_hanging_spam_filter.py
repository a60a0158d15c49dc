"""The service beside a spam filter that drips: checks end in time and say so, and everything else goes on."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.testing import Launcher, RunningProcess, nameko_command
from email_gateway.spam_filters import MOST_AT_ONCE, SECONDS

from .asking import Call, account

CHECKS = MOST_AT_ONCE + 2
BUSY = 4.0  # seconds by which a busy machine may be late, a render among them
CONTENT = {"subject": "Hej", "html": '<p>Hej</p><a href="{{ unsubscribe_url }}">Wypisz</a>'}


class Dripping(socketserver.ThreadingTCPServer):
    """An octet twice a second, of an answer that has no end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Drip)
        self.asked = 0


class _Drip(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]
        try:
            while True:
                self.request.sendall(b"H")
                time.sleep(0.5)
        except OSError:
            return


@pytest.fixture(scope="module")
def dripping() -> Iterator[Dripping]:
    with Dripping() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def service(launch_once: Launcher, amqp_url: str, dripping: Dripping) -> RunningProcess:
    target = "email_gateway.service:EmailGatewayService"
    filter_at = f"http://127.0.0.1:{dripping.server_address[1]}"
    env = {"EMAIL_SYSTEM_FROM": "noreply@wici.example", "EMAIL_SPAM_FILTER": filter_at}
    return launch_once(target, command=nameko_command(target, amqp_url), service="email_gateway", env=env)


def test_a_filter_that_drips_holds_neither_its_callers_nor_others(call: Call, dripping: Dripping) -> None:
    actor = account()
    call("check_content", actor, content=CONTENT)  # the confined process has started

    def check(_: int) -> tuple[Any, float]:
        started = time.monotonic()
        return call("check_content", account(), content=CONTENT), time.monotonic() - started

    before = dripping.asked
    with ThreadPoolExecutor(CHECKS) as pool:
        checks = [pool.submit(check, number) for number in range(CHECKS)]
        while dripping.asked < before + MOST_AT_ONCE:
            time.sleep(0.05)
        started = time.monotonic()
        assert call("list_sender_domains", actor)["items"] == []
        others = time.monotonic() - started
        answers = [each.result() for each in checks]

    assert others < SECONDS, "it would wait for a worker as long as the filter drips"
    assert max(seconds for _, seconds in answers) < SECONDS + BUSY
    for answer, _ in answers:
        assert answer["figures"]["spam"] is None
        assert "email.no_spam_verdict" in {advice["code"] for advice in answer["advice"]}
    assert dripping.asked - before < CHECKS, "some were not asked for"
