"""Configuration of the processes that are not the Nameko service."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting


@dataclass(frozen=True, kw_only=True)
class IngesterConfig:
    """Read once at the start.

    `events_at_once` bounds one transaction and `prefetch` the lane messages in memory (about 300 KB each when full).
    """

    database_url: str = setting("REPORTING_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    events_at_once: int = setting("INGESTER_EVENTS_AT_ONCE", default=20_000)
    prefetch: int = setting("INGESTER_PREFETCH", default=100)


@dataclass(frozen=True, kw_only=True)
class CheckConfig:
    database_url: str = setting("REPORTING_DATABASE_URL", secret=True)
