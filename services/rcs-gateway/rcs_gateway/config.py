"""Configuration of the processes of this service."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting

# The columns whose values lie under `WICI_SECRET_KEYS`: `chassis.resealing` looks at these and at no others.
SEALED = ("agents.client_token", "agents.private_key")


@dataclass(frozen=True, kw_only=True)
class OutboundConfig:
    """`url`: of the API, in a region as Google has it (`https://europe-rcsbusinessmessaging.googleapis.com`).
    `claim_ahead`: how many messages may be claimed and not settled.
    `timeout`: seconds that an answer may take.
    `retry_seconds`: the first wait of the retry schedule."""

    database_url: str = setting("RCS_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    url: str = setting("RCS_URL", default="https://europe-rcsbusinessmessaging.googleapis.com")
    token_url: str = setting("RCS_TOKEN_URL", default="https://oauth2.googleapis.com/token")
    claim_ahead: int = setting("RCS_CLAIM_AHEAD", default=2_500)
    timeout: float = setting("RCS_TIMEOUT_SECONDS", default=15.0)
    retry_seconds: float = setting("RCS_RETRY_SECONDS", default=4.0)
    linger: float = setting("RCS_COMMIT_LINGER", default=0.02)
