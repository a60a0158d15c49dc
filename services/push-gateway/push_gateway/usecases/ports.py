"""What use cases are given from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from chassis.secrets import Vault


@dataclass(frozen=True, kw_only=True)
class Tools:
    """:param web_hosts: the push services that browsers may name, `domain.push_services`."""

    vault: Vault
    web_hosts: tuple[str, ...]


class NoteDevice(Protocol):
    """Tell contacts that one of a person's devices is there; answers `contracts.contacts.devices.DeviceNoted`."""

    def __call__(self, account_id: str, owner: dict[str, Any]) -> dict[str, Any]: ...
