"""How stored rows look to the outside, who asks, and pages of them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from contacts.exceptions import field_invalid
from contracts.errors import Forbidden, NotFound
from contracts.rpc import Actor

View = dict[str, Any]
PLAIN = ("email", "phone", "external_id", "first_name", "last_name", "company", "city", "birth_date")
CHANNELS = ("sms", "email")


def account_of(actor: Actor) -> UUID:
    """The account on whose behalf the call is made; no payload ever names one."""
    account_id = actor.get("account_id")
    if not account_id:
        raise Forbidden("account.required", "Only an account's user or key may do this.")
    return UUID(str(account_id))


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}.not_found", f"There is no such {noun.replace('_', ' ')}.")


def contact(row: Mapping[Any, Any], custom: Sequence[Mapping[Any, Any]], group_ids: Iterable[UUID] = ()) -> View:
    """A contact with its custom fields by key; one that it has no value for is null."""
    return {
        "id": row["id"],
        **{name: row[name] for name in PLAIN},
        "fields_": {field["key"]: row["custom"].get(field["slot"]) for field in custom},
        "consents": {channel: consent(row, channel) for channel in CHANNELS},
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


def after(cursor: str | None) -> UUID | None:
    """The id that a cursor stands for."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except ValueError:
        raise field_invalid("cursor", "cursor.invalid", "Not a cursor of this list.") from None


def page(rows: Sequence[Mapping[Any, Any]], limit: int, view: Callable[[Mapping[Any, Any]], View] = dict) -> View:
    """One page of `limit`, of rows asked for with one more to see whether there is another page."""
    more = len(rows) > limit
    shown = rows[:limit]
    cursor = urlsafe_b64encode(shown[-1]["id"].bytes).rstrip(b"=").decode() if more else None
    return {"items": [view(row) for row in shown], "next_cursor": cursor}
