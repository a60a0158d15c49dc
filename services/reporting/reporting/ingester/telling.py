"""Tells contacts what people did with campaigns' messages, once it is plain that it was people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from chassis.database import Database
from reporting.domain import acts as domain
from reporting.domain.folding import moment_of
from reporting.store import engagements, log, untold

EVERY_SECONDS = 1.0
AT_ONCE = 2_000  # messages; a lane message then stays under 1 MB unless people click by the hundred
# Whose message it is becomes known with the message's own events; acts that are so old go untold.
AGAIN_SECONDS = 600.0
GIVE_UP = timedelta(days=30)


def tell(database: Database) -> None:
    """Tell of all that is due."""
    while True:
        with database.transaction() as session:
            if tell_some(session) < AT_ONCE:
                return


def tell_some(session: Session) -> int:
    """Tell of up to `AT_ONCE` messages; returns of how many."""
    # An erasure waits for it, as for every writer of the log.
    log.lock(session, ())
    message_ids = untold.take_due(session, AT_ONCE)
    if not message_ids:
        return 0
    done: list[tuple[tuple[str, str, str, str], str]] = []
    unknown: dict[str, str] = {}
    known = untold.addressees(session, message_ids)
    for message_id, by_id in engagements.acts_of(session, known).items():
        account_id, campaign_id, contact_id = known[message_id]
        for kind, at in domain.untold(by_id.values()):
            day = moment_of(at).date()
            if contact_id is not None:
                done.append(((account_id, campaign_id, kind, day.isoformat()), contact_id))
            elif datetime.now(UTC).date() - day < GIVE_UP:
                unknown[message_id] = account_id
    untold.tell(session, done)
    untold.mark_told(session, [one for one in message_ids if one not in unknown])
    untold.add(session, unknown, seconds=AGAIN_SECONDS)
    return len(message_ids)
