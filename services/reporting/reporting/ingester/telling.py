"""Tells contacts what people did with campaigns' messages, once it is plain that it was people."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from chassis.database import Database
from reporting.domain import acts as domain
from reporting.domain.folding import moment_of
from reporting.store import engagements, log, untold

EVERY_SECONDS = 1.0
AT_ONCE = 2_000  # messages
ACTS_AT_ONCE = 10_000  # of these messages, and those of one more; a lane message then stays under 1 MB
# Whose message it is becomes known with the message's own events; acts that are so old go untold.
AGAIN_SECONDS = 600.0
GIVE_UP = timedelta(days=30)


def tell(database: Database) -> None:
    """Tell of all that is due."""
    while True:
        with database.transaction() as session:
            if not tell_some(session):
                return


def tell_some(session: Session) -> int:
    """Tell of up to `AT_ONCE` messages, fewer where they have many acts; returns of how many."""
    # An erasure waits for it, as for every writer of the log.
    log.lock(session, ())
    message_ids = untold.take_due(session, AT_ONCE)
    if not message_ids:
        return 0
    done: list[tuple[untold.Place, str]] = []
    unknown: dict[str, str] = {}
    known = untold.addressees(session, message_ids)
    left: dict[str, str] = {}
    acts = 0
    with closing(engagements.acts_of(session, known)) as found:
        for message_id, by_id in found:
            account_id, campaign_id, channel, contact_id = known[message_id]
            for kind, at in domain.untold(by_id.values()):
                day = moment_of(at).date()
                if contact_id is not None:
                    done.append(((account_id, campaign_id, channel, kind, day.isoformat()), contact_id))
                elif datetime.now(UTC).date() - day < GIVE_UP:
                    unknown[message_id] = account_id
            acts += len(by_id)
            if acts >= ACTS_AT_ONCE:
                left = {one: known[one][0] for one in known if one > message_id}
                break
    untold.tell(session, done)
    untold.mark_told(session, [one for one in message_ids if one not in unknown and one not in left])
    untold.add(session, unknown, seconds=AGAIN_SECONDS)
    untold.add(session, left, seconds=0)
    return len(message_ids) - len(left)
