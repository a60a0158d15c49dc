"""`python -m reporting.commands.check`: recompute every counter from the log and print each that differs.

Exit code 0: the counters equal the log. 1: they do not, and the lines say where. `--campaign ID` looks at one campaign
alone. The log and the counters are read in one snapshot, so ingesters may go on writing meanwhile. Days and campaigns
of which retention has dropped a part are left out: their counters are more than the log by right.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter as Numbers
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from uuid import UUID

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.config import ConfigError, load
from chassis.database import Database, make_engine
from contracts.vocabulary import Channel
from reporting.config import CheckConfig
from reporting.domain import acts, counting
from reporting.domain.acts import Act
from reporting.domain.counting import METRICS, Dimension, Tally
from reporting.domain.folding import CLICKED, OPENED, day_of
from reporting.domain.retention import first_day, kept_days
from reporting.domain.states import STATE_OF_CODE
from reporting.store import log

_MESSAGES = f"""
SELECT account_id, campaign_id, channel, {log.hour_of_id("message_id")} AS hour, state,
    date_bin('1 hour', state_at, 'epoch') AS state_hour, {log.sent_hour("")} AS sent_hour,
    COALESCE(domain, '') AS domain,
    count(*) AS messages, COALESCE(sum(parts), 0) AS parts, COALESCE(sum(cost), 0) AS cost,
    sum(opens) AS opens, count(opened_at) AS opened, sum(clicks) AS clicks, count(clicked_at) AS clicked,
    count(unsubscribed_at) AS unsubscribes, count(complained_at) AS complaints, sum(machine_opens) AS machine_opens,
    sum(machine_clicks) AS machine_clicks
