"""Configuration, read once per process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from chassis.config import ConfigError, setting
from chassis.public_addresses import Networks, networks
from chassis.secrets import unnamed_keys

# The columns whose values lie under `WICI_SECRET_KEYS`: `chassis.resealing` looks at these and at no others.
SEALED = ("dkim_keys.sealed_key", "mail_routes.sealed_password")


@dataclass(frozen=True, kw_only=True)
class Config:
    """What every process of the service needs.

    `soft_times`, `soft_days`: an address whose mailbox takes nothing on so many days among so many counts as gone.
    """

    database_url: str = setting("EMAIL_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    link_keys: str = setting("WICI_LINK_KEYS", secret=True)
    return_path_keys: str = setting("WICI_RETURN_PATH_KEYS", secret=True)
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    system_from: str = setting("EMAIL_SYSTEM_FROM", default="noreply@wici.example")
    sandbox: str = setting("EMAIL_SANDBOX_DOMAIN", default="")
    mail_host: str = setting("EMAIL_MAIL_HOST", default="mail.wici.example")
    nameservers: tuple[str, ...] = setting("EMAIL_NAMESERVERS", default=())
    spam_filter: str = setting("EMAIL_SPAM_FILTER", default="")  # `spam_filters`: judges drafts
    soft_times: int = setting("EMAIL_SOFT_BOUNCES", default=5)
    soft_days: int = setting("EMAIL_SOFT_BOUNCE_DAYS", default=30)

    @property
    def link_key(self) -> bytes:
        """The key that signs links; :raises ConfigError: as `unnamed_keys` says."""
        return unnamed_keys("WICI_LINK_KEYS", self.link_keys)[0]

    @property
    def return_path_key(self) -> bytes:
        """The key that signs return paths; :raises ConfigError: as `unnamed_keys` says."""
        return unnamed_keys("WICI_RETURN_PATH_KEYS", self.return_path_keys)[0]

    def all_return_path_keys(self) -> list[bytes]:
        """Those that sign return paths, or did; :raises ConfigError: as `unnamed_keys` says."""
        return unnamed_keys("WICI_RETURN_PATH_KEYS", self.return_path_keys)

    def all_link_keys(self) -> list[bytes]:
        return unnamed_keys("WICI_LINK_KEYS", self.link_keys)

    @property
    def sandbox_domain(self) -> str:
        """Where accounts on trial have an address: below the system sender's domain, which signs for them."""
        return self.sandbox or f"sandbox.{self.system_from.rpartition('@')[2].lower()}"

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or "localhost"


@dataclass(frozen=True, kw_only=True)
class OutboundConfig(Config):
    """What `email_gateway.outbound` needs besides. `linger`: seconds that outcomes gather before they are committed."""

    health_port: int = setting("HEALTH_PORT", default=0)
    default_route: str = setting("EMAIL_DEFAULT_ROUTE", default="mx")
    ehlo_name: str = setting("EMAIL_EHLO_NAME", default="localhost")
    mx_port: int = setting("EMAIL_MX_PORT", default=25)
    mx_connections: int = setting("EMAIL_MX_CONNECTIONS", default=4)
    mx_networks: tuple[str, ...] = setting("EMAIL_MX_NETWORKS", default=())  # not public, and MX may lie there
    mta_sts: bool = setting("EMAIL_MTA_STS", default=True)
    dane: bool = setting("EMAIL_DANE", default=False)  # the name servers validate, and nobody stands between
    retry_base_seconds: float = setting("EMAIL_RETRY_BASE_SECONDS", default=300.0)
    wait_seconds: float = setting("EMAIL_WAIT_SECONDS", default=10.0)
    window: int = setting("EMAIL_WINDOW", default=500)
    chunk: int = setting("EMAIL_CHUNK", default=100)
    workers: int = setting("EMAIL_WORKERS", default=2)
    linger: float = setting("EMAIL_COMMIT_LINGER", default=0.04)

    def mx_network_list(self) -> Networks:
        """:raises ConfigError: one of `EMAIL_MX_NETWORKS` is no network."""
        try:
            return networks(self.mx_networks)
        except ValueError:
            raise ConfigError("EMAIL_MX_NETWORKS is not a comma list of networks") from None


@dataclass(frozen=True, kw_only=True)
class SubmissionConfig(Config):
    """What `email_gateway.submission` needs besides."""

    health_port: int = setting("HEALTH_PORT", default=0)
    is_development: bool = setting("WICI_DEVELOPMENT", default=False)
    submission_host: str = setting("EMAIL_SUBMISSION_HOST", default="127.0.0.1")
    submission_port: int = setting("WICI_SUBMISSION_PORT", default=2587)  # STARTTLS
    submission_tls_port: int = setting("WICI_SUBMISSIONS_PORT", default=2465)
    submission_name: str = setting("EMAIL_SUBMISSION_NAME", default="smtp.wici.example")
    submission_certificate: str = setting("EMAIL_SUBMISSION_CERTIFICATE", default="")
    submission_key: str = setting("EMAIL_SUBMISSION_KEY", default="")
    submission_octets: int = setting("EMAIL_SUBMISSION_MAX_BYTES", default=10 * 1024 * 1024)
    submission_recipients: int = setting("EMAIL_SUBMISSION_RECIPIENTS", default=1_000)
    submission_any_files: bool = setting("EMAIL_SUBMISSION_ANY_FILES", default=False)
    submission_connections: int = setting("EMAIL_SUBMISSION_CONNECTIONS", default=1_000)
    submission_per_address: int = setting("EMAIL_SUBMISSION_PER_ADDRESS", default=50)
    submission_per_account: int = setting("EMAIL_SUBMISSION_PER_ACCOUNT", default=50)

    @property
    def certificate_path(self) -> Path:
        return Path(self.submission_certificate)

    @property
    def key_path(self) -> Path:
        return Path(self.submission_key)


@dataclass(frozen=True, kw_only=True)
class MailroomConfig(Config):
    """What `email_gateway.mailroom` needs besides; times in seconds, sizes in octets.

    `certificate`, `certificate_key`: PEM files for STARTTLS, read again when they change; without, it is not offered.
    """

    health_port: int = setting("HEALTH_PORT", default=0)
    host: str = setting("EMAIL_MAILROOM_HOST", default="127.0.0.1")
    port: int = setting("WICI_MAILROOM_PORT", default=2525)
    certificate: str = setting("EMAIL_MAILROOM_CERTIFICATE", default="")
    certificate_key: str = setting("EMAIL_MAILROOM_KEY", default="")
    most_octets: int = setting("EMAIL_MAILROOM_SIZE", default=4 << 20)
    connections: int = setting("EMAIL_MAILROOM_CONNECTIONS", default=100)
    connections_of_address: int = setting("EMAIL_MAILROOM_CONNECTIONS_OF_ADDRESS", default=10)
    command_seconds: float = setting("EMAIL_MAILROOM_COMMAND_SECONDS", default=120.0)
    session_seconds: float = setting("EMAIL_MAILROOM_SESSION_SECONDS", default=600.0)

    def __post_init__(self) -> None:
        """:raises ConfigError: one of the certificate's files is named without the other."""
        if bool(self.certificate) != bool(self.certificate_key):
            raise ConfigError("EMAIL_MAILROOM_CERTIFICATE and EMAIL_MAILROOM_KEY go together")
