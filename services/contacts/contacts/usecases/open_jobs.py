"""How many jobs an account may have waiting or running at once."""

from __future__ import annotations

from uuid import UUID

from chassis.database import Session
from contacts.store import open_jobs as store
from contracts.errors import TooManyRequests

# Imports, exports, exports of a person and acts on many: what takes minutes, or a file's room.
LONG = ("import", "export", "person_export", "bulk")
MOST_LONG = 10
# An erasure is a duty, and small; but whole lists of them are no reason to fill the table.
MOST_ERASURES = 1_000
RETRY_SECONDS = 60


def ensure_room(session: Session, *, account_id: UUID, kind: str) -> None:
    """For one more job of `kind`; exact, whoever asks at the same time.

    :raises TooManyRequests: the account has as many open as it may.
    """
    kinds, most = (LONG, MOST_LONG) if kind in LONG else ((kind,), MOST_ERASURES)
    if store.number_open(session, account_id=account_id, kinds=kinds) >= most:
        raise TooManyRequests(
            "jobs.too_many",
            f"{most} jobs of this kind wait or run already; wait for one to end, or cancel it.",
            {"retry_after": RETRY_SECONDS, "at_once": most},
        )
