"""Nobody holds what everybody needs: connections and threads of the gateway."""

import json
import secrets
import socket
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from raw import Raw, head, read_answer, status_of

from chassis.testing import wait_until

HALF_OPEN, SLOW_UPLOADS, SLOW_READERS = 200, 50, 150
SECONDS = 1.0


@pytest.fixture
def raw(environ):
    return Raw(environ)


def half_sent_log_in():
    return head("POST", "/v1/sessions", Content_Type="application/json", Content_Length=200) + b'{"login": "'


def slow_upload(journey):
    """The head of an import of a megabyte, and the first bytes of its file."""
    fields = {
        "Authorization": f"Bearer {journey.api.token}",
        "Content_Type": "multipart/form-data; boundary=b",
        "Content_Length": 1_000_000,
    }
    return head("POST", "/v1/imports", **fields) + (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="lista.csv"\r\n\r\nphone\r\n'
    )


def slowest_of(raw, path, expected, count=100):
    """The 99th percentile of `count` requests, one after another, in seconds: of the best of three rounds, since a
    machine that does something else for a second is not what is looked for. What holds threads holds them throughout.
    """
    found = []
    while len(found) < 3 and (not found or min(found) >= SECONDS):
        taken = []
        for _ in range(count):
            status, _answer, seconds = raw.get(path)
            assert status == expected
            taken.append(seconds)
        found.append(statistics.quantiles(taken, n=100)[-1])
    return min(found)


def test_health_and_clicks_answer_under_half_sent_requests_and_slow_uploads(raw, journey, record_property):
    with ExitStack() as held:
        for _ in range(HALF_OPEN):
            held.enter_context(raw.send(half_sent_log_in()))
        for _ in range(SLOW_UPLOADS):
            held.enter_context(raw.send(slow_upload(journey)))
        health, click = slowest_of(raw, "/healthz", 200), slowest_of(raw, raw.click_path(), 302)
        status, _answer, api = raw.get("/v1/account", Authorization=f"Bearer {journey.api.token}")

    record_property("p99", {"healthz": health, "click": click, "api": api})
    assert (health < SECONDS, click < SECONDS) == (True, True), (health, click)
    assert (status, api < 2 * SECONDS) == (200, True)


def test_a_log_in_from_elsewhere_is_let_in_under_them(raw):
    """Half-sent requests hold connections, never the threads that log people in."""
    whole = b'{"login": "nobody-of-this-name", "password": "trzy zielone parasole"}'
    with ExitStack() as held:
        for _ in range(HALF_OPEN):
            held.enter_context(raw.send(half_sent_log_in()))
        fields = {"Content_Type": "application/json", "Content_Length": len(whole), "Connection": "close"}
        status, answer, seconds = raw.ask(head("POST", "/v1/sessions", **fields) + whole)

    assert (status, b"session." in answer, seconds < 5) == (401, True, True)


def test_a_half_sent_request_ends_with_a_word(raw):
    with raw.send(half_sent_log_in()) as sock:
        sock.settimeout(20)
        answer = read_answer(sock)

    assert (status_of(answer), b"request.timeout" in answer) == (408, True)


def test_answers_that_are_not_fetched_hold_nobody_up(raw):
    """The server waits for the other side to close, but no thread does, and not the main one either."""
    with ExitStack() as held:
        for _ in range(100):
            held.enter_context(raw.send(head("GET", "/healthz", Connection="close")))
        taken = slowest_of(raw, "/healthz", 200, count=20)

    assert taken < SECONDS


def deaf(raw):
    """A connection whose side takes in almost nothing, as over a real network: loopback's segments are large."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    sock.settimeout(10)
    sock.connect(raw.address)
    return sock


def test_who_asks_many_times_over_and_reads_nothing_stops_no_link(raw):
    many = head("GET", "/u/x") * 300
    with ExitStack() as held:
        for _ in range(24):
            held.enter_context(deaf(raw)).sendall(many)
        ends, taken = time.monotonic() + 4, []
        while time.monotonic() < ends:  # the buffers between us fill up first
            taken.append(slowest_of(raw, "/healthz", 200, count=2))

    assert max(taken) < 3 * SECONDS, taken


def test_who_asks_for_much_and_reads_nothing_holds_none_of_the_usual_threads(raw, journey):
    long_answer = head("GET", "/v1/openapi.json", X_Forwarded_For="198.51.100.7")
    token = {"Authorization": f"Bearer {journey.api.token}"}
    others = [
        ("/healthz", 200, {}),
        (raw.click_path(), 302, {}),
        ("/v1/account", 200, token),
        ("/v1/openapi.json", 200, {}),
        ("/v1/nowhere", 404, {}),
    ]
    with ExitStack() as held:
        for _ in range(SLOW_READERS):
            held.enter_context(deaf(raw)).sendall(long_answer * 4)
        wait_until(lambda: raw.get("/healthz")[2] < SECONDS, what="the end of the work of refusing most of them")
        taken = []
        for path, expected, headers in others * 4:
            status, _answer, seconds = raw.get(path, **headers)
            assert (path, status) == (path, expected)
            taken.append((seconds, path))

    assert max(taken) < (SECONDS, ""), taken


def registration(number):
    login = f"stado{number}{secrets.token_hex(4)}"
    body = {
        "login": login,
        "email": f"{login}@obcy.example",
        "password": "trzy zielone parasole",
        "account_name": login,
        "accept_terms": True,
    }
    return json.dumps(body).encode()


def test_one_neighbourhood_registers_few_accounts_in_an_hour(raw, environ):
    allowed = int(environ["GATEWAY_REGISTRATION_RATE"])

    def register(number):
        body = registration(number)
        fields = {"Content_Type": "application/json", "Content_Length": len(body), "Connection": "close"}
        status, answer, _seconds = raw.ask(
            head("POST", "/v1/accounts", X_Forwarded_For=f"2001:db8:0:7::{number:x}", **fields) + body
        )
        return status, b"rate.limited" in answer and b"Retry-After" in answer

    with ThreadPoolExecutor(4) as pool:
        answers = Counter(pool.map(register, range(1, allowed + 6)))

    assert answers == {(201, False): allowed, (429, True): 5}
