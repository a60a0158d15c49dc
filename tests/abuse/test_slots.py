"""Nobody holds what everybody needs: connections and threads of the gateway."""

import statistics
import time
from contextlib import ExitStack

import pytest
from raw import Raw, chunk, head, read_answer, status_of

HALF_OPEN, SLOW_UPLOADS = 200, 50
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
    """The 99th percentile of `count` requests, one after another, in seconds."""
    taken = []
    for _ in range(count):
        status, _answer, seconds = raw.get(path)
        assert status == expected
        taken.append(seconds)
    return statistics.quantiles(taken, n=100)[-1]


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
