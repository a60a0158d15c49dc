"""Segments."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contacts.exceptions import field_invalid

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def compiled(session: Session, account_id: UUID, rules: dict[str, Any], now: datetime, *, prefix: str = "") -> Any:
    raise field_invalid("rules", "segment.unsupported", "Segments are not there yet.")


def of_id(session: Session, account_id: UUID, segment_id: UUID, field: str, now: datetime, *, prefix: str = "") -> Any:
    raise field_invalid(field, "segment.not_found", "There is no such segment.")
