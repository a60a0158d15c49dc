"""Identity as contacts asks it, on the real bus."""

from __future__ import annotations

from typing import Any

from chassis.service import Health, rpc


class FakeIdentity:
    name = "identity"

    health = Health()

    @rpc
    def check_limit(self, actor: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
        return {"limit": None}

    @rpc
    def get_account(self, actor: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
        return {"account_id": actor["account_id"], "default_region": "PL"}

    @rpc
    def get_standing(self, actor: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
        return {"only_to": None}
