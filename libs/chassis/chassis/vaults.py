"""`WICI_SECRET_KEYS` as a dependency, for the services that keep what others gave them sealed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.config import load, setting
from chassis.secrets import Vault


@dataclass(frozen=True, kw_only=True)
class _Keys:
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)


class VaultProvider(DependencyProvider):
    """`self.vault`: opens and seals secrets; made once per process."""

    def setup(self) -> None:
        self._vault = Vault(load(_Keys, os.environ).secret_keys)

    def get_dependency(self, worker_ctx: Any) -> Vault:
        return self._vault
