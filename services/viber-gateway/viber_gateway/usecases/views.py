"""How stored rows look to the outside: dictionaries that fit the schemas of `contracts.viber_gateway`."""

from __future__ import annotations

from typing import Any

from viber_gateway.models import Sender

View = dict[str, Any]
_SENDER = (
    "id", "account_id", "name", "title", "state", "reason", "uri", "hook_at", "hook_problem", "created_at",
    "updated_at",
)  # fmt: skip


def sender(row: Sender) -> View:
    """Without its token and key."""
    return {name: getattr(row, name) for name in _SENDER}


def operated_sender(row: Sender) -> View:
    return {**sender(row), "hook_path": hook_path(row)}


def hook_path(row: Sender) -> str:
    return f"/hooks/viber/{row.hook_name}"
