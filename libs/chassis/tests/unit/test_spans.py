"""Spans as a collector reads them: whose child each is, in which trace, and nothing where they are off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import logs, spans
from chassis.spans import Kind


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """`written()`: the spans that left so far, by the file exporter."""
    file = tmp_path / "spans.jsonl"
    monkeypatch.setenv("WICI_TRACES", f"file:{file}")
    spans.configure("campaigns", "dispatcher")

    def read() -> list[dict[str, Any]]:
        spans.flush()
        told = [orjson.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []
        return [span for each in told for span in each["resourceSpans"][0]["scopeSpans"][0]["spans"]]

    yield read
    logs.bind(trace_id=None)
    monkeypatch.setenv("WICI_TRACES", "")
    spans.configure("campaigns", "dispatcher")


def test_a_span_within_another_is_its_child_and_of_its_trace(written: Callable[[], list[dict[str, Any]]]) -> None:
    request_id = str(uuid4())
    logs.bind(trace_id=request_id)
    with spans.span("outer", Kind.SERVER, rows=2**40, whole=True):
        with pytest.raises(ZeroDivisionError), spans.span("inner", Kind.CLIENT):
            raise ZeroDivisionError
    spans.record("batch", Kind.CONSUMER, request_id=request_id, started=1.5, ended=2.0, parent=spans.id_of("b"))

    inner, outer, batch = written()
    assert {each["traceId"] for each in (inner, outer, batch)} == {request_id.replace("-", "")}
    assert (inner["parentSpanId"], inner["status"], inner["kind"]) == (outer["spanId"], {"code": 2}, 3)
    assert ("parentSpanId" in outer, outer["status"]) == (False, {})
    assert outer["attributes"] == [
        {"key": "rows", "value": {"intValue": str(2**40)}},
        {"key": "whole", "value": {"boolValue": True}},
    ]
    assert (batch["startTimeUnixNano"], batch["endTimeUnixNano"]) == ("1500000000", "2000000000")


def test_where_they_are_off_or_nobody_asked_there_are_none(written: Callable[[], list[dict[str, Any]]]) -> None:
    with spans.span("nobody's", Kind.SERVER) as span_id:
        assert span_id is None
    assert written() == []


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """`collector(said)`: whoever connects is told `said`, and nothing where that is empty."""
    server = socket.create_server(("127.0.0.1", 0))
    said: list[bytes] = []
    open_connections: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                caller = server.accept()[0]
                if not said[0]:
                    open_connections.append(caller)
                    continue
                with caller:
                    caller.recv(65536)
                    caller.sendall(said[0])

    def start(words: bytes) -> None:
        said.append(words)
        threading.Thread(target=serve, daemon=True).start()
        monkeypatch.setenv("WICI_TRACES", f"http://127.0.0.1:{server.getsockname()[1]}")
        spans.configure("campaigns", "dispatcher")

    yield start
    monkeypatch.setenv("WICI_TRACES", "")
    spans.configure("campaigns", "dispatcher")
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    for each in open_connections:
        each.close()


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n", b"\r\n"])
def test_whatever_a_collector_says_what_it_does_not_take_is_counted(
    collector: Callable[[bytes], None], said: bytes
) -> None:
    collector(said)
    before = spans.DROPPED._value.get()
    exporter = spans._exporter
    assert exporter is not None

    for name in ("one", "\ud800 is no character"):
        spans.record(name, Kind.SERVER, request_id="r", started=1.0)
        exporter.flush()

    assert spans.DROPPED._value.get() == before + 2


def test_a_collector_that_says_nothing_does_not_hold_up_the_end(
    collector: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "TIMEOUT_SECONDS", 3600.0)
    monkeypatch.setattr(spans, "LAST_SECONDS", 0.05)
    collector(b"")
    spans.record("one", Kind.SERVER, request_id="r", started=1.0)

    spans.flush()


@given(st.text(max_size=200))
def test_any_request_id_makes_a_trace_id(request_id: str) -> None:
    assert len(bytes.fromhex(spans.trace_of(request_id))) == 16
