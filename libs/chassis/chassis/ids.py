"""New ids: UUID version 7 (RFC 9562 section 5.7), which sort by the time they were made."""

from __future__ import annotations

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A new time-ordered id."""
    return uuid_utils.compat.uuid7()
