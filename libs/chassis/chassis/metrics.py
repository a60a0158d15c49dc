"""Prometheus metrics that every process has."""

from __future__ import annotations

from prometheus_client import REGISTRY, Counter, Histogram, generate_latest

RPC_SECONDS = Histogram(
    "wici_rpc_seconds",
    "Time of one RPC in its service",
    ["method", "outcome"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10),
)
EVENTS_HANDLED = Counter("wici_events_handled_total", "Events handled, by handler and outcome", ["handler", "outcome"])


def exposition() -> bytes:
    """All metrics in Prometheus's text format."""
    return generate_latest(REGISTRY)
