"""What the entrypoints of every noun share."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from nameko.extensions import DependencyProvider

from campaigns import link_checks
from campaigns.config import FilesConfig, LinkChecksConfig
from campaigns.usecases.attachments import Attachments
from campaigns.usecases.ports import Ask, CheckLinks, FileTools, ask_as
from chassis.config import load
from chassis.service import Database, Entrypoints
from contracts.campaigns import RPC
from contracts.rpc import Actor


class FileToolsProvider(DependencyProvider):
    """Makes `FileTools` once per process."""

    def setup(self) -> None:
        config = load(FilesConfig, os.environ)
        self._tools = FileTools(
            config.objects(), config.public_url.rstrip("/"), config.macros_allowed, config.own_hosts
        )

    def get_dependency(self, worker_ctx: Any) -> FileTools:
        return self._tools


class LinkChecks(DependencyProvider):
    """`CheckLinks`, or None where the platform looks at no links."""

    def setup(self) -> None:
        config, own_hosts = load(LinkChecksConfig, os.environ), load(FilesConfig, os.environ).own_hosts
        allowed = config.link_network_list()
        check = partial(link_checks.check_apart, own_hosts=own_hosts, allowed=allowed)
        self._check: CheckLinks | None = check if config.link_checks else None

    def get_dependency(self, worker_ctx: Any) -> CheckLinks | None:
        return self._check


class CampaignEntrypoints(Entrypoints):
    calls = RPC
    database = Database("CAMPAIGNS_DATABASE_URL")
    file_tools = FileToolsProvider()
    link_checks = LinkChecks()

    @property
    def attachments(self) -> Attachments:
        return Attachments(self.database, self.file_tools.objects)

    def ask_as(self, actor: Actor) -> Ask:
        """Ask other services on behalf of the same actor, with the same rights."""
        return ask_as(self.services.call, actor)
