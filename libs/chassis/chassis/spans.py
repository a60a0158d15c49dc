"""Spans, as OpenTelemetry has them, over HTTP, RPC and lanes; off unless `WICI_TRACES` says where they go.

    WICI_TRACES=http://collector:4318        OTLP over HTTP as JSON (POST /v1/traces)
    WICI_TRACES=file:/var/log/wici.jsonl     the same as lines of a file (the collector's file format)

A trace is one request of a customer: its id is made of `X-Request-Id`, which travels with RPC, events and lanes anyway.
A span names its parent where one is known: of an RPC by a header, of a batch by its id, of which both sides make
the same span id, so that nothing more is on the wire. Written by hand, since the SDK would be in every image for what
is off in most: a span is a dozen fields. What cannot be delivered is dropped and counted, and holds nobody up.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Any
from uuid import UUID

import orjson
import structlog
from prometheus_client import Counter

EVERY_SECONDS = 1.0
MOST_WAITING = 20_000
AT_ONCE = 1_000
TIMEOUT_SECONDS = 5.0
LAST_SECONDS = 2.0  # what a process at its end waits for a collector, whatever that does
DROPPED = Counter("wici_spans_dropped_total", "Spans that nobody took")


class Kind(IntEnum):
    """`SpanKind` of opentelemetry-proto."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class _Exporter:
    """Takes spans from any thread and hands them on from its own."""

    def __init__(self, target: str, service: str, process: str) -> None:
        self._target = target
        attributes = {"service.namespace": "wici", "service.name": f"{service}.{process}", "process.pid": os.getpid()}
        self._resource = {"attributes": _attributes(attributes)}
        self._waiting: deque[dict[str, Any]] = deque()
        self._delivering = threading.Lock()
        threading.Thread(target=self._run, name="spans", daemon=True).start()

    def add(self, span: dict[str, Any]) -> None:
        if len(self._waiting) >= MOST_WAITING:
            DROPPED.inc()
        else:
            self._waiting.append(span)

    def _run(self) -> None:
        while True:
            time.sleep(EVERY_SECONDS)
            self.flush()

    def flush(self) -> None:
        """Hand on what waits, and what another thread is handing on at this moment; never raises."""
        with self._delivering:
            while spans := self._taken():
                try:
                    self._deliver(spans)
                except Exception:
                    # Whatever a collector answers (`http.client.HTTPException` is no OSError) and whatever a span
                    # holds: this thread has to live as long as its process.
                    DROPPED.inc(len(spans))

    def _taken(self) -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        with suppress(IndexError):
            while len(taken) < AT_ONCE:
                taken.append(self._waiting.popleft())
        return taken

    def _deliver(self, spans: list[dict[str, Any]]) -> None:
        scope = {"scope": {"name": "wici"}, "spans": spans}
        body = orjson.dumps({"resourceSpans": [{"resource": self._resource, "scopeSpans": [scope]}]})
        if self._target.startswith("file:"):
            with open(self._target.removeprefix("file:"), "ab") as file:
                file.write(body + b"\n")
            return
        url = f"{self._target.rstrip('/')}/v1/traces"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            pass


_exporter: _Exporter | None = None


def configure(service: str, process: str = "service") -> None:
    """At the start of a process, after a fork: `WICI_TRACES` says whether there are spans."""
    global _exporter
    target = os.environ.get("WICI_TRACES", "")
    _exporter = _Exporter(target, service, process) if target.startswith(("http://", "https://", "file:")) else None


def is_on() -> bool:
    return _exporter is not None


def flush() -> None:
    """Hand on what waits, at the end of a process: within `LAST_SECONDS`, then the rest goes with the process."""
    if _exporter is not None:
        last = threading.Thread(target=_exporter.flush, name="last spans", daemon=True)
        last.start()
        last.join(LAST_SECONDS)


def new_id() -> str:
    return secrets.token_hex(8)


def id_of(thing: str) -> str:
    """The span id that everybody makes of a thing on the wire, such as a batch's id."""
    return hashlib.sha256(thing.encode()).hexdigest()[:16]


def trace_of(request_id: str) -> str:
    """32 hexadecimal digits of whatever somebody's `X-Request-Id` is; a UUID's own."""
    try:
        return UUID(request_id).hex
    except ValueError:
        return hashlib.sha256(request_id.encode()).hexdigest()[:32]


def current() -> str | None:
    """The span that the work at hand belongs to."""
    found = structlog.contextvars.get_contextvars().get("span_id")
    return str(found) if found else None


def record(
    name: str,
    kind: Kind,
    *,
    request_id: str,
    started: float,
    ended: float | None = None,
    span_id: str | None = None,
    parent: str | None = None,
    failed: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """One span that is over; nothing where spans are off or nobody's request is known.

    :param started: Unix time in seconds; `ended` is now unless it is given.
    """
    if _exporter is None or not request_id:
        return
    span = {
        "traceId": trace_of(request_id),
        "spanId": span_id or new_id(),
        "name": name,
        "kind": int(kind),
        "startTimeUnixNano": str(int(started * 1e9)),
        "endTimeUnixNano": str(int((ended or time.time()) * 1e9)),
        "attributes": _attributes(facts or {}),
        "status": {"code": 2} if failed else {},
    }
    if parent:
        span["parentSpanId"] = parent
    _exporter.add(span)


@contextmanager
def span(name: str, kind: Kind, **facts: Any) -> Iterator[str | None]:
    """A span of the work at hand around the block; yields its id, None where spans are off."""
    request_id = str(structlog.contextvars.get_contextvars().get("trace_id") or "")
    if _exporter is None or not request_id:
        yield None
        return
    own, parent, started, failed = new_id(), current(), time.time(), True
    with structlog.contextvars.bound_contextvars(span_id=own):
        try:
            yield own
            failed = False
        finally:
            record(
                name, kind, request_id=request_id, started=started, span_id=own, parent=parent, failed=failed,
                facts=facts,
            )  # fmt: skip


def _attributes(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in given.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}  # 64 bits are text in JSON (proto3)
    return {"stringValue": str(value)}
