"""Nameko dependency providers of this service's own."""

from __future__ import annotations

import os
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.config import load
from chassis.secrets import Vault
from push_gateway.config import ServiceConfig
from push_gateway.usecases.ports import Tools


class PushTools(DependencyProvider):
    """Makes `Tools` once per process."""

    def setup(self) -> None:
        config = load(ServiceConfig, os.environ)
        self._tools = Tools(vault=Vault(config.secret_keys), web_hosts=config.web_hosts)

    def get_dependency(self, worker_ctx: Any) -> Tools:
        return self._tools
