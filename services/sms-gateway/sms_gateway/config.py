"""Configuration of the processes of this service."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting
from chassis.secrets import unnamed_keys


@dataclass(frozen=True, kw_only=True)
class OutboundConfig:
    """`claim_ahead`: how many messages a carrier may have claimed and not handed over yet. It bounds, with the windows,
    what a crash can leave unknown.
    `unmatched_after`: seconds until a receipt whose id nobody knows may belong to a message whose answer was lost. By
    then every answer that is still to come has come."""

    database_url: str = setting("SMS_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    link_keys: str = setting("WICI_LINK_KEYS", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    claim_ahead: int = setting("SMS_CLAIM_AHEAD", default=2000)
    bulk_prefetch: int = setting("SMS_BULK_PREFETCH", default=20)
    linger: float = setting("SMS_COMMIT_LINGER", default=0.02)
    unmatched_after: float = setting("SMS_UNMATCHED_AFTER", default=60.0)

    @property
    def link_key(self) -> bytes:
        """The key that makes short links.

        :raises ConfigError: as `unnamed_keys` says.
        """
        return unnamed_keys("WICI_LINK_KEYS", self.link_keys)[0]
