"""How stored rows look to the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from contracts.errors import NotFound
from contracts.vocabulary import Channel

View = dict[str, Any]
PLAIN = ("email", "phone", "external_id", "first_name", "last_name", "company", "city", "birth_date")


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}.not_found", f"There is no such {noun.replace('_', ' ')}.")


def contact(row: Mapping[Any, Any], custom: Sequence[Mapping[Any, Any]], group_ids: Iterable[UUID] = ()) -> View:
    """A contact with its custom fields by key; one that it has no value for is null."""
    return {
        "id": row["id"],
        "push": row["push"],
        "viber": row["viber"],
        **{name: row[name] for name in PLAIN},
        "fields_": {field["key"]: row["custom"].get(field["slot"]) for field in custom},
        "consents": {channel.value: consent(row, channel) for channel in Channel},
        "group_ids": list(group_ids),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def consent(row: Mapping[Any, Any], channel: str) -> View | None:
    granted = row[f"{channel}_consent"]
    if granted is None:
        return None
    return {
        "granted": granted,
        "source": row[f"{channel}_consent_source"] or "",
        "at": row[f"{channel}_consent_at"],
    }


def field(row: Mapping[Any, Any]) -> View:
    return {**row, "type": row["kind"]}
