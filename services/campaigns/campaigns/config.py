"""Configuration of the dispatcher and the other processes, and of files; the Nameko service needs the chassis's own
keys and its database besides."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from campaigns.domain import Windows
from campaigns.store import objects
from campaigns.store.objects import Objects
from chassis.config import ConfigError, setting
from chassis.public_addresses import Networks, networks


@dataclass(frozen=True, kw_only=True)
class FilesConfig:
    """:ivar files: a folder that every process of the service sees, or `https://HOST/BUCKET/PREFIX` of an S3."""

    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    short_link_url: str = setting("WICI_SHORT_LINK_URL", default="")
    files: str = setting("CAMPAIGNS_FILES", default="/var/lib/wici/files")
    s3_access_key: str = setting("CAMPAIGNS_S3_ACCESS_KEY", default="", secret=True)
    s3_secret_key: str = setting("CAMPAIGNS_S3_SECRET_KEY", default="", secret=True)
    s3_region: str = setting("CAMPAIGNS_S3_REGION", default="")
    # Documents with macros are refused unless this says otherwise.
    macros_allowed: bool = setting("CAMPAIGNS_FILES_MACROS", default=False)

    @property
    def own_hosts(self) -> frozenset[str]:
        """Names of this platform: a link that leads there may lead back."""
        found = (urlsplit(url).hostname for url in (self.public_url, self.short_link_url))
        return frozenset(host for host in found if host)

    def objects(self) -> Objects:
        return objects.opened(self.files, self.s3_access_key, self.s3_secret_key, self.s3_region)


@dataclass(frozen=True, kw_only=True)
class LinkChecksConfig:
    """:ivar link_checks: whether links of drafts may be looked at.

    :ivar link_networks: that are not public, and where such links may lead all the same.
    """

    link_checks: bool = setting("CAMPAIGNS_LINK_CHECKS", default=True)
    link_networks: tuple[str, ...] = setting("CAMPAIGNS_LINK_NETWORKS", default=())

    def link_network_list(self) -> Networks:
        """:raises ConfigError: one of `CAMPAIGNS_LINK_NETWORKS` is no network."""
        try:
            return networks(self.link_networks)
        except ValueError:
            raise ConfigError("CAMPAIGNS_LINK_NETWORKS is not a comma list of networks") from None


@dataclass(frozen=True, kw_only=True)
class DispatcherConfig:
    """Windows are counted in batches of up to 500 recipients."""

    database_url: str = setting("CAMPAIGNS_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    window: int = setting("CAMPAIGNS_WINDOW", default=16)
    account_window: int = setting("CAMPAIGNS_ACCOUNT_WINDOW", default=32)
    channel_window: int = setting("CAMPAIGNS_CHANNEL_WINDOW", default=96)
    lease_seconds: float = setting("CAMPAIGNS_LEASE_SECONDS", default=10.0)
    # A batch that a channel has had for so long without a word is published again; the channel knows its messages.
    stale_batch_seconds: float = setting("CAMPAIGNS_STALE_BATCH_SECONDS", default=900.0)

    @property
    def windows(self) -> Windows:
        return Windows(campaign=self.window, account=self.account_window, channel=self.channel_window)


@dataclass(frozen=True, kw_only=True)
class ChainsConfig:
    """:ivar at_once: steps of one channel that its gateway is asked about at the same time.

    :ivar lease_seconds: how soon another takes over from one that died; longer than any step's calls take.
    """

    database_url: str = setting("CAMPAIGNS_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    at_once: int = setting("CAMPAIGNS_CHAIN_STEPS_AT_ONCE", default=16)
    lease_seconds: float = setting("CAMPAIGNS_CHAIN_LEASE_SECONDS", default=40.0)
    prefetch: int = setting("CAMPAIGNS_CHAIN_PREFETCH", default=20)


@dataclass(frozen=True, kw_only=True)
class PicturesConfig:
    """:ivar browser: Chromium, by name or path; empty: no pictures are made."""

    database_url: str = setting("CAMPAIGNS_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    browser: str = setting("CAMPAIGNS_BROWSER", default="chromium")
