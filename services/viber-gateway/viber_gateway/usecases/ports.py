"""What use cases are given from outside."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.secrets import Vault


@dataclass(frozen=True, kw_only=True)
class Tools:
    vault: Vault
