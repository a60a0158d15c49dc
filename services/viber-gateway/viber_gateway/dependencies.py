"""Nameko dependency providers of this service's own."""

from __future__ import annotations

import os
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.config import load
from chassis.secrets import Vault
from viber_gateway.config import ServiceConfig
from viber_gateway.usecases.ports import Tools


class ViberTools(DependencyProvider):
    """Makes `Tools` once per process."""

    def setup(self) -> None:
        self._tools = Tools(vault=Vault(load(ServiceConfig, os.environ).secret_keys))

    def get_dependency(self, worker_ctx: Any) -> Tools:
        return self._tools
