"""What can go wrong with contacts, in their own words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from contracts.errors import Conflict, Invalid, PlanLimit


class FileRefused(Exception):
    """A customer's file that cannot be read; a use case tells it as `Unsupported` or `Invalid`, a job as its error."""

    def __init__(self, code: str, detail: str, extra: dict[str, Any] | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.extra = extra


class LeaseLost(Exception):
    """Another process has taken the job over; the process that gets this stops at once and writes nothing."""


class JobCancelled(Exception):
    """Somebody asked for the job to end."""


class TryLater(Exception):
    """Somebody who is needed does not answer; the job is put off for so many seconds, however often that takes."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def no_address() -> Invalid:
    return Invalid.of_field(
        "email", "contact.no_address", "A contact needs an e-mail address, a phone or an external id."
    )


def contact_limit(limit: int) -> PlanLimit:
    return PlanLimit(
        "plan.contact_limit", "The plan's number of contacts is reached.", {"feature": "contacts", "limit": limit}
    )


def contact_exists(field: str, contact_id: UUID) -> Conflict:
    """Another contact has the request's e-mail address, phone or external id."""
    detail = f"Another contact has this {field.replace('_', ' ')}."
    return Conflict("contact.exists", detail, {"contact_id": str(contact_id), "field": field})


def address_erased() -> Conflict:
    return Conflict("address.erased", "The person was erased on request; `restore_erased` says that they are back.")


def ensure_known_groups(group_ids: Sequence[UUID], known: Collection[UUID]) -> None:
    """:raises Invalid: `group.not_found`, naming the first that is not `known`."""
    for at, group_id in enumerate(group_ids):
        if group_id not in known:
            raise Invalid.of_field(f"group_ids.{at}", "group.not_found", "There is no such group.")
