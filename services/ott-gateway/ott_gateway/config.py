"""Configuration of the processes of this service."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting

# The columns whose values lie under `WICI_SECRET_KEYS`: `chassis.resealing` looks at these and at no others.
SEALED = ("senders.access_token", "senders.app_secret", "senders.verify_token")


@dataclass(frozen=True, kw_only=True)
class OutboundConfig:
    """`claim_ahead`: how many messages may be claimed and not settled; it bounds what a crash can leave unknown.
    `timeout`: seconds that WhatsApp's answer may take.
    `retry_seconds`: the first wait of the retry schedule.
    `templates_seconds`: how often the templates of a number are read."""

    database_url: str = setting("OTT_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    whatsapp_url: str = setting("OTT_WHATSAPP_URL", default="https://graph.facebook.com")
    whatsapp_version: str = setting("OTT_WHATSAPP_VERSION", default="v23.0")
    claim_ahead: int = setting("OTT_CLAIM_AHEAD", default=1000)
    timeout: float = setting("OTT_TIMEOUT_SECONDS", default=20.0)
    retry_seconds: float = setting("OTT_RETRY_SECONDS", default=4.0)
    templates_seconds: float = setting("OTT_TEMPLATES_SECONDS", default=900.0)
    linger: float = setting("OTT_COMMIT_LINGER", default=0.02)
