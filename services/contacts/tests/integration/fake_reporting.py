"""Reporting as contacts asks it, on the real bus: it knows one address for every message."""

from __future__ import annotations

from typing import Any

from chassis.service import Health, rpc

SENT_TO = "przedtem@x.example"


class FakeReporting:
    name = "reporting"

    health = Health()

    @rpc
    def get_message(self, actor: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
        return {"id": payload["message_id"], "channel": "email", "address": SENT_TO}
