"""The job that a request begins, and how many an account may have waiting or running at once."""

from __future__ import annotations

from uuid import UUID, uuid5

from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.store import jobs as job_store
from contacts.store import open_jobs as store
from contracts.errors import TooManyRequests
from contracts.rpc import Actor

# Imports, exports, exports of a person, acts on many and new groups: what takes minutes, or a file's room.
LONG = ("import", "export", "person_export", "bulk", "combination")
MOST_LONG = 10
# An erasure is a duty, and small; but whole lists of them are no reason to fill the table.
MOST_ERASURES = 1_000
RETRY_SECONDS = 60


def id_for(session: Session, actor: Actor, *, kind: str) -> tuple[UUID, bool]:
    """The id of the job of `kind` that the request begins, and whether the same request has begun it already."""
    request_key = actor.get("request_key")
    if not request_key:
        return new_id(), False
    account_id = account_of(actor)
    # The key's milliseconds, as lists go by ids, then what only this account's job of this kind has; of version 8.
    moment, hashed = UUID(request_key).int >> 80, uuid5(account_id, f"{kind}:{request_key}").int
    job_id = UUID(int=moment << 80 | 0x8 << 76 | hashed & (2**76 - 1))
    return job_id, job_store.find(session, account_id=account_id, kind=kind, job_id=job_id) is not None


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
