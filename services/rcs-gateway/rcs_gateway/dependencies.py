"""Nameko dependency providers of this service's own."""

from __future__ import annotations

import os
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.config import load
from chassis.secrets import Vault
from rcs_gateway.config import ServiceConfig


class VaultProvider(DependencyProvider):
    """Opens and seals, made once per process."""

    def setup(self) -> None:
        self._vault = Vault(load(ServiceConfig, os.environ).secret_keys)

    def get_dependency(self, worker_ctx: Any) -> Vault:
        return self._vault
