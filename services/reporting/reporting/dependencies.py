"""Nameko dependency providers of this service's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.config import load, setting
from chassis.secrets import Vault
from chassis.service import in_thread_pool
from reporting.printing import Printer


@dataclass(frozen=True, kw_only=True)
class _Config:
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)


class VaultProvider(DependencyProvider):
    """`self.vault`: seals the secrets of webhooks."""

    def setup(self) -> None:
        self._vault = Vault(load(_Config, os.environ).secret_keys)

    def get_dependency(self, worker_ctx: Any) -> Vault:
        return self._vault


class PrinterProvider(DependencyProvider):
    """`self.printer`: draws reports in a native thread, off eventlet's hub."""

    def setup(self) -> None:
        with in_thread_pool() as run:
            self._printer = Printer(run)

    def get_dependency(self, worker_ctx: Any) -> Printer:
        return self._printer
