"""The spool's lines: a JSON object each, whose one name says what is to become of what it holds."""

from __future__ import annotations

from typing import Any

import orjson

from chassis.logs import get_logger
from contracts.lanes import DeliveryEvent

log = get_logger()


def lane_line(event: DeliveryEvent) -> bytes:
    return orjson.dumps({"lane": event}, option=orjson.OPT_APPEND_NEWLINE)


def event_line(event: dict[str, Any], kind: str = "event") -> bytes:
    return orjson.dumps({kind: event}, option=orjson.OPT_APPEND_NEWLINE)


def sorted_lines(lines: list[bytes]) -> dict[str, list[Any]]:
    """By their kind: what is for the lane, unsubscriptions, lists that were left, reasons, and named links followed."""
    by_kind: dict[str, list[Any]] = {kind: [] for kind in ("lane", "event", "left", "reason", "named")}
    for line in lines:
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            log.error("tracking_line_unreadable")
            continue
        for kind in by_kind.keys() & entry.keys():
            by_kind[kind].append(entry[kind])
    return by_kind
