"""Configuration of the processes that are not the Nameko service."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import ConfigError, setting
from chassis.public_addresses import Networks, networks

# The columns whose values lie under `WICI_SECRET_KEYS`: `chassis.resealing` looks at these and at no others.
SEALED = (
    "webhook_keys.previous_secret",
    "webhook_keys.secret",
    "webhooks.password",
    "webhooks.previous_secret",
    "webhooks.secret",
)


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
class WebhooksConfig:
    """Of `reporting.webhooks`.

    `networks` are not public, and webhooks may lead there all the same; `slots` are requests under way at once;
    `notice_seconds` is how long a new webhook may take to be noticed.
    """

    database_url: str = setting("REPORTING_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    networks: tuple[str, ...] = setting("WEBHOOK_NETWORKS", default=())
    slots: int = setting("WEBHOOK_SLOTS", default=200)
    prefetch: int = setting("WEBHOOK_PREFETCH", default=20)
    log_days: int = setting("WEBHOOK_LOG_DAYS", default=30)
    notice_seconds: float = setting("WEBHOOK_NOTICE_SECONDS", default=1.0)

    def allowed_networks(self) -> Networks:
        """:raises ConfigError: one of `WEBHOOK_NETWORKS` is no network."""
        try:
            return networks(self.networks)
        except ValueError:
            raise ConfigError("WEBHOOK_NETWORKS is not a comma list of networks") from None


@dataclass(frozen=True, kw_only=True)
class CheckConfig:
    database_url: str = setting("REPORTING_DATABASE_URL", secret=True)
