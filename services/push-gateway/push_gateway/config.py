"""Configuration of the processes of this service."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from chassis.config import setting
from chassis.secrets import unnamed_keys
from push_gateway.domain.push_services import KNOWN

# The columns whose values lie under `WICI_SECRET_KEYS`: `chassis.resealing` looks at these and at no others.
SEALED = ("applications.apns_key", "applications.fcm_key", "applications.proof_key", "applications.vapid_pem")


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """`web_hosts`: the push services of browsers, see `domain.push_services`."""

    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    web_hosts: tuple[str, ...] = setting("PUSH_WEB_HOSTS", default=KNOWN)


@dataclass(frozen=True, kw_only=True)
class OutboundConfig(ServiceConfig):
    """`claim_ahead`: how many messages may be claimed and not settled; it bounds what a crash can leave unknown.
    `timeout`: seconds that a provider's answer may take.
    `retry_seconds`: the first wait of the retry schedule."""

    database_url: str = setting("PUSH_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    link_keys: str = setting("WICI_LINK_KEYS", secret=True)
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    health_port: int = setting("HEALTH_PORT", default=0)
    fcm_url: str = setting("PUSH_FCM_URL", default="https://fcm.googleapis.com")
    fcm_token_url: str = setting("PUSH_FCM_TOKEN_URL", default="https://oauth2.googleapis.com/token")
    apns_url: str = setting("PUSH_APNS_URL", default="https://api.push.apple.com")
    apns_sandbox_url: str = setting("PUSH_APNS_SANDBOX_URL", default="https://api.sandbox.push.apple.com")
    claim_ahead: int = setting("PUSH_CLAIM_AHEAD", default=1000)
    timeout: float = setting("PUSH_TIMEOUT_SECONDS", default=15.0)
    retry_seconds: float = setting("PUSH_RETRY_SECONDS", default=4.0)
    web_contact: str = setting("PUSH_WEB_CONTACT", default="")
    linger: float = setting("PUSH_COMMIT_LINGER", default=0.02)

    @property
    def contact(self) -> str:
        """Whom push services of browsers may write to: of the platform, where an application names nobody."""
        return self.web_contact or f"postmaster@{urlsplit(self.public_url).hostname or 'localhost'}"

    @property
    def link_key(self) -> bytes:
        """The key that signs links; :raises ConfigError: as `unnamed_keys` says."""
        return unnamed_keys("WICI_LINK_KEYS", self.link_keys)[0]
