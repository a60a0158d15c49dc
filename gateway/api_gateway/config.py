"""The gateway's configuration, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.config import ConfigError, ensure_own_port, setting
from chassis.secrets import unnamed_keys

DEFAULT_SPOOL_FOLDER = ".run/spool/api_gateway"
# More than may ask services at once (GATEWAY_CALLS): what needs no service has threads even when every service hangs.
DEFAULT_THREADS = 64


@dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes are bytes, rates are requests a minute where nothing else is said, times are seconds."""

    amqp_url: str = setting("AMQP_URL", secret=True)
    database_url: str = setting("API_GATEWAY_DATABASE_URL", secret=True)
    link_keys: str = setting("WICI_LINK_KEYS", secret=True)
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")

    bind: str = setting("GATEWAY_BIND", default="127.0.0.1:8000")
    health_port: int = setting("HEALTH_PORT", default=0)
    threads: int = setting("GATEWAY_THREADS", default=DEFAULT_THREADS)
    calls: int = setting("GATEWAY_CALLS", default=40)
    trusted_proxies: tuple[str, ...] = setting("GATEWAY_TRUSTED_PROXIES", default=())
    allowed_networks: tuple[str, ...] = setting("GATEWAY_ALLOWED_NETWORKS", default=())
    blocked_networks: tuple[str, ...] = setting("GATEWAY_BLOCKED_NETWORKS", default=())
    operator_networks: tuple[str, ...] = setting("GATEWAY_OPERATOR_NETWORKS", default=())
    operator_bind: str = setting("GATEWAY_OPERATOR_BIND", default="")  # host:port; empty: the public listener
    cors_origins: tuple[str, ...] = setting("GATEWAY_CORS_ORIGINS", default=())

    max_body: int = setting("GATEWAY_MAX_BODY_BYTES", default=10 * 1024 * 1024)
    max_upload: int = setting("GATEWAY_MAX_UPLOAD_BYTES", default=1024 * 1024 * 1024)

    address_rate: int = setting("GATEWAY_ADDRESS_RATE", default=6_000)
    account_rate: int = setting("GATEWAY_ACCOUNT_RATE", default=300_000)
    key_rate: int = setting("GATEWAY_KEY_RATE", default=300_000)
    form_address_rate: int = setting("GATEWAY_FORM_ADDRESS_RATE", default=30)
    form_rate: int = setting("GATEWAY_FORM_RATE", default=600)
    registration_rate: int = setting("GATEWAY_REGISTRATION_RATE", default=5)  # an hour
    device_rate: int = setting("GATEWAY_DEVICE_RATE", default=1_000)  # an hour, of one address and application
    guess_rate: int = setting("GATEWAY_GUESS_RATE", default=60)  # codes of short links that are none, of one address
    account_requests: int = setting("GATEWAY_ACCOUNT_REQUESTS", default=32)  # at once, of one worker
    address_requests: int = setting("GATEWAY_ADDRESS_REQUESTS", default=12)  # at once, of one worker, without a login
    account_previews: int = setting("GATEWAY_ACCOUNT_PREVIEWS", default=4)  # at once, as the next two
    account_uploads: int = setting("GATEWAY_ACCOUNT_UPLOADS", default=4)
    account_downloads: int = setting("GATEWAY_ACCOUNT_DOWNLOADS", default=4)
    access_cache_seconds: float = setting("GATEWAY_ACCESS_CACHE_SECONDS", default=10.0)

    link_days: int = setting("GATEWAY_LINK_DAYS", default=396)
    denied_domains: tuple[str, ...] = setting("GATEWAY_DENIED_DOMAINS", default=())

    terms_url: str = setting("GATEWAY_TERMS_URL", default="")  # where whoever registers reads them; empty: nowhere
    privacy_url: str = setting("GATEWAY_PRIVACY_URL", default="")

    panel_folder: str = setting(
        "GATEWAY_PANEL_FOLDER", default=""
    )  # built files of the panel; empty: another serves them

    spool_folder: str = setting("GATEWAY_SPOOL_FOLDER", default=DEFAULT_SPOOL_FOLDER)
    spool_limit: int = setting("GATEWAY_SPOOL_BYTES", default=1024 * 1024 * 1024)

    @property
    def operator_port(self) -> int:
        """Of the operators' own listener; 0: they come by the public one.

        :raises ConfigError: it is no `host:port`, or has the public listener's port, by which the two are told apart.
        """
        if not self.operator_bind:
            return 0
        port = self.operator_bind.rpartition(":")[2]
        if not port.isdigit() or not int(port):
            raise ConfigError("GATEWAY_OPERATOR_BIND is not host:port")
        if port == self.bind.rpartition(":")[2]:
            raise ConfigError("GATEWAY_OPERATOR_BIND has the port of GATEWAY_BIND: it needs one of its own")
        return int(port)

    def check_ports(self) -> None:
        """:raises ConfigError: `HEALTH_PORT`, which serves the metrics, is a port that others come to."""
        ensure_own_port(self.health_port, {"GATEWAY_BIND": self.bind, "GATEWAY_OPERATOR_BIND": self.operator_bind})

    def check_addresses(self) -> None:
        """:raises ConfigError: what whoever registers is to read is no page of the web."""
        for name, url in (("GATEWAY_TERMS_URL", self.terms_url), ("GATEWAY_PRIVACY_URL", self.privacy_url)):
            if url and not url.startswith(("https://", "http://")):
                raise ConfigError(f"{name} is not an address that begins with https:// or http://")

    @staticmethod
    def spool_folder_of(environ: Mapping[str, str]) -> str:
        """The spool's folder, for what must know it before the rest can be read."""
        return environ.get("GATEWAY_SPOOL_FOLDER") or DEFAULT_SPOOL_FOLDER

    def link_key_list(self) -> list[bytes]:
        """The HMAC keys of links, the signing one first.

        :raises ConfigError: as `unnamed_keys` says.
        """
        return unnamed_keys("WICI_LINK_KEYS", self.link_keys)
