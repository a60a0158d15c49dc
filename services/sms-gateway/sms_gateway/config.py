"""Configuration of the processes of this service."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import ConfigError, setting
from chassis.public_addresses import Networks, networks
from chassis.secrets import unnamed_keys

# The columns whose values lie under `WICI_SECRET_KEYS`: `chassis.resealing` looks at these and at no others.
SEALED = (
    "carriers.hook_secret",
    "carriers.password",
    "carriers.previous_hook_secret",
    "carriers.tls_key",
    "carriers.token",
)


@dataclass(frozen=True, kw_only=True)
class OutboundConfig:
    """`claim_ahead`: how many messages a carrier may have claimed and not handed over yet. It bounds, with the windows,
    what a crash can leave unknown.
    `unmatched_after`: seconds until a receipt whose id nobody knows may belong to a message whose answer was lost. By
    then every answer that is still to come has come.
    `public_url`: of the gateway, to which carriers by HTTP report. `networks` are not public, and carriers by HTTP may
    be there all the same."""

    database_url: str = setting("SMS_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    link_keys: str = setting("WICI_LINK_KEYS", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    claim_ahead: int = setting("SMS_CLAIM_AHEAD", default=2000)
    bulk_prefetch: int = setting("SMS_BULK_PREFETCH", default=20)
    linger: float = setting("SMS_COMMIT_LINGER", default=0.02)
    unmatched_after: float = setting("SMS_UNMATCHED_AFTER", default=60.0)
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    networks: tuple[str, ...] = setting("SMS_CARRIER_NETWORKS", default=())

    @property
    def link_key(self) -> bytes:
        """The key that makes short links.

        :raises ConfigError: as `unnamed_keys` says.
        """
        return unnamed_keys("WICI_LINK_KEYS", self.link_keys)[0]

    def carrier_networks(self) -> Networks:
        """:raises ConfigError: one of `SMS_CARRIER_NETWORKS` is no network."""
        try:
            return networks(self.networks)
        except ValueError:
            raise ConfigError("SMS_CARRIER_NETWORKS is not a comma list of networks") from None


@dataclass(frozen=True, kw_only=True)
class SmppServerConfig:
    """`port`, `tls_port`: 0 is off, and there is no TLS without a certificate. `connections`: of all peers together.

    Timers of SMPP 3.4 section 7.2, in seconds: until a connection must be bound, until it is asked whether it lives,
    until one that says nothing is ended, and until an answer must have come.
    """

    database_url: str = setting("SMS_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    host: str = setting("SMPP_HOST", default="127.0.0.1")
    port: int = setting("WICI_SMPP_PORT", default=2775)
    tls_port: int = setting("WICI_SMPP_TLS_PORT", default=3550)
    tls_certificate: str = setting("SMPP_TLS_CERTIFICATE", default="")
    tls_key: str = setting("SMPP_TLS_KEY", default="")
    connections: int = setting("SMPP_CONNECTIONS", default=2000)
    connections_per_address: int = setting("SMPP_CONNECTIONS_PER_ADDRESS", default=100)
    session_init: float = setting("SMPP_SESSION_INIT_SECONDS", default=10.0)
    enquire_link: float = setting("SMPP_ENQUIRE_LINK_SECONDS", default=30.0)
    inactivity: float = setting("SMPP_INACTIVITY_SECONDS", default=120.0)
    response: float = setting("SMPP_RESPONSE_SECONDS", default=60.0)
