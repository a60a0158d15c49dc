"""The gateway's configuration, read once from the environment."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from chassis.config import ConfigError, setting

DEFAULT_SPOOL_FOLDER = ".run/spool/api_gateway"
_PRIVATE = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


@dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes are bytes, rates are requests a minute, times are seconds."""

    amqp_url: str = setting("AMQP_URL", secret=True)
    database_url: str = setting("API_GATEWAY_DATABASE_URL", secret=True)
    link_keys: str = setting("WICI_LINK_KEYS", secret=True)
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")

    calls: int = setting("GATEWAY_CALLS", default=32)
    trusted_proxies: tuple[str, ...] = setting("GATEWAY_TRUSTED_PROXIES", default=())
    allowed_networks: tuple[str, ...] = setting("GATEWAY_ALLOWED_NETWORKS", default=())
    blocked_networks: tuple[str, ...] = setting("GATEWAY_BLOCKED_NETWORKS", default=())
    operator_networks: tuple[str, ...] = setting("GATEWAY_OPERATOR_NETWORKS", default=())
    metrics_networks: tuple[str, ...] = setting("GATEWAY_METRICS_NETWORKS", default=_PRIVATE)
    cors_origins: tuple[str, ...] = setting("GATEWAY_CORS_ORIGINS", default=())

    max_body: int = setting("GATEWAY_MAX_BODY_BYTES", default=10 * 1024 * 1024)
    max_upload: int = setting("GATEWAY_MAX_UPLOAD_BYTES", default=1024 * 1024 * 1024)

    address_rate: int = setting("GATEWAY_ADDRESS_RATE", default=6_000)
    account_rate: int = setting("GATEWAY_ACCOUNT_RATE", default=300_000)
    key_rate: int = setting("GATEWAY_KEY_RATE", default=300_000)
    form_address_rate: int = setting("GATEWAY_FORM_ADDRESS_RATE", default=30)
    form_rate: int = setting("GATEWAY_FORM_RATE", default=600)
    access_cache_seconds: float = setting("GATEWAY_ACCESS_CACHE_SECONDS", default=10.0)

    spool_folder: str = setting("GATEWAY_SPOOL_FOLDER", default=DEFAULT_SPOOL_FOLDER)
    spool_limit: int = setting("GATEWAY_SPOOL_BYTES", default=1024 * 1024 * 1024)

    @staticmethod
    def spool_folder_of(environ: Mapping[str, str]) -> str:
        """The spool's folder, for what must know it before the rest can be read."""
        return environ.get("GATEWAY_SPOOL_FOLDER") or DEFAULT_SPOOL_FOLDER

    def link_key_list(self) -> list[bytes]:
        """The HMAC keys of links, the signing one first.

        :raises ConfigError: one of them is not base64 of at least 16 bytes.
        """
        try:
            keys = [b64decode(key.strip(), validate=True) for key in self.link_keys.split(",") if key.strip()]
        except ValueError:
            raise ConfigError("WICI_LINK_KEYS is not a comma list of base64 keys") from None
        if not keys or any(len(key) < 16 for key in keys):
            raise ConfigError("WICI_LINK_KEYS needs keys of at least 16 bytes")
        return keys
