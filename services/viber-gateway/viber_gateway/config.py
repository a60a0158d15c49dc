"""Configuration of the processes of this service."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting

# The columns whose values lie under `WICI_SECRET_KEYS`: `chassis.resealing` looks at these and at no others.
SEALED = ("senders.auth_token", "senders.invitation_key")


@dataclass(frozen=True, kw_only=True)
class OutboundConfig:
    """`claim_ahead`: how many messages may be claimed and not settled; it bounds what a crash can leave unknown.
    `timeout`: seconds that Viber's answer may take.
    `retry_seconds`: the first wait of the retry schedule.
    `public_url`: where Viber is told to report to, `{public_url}/hooks/viber/{name}`."""

    database_url: str = setting("VIBER_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    health_port: int = setting("HEALTH_PORT", default=0)
    url: str = setting("VIBER_URL", default="https://chatapi.viber.com")
    claim_ahead: int = setting("VIBER_CLAIM_AHEAD", default=1000)
    timeout: float = setting("VIBER_TIMEOUT_SECONDS", default=20.0)
    retry_seconds: float = setting("VIBER_RETRY_SECONDS", default=4.0)
    linger: float = setting("VIBER_COMMIT_LINGER", default=0.02)
