"""How stored rows look to the outside: dictionaries that fit the schemas of `contracts.push_gateway`."""

from __future__ import annotations

from typing import Any

from push_gateway.models import Application, Device

View = dict[str, Any]
_APPLICATION = (
    "id", "name", "title", "app_key", "fcm", "apns", "vapid_key", "web_contact", "created_at", "updated_at",
)  # fmt: skip
_DEVICE = ("id", "application_id", "platform", "language", "time_zone", "contact_id", "created_at", "seen_at")


def application(row: Application) -> View:
    """Without any private key."""
    return {name: getattr(row, name) for name in _APPLICATION}


def device(row: Device) -> View:
    """Without its token: who has it and the application's key can write to it."""
    return {name: getattr(row, name) for name in _DEVICE}
