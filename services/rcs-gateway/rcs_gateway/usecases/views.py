"""How stored rows look to the outside: dictionaries that fit the schemas of `contracts.rcs_gateway`."""

from __future__ import annotations

from typing import Any

from rcs_gateway.models import Agent

View = dict[str, Any]
_AGENT = ("id", "account_id", "name", "title", "purpose", "state", "reason", "created_at", "updated_at")


def agent(row: Agent) -> View:
    return {name: getattr(row, name) for name in _AGENT}


def agent_set_up(row: Agent) -> View:
    """As operators see it, without any key."""
    return {**agent(row), "google_id": row.google_id, "client_email": row.client_email, "hook": row.hook}
