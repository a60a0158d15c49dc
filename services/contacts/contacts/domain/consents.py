"""When a consent counts: the latest act stands, and of two of one moment the refusal."""

from __future__ import annotations

from datetime import datetime


def undoes_later_refusal(*, granted_at: datetime, refused_at: datetime | None, now: datetime) -> bool:
    """Whether a consent of `granted_at` would undo a refusal that came after it. What is given now undoes any."""
    return refused_at is not None and granted_at <= refused_at and granted_at < now