FROM messages WHERE (CAST(:campaign AS uuid) IS NULL OR campaign_id = :campaign)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
# A message's lie together: they are counted message by message.
_ACTS = f"""
SELECT message_id, account_id, campaign_id, event_id, kind, (extract(epoch FROM at) * 1000000)::bigint AS at, device,
    link_id::text, machine
FROM engagements WHERE campaign_id IS NOT NULL AND kind IN ({OPENED}, {CLICKED})
    AND (CAST(:campaign AS uuid) IS NULL OR campaign_id = :campaign)
ORDER BY message_id
"""
_SINGLE_ACTS = """
SELECT account_id, campaign_id, kind, count(*) AS times FROM engagements
WHERE campaign_id IS NOT NULL AND kind = ANY(:kinds) AND (CAST(:campaign AS uuid) IS NULL OR campaign_id = :campaign)
GROUP BY 1, 2, 3
"""
ROWS_AT_ONCE = 10_000
_OF_ACCOUNTS = (Dimension.DAY, Dimension.ACCOUNT_HOUR)
_Counted = dict[counting.CounterKey, tuple[UUID, dict[str, int]]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that is not what the log says."""

    account_id: UUID
    scope_id: UUID
    dimension: Dimension
    key: str
    metric: str
    counted: int
    in_log: int

    def __str__(self) -> str:
        place = f"{self.dimension.name.lower()} {self.key}".strip()
        return f"{self.scope_id} {place}: {self.metric} is {self.counted}, the log says {self.in_log}"


def differences(session: Session, campaign_id: UUID | None = None) -> list[Difference]:
    """Every counter that is not the sum over the log; the session should be a repeatable read."""
    expected = recount(session, campaign_id)
    differing: list[Difference] = []
    counted = _counted(session, campaign_id)
    kept = _Kept(session, datetime.now(UTC))
    for key in sorted({*expected.amounts, *counted}):
        if not kept.is_whole(key, counted):
            continue
        account_id, amounts = counted.get(key, (expected.account_of.get(key), {}))
        in_log = expected.amounts.get(key, {})
        for metric in METRICS:
            if amounts.get(metric, 0) != in_log.get(metric, 0):
                differing.append(
                    Difference(account_id or key[0], *key, metric, amounts.get(metric, 0), in_log.get(metric, 0))
                )
    return differing


def recount(session: Session, campaign_id: UUID | None = None) -> Tally:
    """All counters, from the log alone."""
    tally, bound = Tally(), {"campaign": campaign_id}
    for group in session.execute(text(_MESSAGES), bound).mappings():
        standing = dict(group)
        origin = counting.Origin(*(standing.pop(name) for name in ("account_id", "campaign_id", "channel", "hour")))
        standing["state"] = STATE_OF_CODE.get(standing["state"])
        standing = {name: int(one) if isinstance(one, Decimal) else one for name, one in standing.items()}
        counting.count(tally, origin, counting.Standing(**standing), 1)
    rows = session.execute(text(_ACTS), bound, execution_options={"yield_per": ROWS_AT_ONCE})
    for _message_id, of_message in groupby(rows, key=attrgetter("message_id")):
        listed = list(of_message)
        done = [Act(row.event_id, row.kind, row.at, row.device, row.link_id, row.machine) for row in listed]
        whose = listed[0]
        amounts = Numbers(acts.moved(done))
        acts.count(tally, account_id=whose.account_id, campaign_id=whose.campaign_id, amounts=amounts)
    for row in session.execute(text(_SINGLE_ACTS), {**bound, "kinds": list(counting.SINGLE_ACTS)}):
        counting.count_single_act(tally, row.account_id, row.campaign_id, row.kind, row.times)
    if campaign_id is not None:
        tally.amounts = {key: amounts for key, amounts in tally.amounts.items() if key[1] not in _OF_ACCOUNTS}
    return tally


class _Kept:
    """Of which counters the log still has all messages."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._now = now
        rows = session.execute(
            text(
                "SELECT DISTINCT ON (r.campaign_id) r.campaign_id, r.first_id, c.channel FROM campaign_ranges r"
                " LEFT JOIN campaigns c USING (campaign_id) ORDER BY r.campaign_id, r.first_id"
            )
        )
        self._campaigns = {row.campaign_id: row for row in rows}
        cleared = session.execute(text("SELECT account_id, last_id FROM cleared_sends"))
        self._cleared: dict[UUID, date] = {row.account_id: day_of(str(row.last_id)[:13]) for row in cleared}

    def is_whole(self, key: counting.CounterKey, counted: _Counted) -> bool:
        scope_id, dimension, name = key
        if dimension in _OF_ACCOUNTS:
            moment, _, channel = name.partition(" ")
            return date.fromisoformat(moment[:10]) >= self._first_day(scope_id, Channel(channel))
        campaign = self._campaigns.get(scope_id)
        if campaign is None:
            return key not in counted
        # Where the channel is not known, as of the one that is kept for the shortest.
        channel = Channel(campaign.channel) if campaign.channel else Channel.EMAIL
        account_id = counted[key][0] if key in counted else scope_id
        return day_of(str(campaign.first_id)[:13]) >= self._first_day(account_id, channel)

    def _first_day(self, account_id: UUID, channel: Channel) -> date:
        first = first_day(self._now, kept_days(channel))
        cleared = self._cleared.get(account_id)
        return first if cleared is None else max(first, cleared + timedelta(days=1))


def _counted(session: Session, campaign_id: UUID | None) -> _Counted:
    rows = session.execute(
        text("SELECT * FROM counters WHERE (CAST(:campaign AS uuid) IS NULL OR scope_id = :campaign)"),
        {"campaign": campaign_id},
    ).mappings()
    return {
        (row["scope_id"], Dimension(row["dimension"]), row["key"]): (
            row["account_id"],
            {metric: row[metric] for metric in METRICS},
        )
        for row in rows
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m reporting.commands.check", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--campaign", type=UUID, help="look at this campaign alone")
    options = parser.parse_args(arguments)
    try:
        url = load(CheckConfig, os.environ).database_url
        database = Database(make_engine(url, pool_size=1, application_name="reporting-check"))
        lines = list(_lines(database, options.campaign))
    except (ConfigError, sqlalchemy.exc.OperationalError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    verdict = f"{len(lines)} counters differ from the log" if lines else "the counters equal the log"
    sys.stdout.write("\n".join([*lines, verdict]) + "\n")
    return 1 if lines else 0


def _lines(database: Database, campaign_id: UUID | None) -> Iterator[str]:
    with database.transaction() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield from map(str, differences(session, campaign_id))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
