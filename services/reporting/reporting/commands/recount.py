"""`python -m reporting.commands.recount`: judge every opening and click anew, then make the counters equal the log.

To be run once after an upgrade to the release that tells people from machines, and whenever `machines.toml` has new
rules. Messages are judged a few thousand at a time, beside the ingesters, which wait for the recount at the end. What
was a machine's stays one, and what contacts was told stays told. Breaking off and starting again is harmless.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from uuid import UUID

import sqlalchemy
from sqlalchemy.orm import Session

from chassis.config import ConfigError, load
from chassis.database import Database, make_engine
from reporting.commands.check import differences
from reporting.config import CheckConfig
from reporting.domain.counting import Tally
from reporting.store import counters, engagements, log
from reporting.usecases.judging import judge_known

AT_ONCE = 5_000


def judge_all(database: Database) -> int:
    """Judge every message that was opened or clicked; returns how many there are."""
    after, messages = UUID(int=0), 0
    while True:
        with database.transaction() as session:
            origins = engagements.engaged_messages(session, after=after, limit=AT_ONCE)
            if not origins:
                return messages
            _judge(session, origins)
        after, messages = UUID(max(origins)), messages + len(origins)


def _judge(session: Session, origins: dict[str, log.Patch]) -> None:
    log.lock(session, {origin["campaign_id"] or origin["account_id"] for origin in origins.values()})
    engagements.mark_by_agents(session, origins)
    for message_id, summary in judge_known(session, origins).items():
        origins[message_id] |= {"is_engaged": True, **_given(summary._asdict())}
    log.write_patches(session, origins)


def _given(values: dict[str, int | None]) -> dict[str, int]:
    return {name: value for name, value in values.items() if value is not None}


def mend(database: Database) -> int:
    """Make every counter what the log says; returns how many were not. Ingesters wait until it is done."""
    with database.transaction() as session:
        log.wait_for_writers(session)
        wrong = differences(session)
        tally = Tally()
        for one in wrong:
            key = (one.scope_id, one.dimension, one.key)
            tally.add(one.account_id, key, one.metric, one.in_log - one.counted)
        counters.add(session, tally)
    return len(wrong)


def main(arguments: Collection[str]) -> int:
    if arguments:
        sys.stderr.write(f"{(__doc__ or '').splitlines()[0]} It takes no arguments.\n")
        return 2
    try:
        url = load(CheckConfig, os.environ).database_url
        database = Database(make_engine(url, pool_size=1, application_name="reporting-recount"))
        messages = judge_all(database)
        wrong = mend(database)
    except (ConfigError, sqlalchemy.exc.OperationalError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{messages} messages judged, {wrong} counters corrected\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
