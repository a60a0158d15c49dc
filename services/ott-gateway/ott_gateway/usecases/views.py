"""How stored rows look to the outside: dictionaries that fit the schemas of `contracts.ott_gateway`."""

from __future__ import annotations

from typing import Any

from ott_gateway.models import Sender, WhatsappTemplate

View = dict[str, Any]
_SENDER = (
    "id", "account_id", "name", "title", "phone", "state", "reason", "templates_at", "templates_problem", "created_at",
    "updated_at",
)  # fmt: skip
_TEMPLATE = ("id", "name", "language", "status", "category", "components", "updated_at")


def sender(row: Sender) -> View:
    """Without its token and secrets."""
    return {name: getattr(row, name) for name in _SENDER}


def operated_sender(row: Sender) -> View:
    ids = {"phone_number_id": row.phone_number_id, "business_account_id": row.business_account_id}
    return {**sender(row), **ids, "hook_path": f"/hooks/whatsapp/{row.hook_name}"}


def template(row: WhatsappTemplate) -> View:
    return {name: getattr(row, name) for name in _TEMPLATE}
