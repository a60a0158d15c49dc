"""Ids as they travel, and as columns hold them."""

from __future__ import annotations

from uuid import UUID


def id_or_none(written: str | None) -> UUID | None:
    """The id that the text stands for; None where there is none."""
    return UUID(written) if written else None
