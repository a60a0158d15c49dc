"""The dispatcher's step between a test of variants and the rest: wait, count, decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns import domain
from campaigns.store import ab_tests as store
from campaigns.store.leases import LeasedCampaign
from campaigns.usecases import ab_tests
from campaigns.usecases.ports import Ask
from chassis.database import Database
from contracts.vocabulary import AbMetric, AbOutcome, IfUndecided


def look_at_test(database: Database, ask: Ask, owner: UUID, campaign: LeasedCampaign, now: datetime) -> None:
    """The whole test is with the channel. May run again after a crash at any line: a winner is set once, and in one
    statement with the figures that it was chosen by.

    :raises WiciError: reporting does not answer; try again later.
    """
    rules, split = campaign.ab_test, campaign.split
    if rules is None or split is None or campaign.winner is not None:
        return
    wait = timedelta(minutes=rules["wait_minutes"])
    if campaign.tested_at is None or now < campaign.tested_at + wait:
        with database.transaction() as session:
            store.note_tested(session, owner=owner, campaign_id=campaign.id, wait=wait)
    elif campaign.ab_decision is not None:
        with database.transaction() as session:
            store.ask_later(session, owner=owner, campaign_id=campaign.id)
    else:
        counts = ab_tests.count_variants(ask, campaign.id, split)
        verdict = domain.judge(AbMetric(rules["metric"]), counts)
        winner, by = _choice(verdict, IfUndecided(rules["if_undecided"]))
        decision = _decision(rules["names"], counts, verdict, now)
        with database.transaction() as session:
            store.decide(session, owner=owner, campaign_id=campaign.id, decision=decision, winner=winner, by=by)


def _choice(verdict: domain.Verdict, if_undecided: IfUndecided) -> tuple[int | None, str]:
    """Who wins, and by what; nobody where a person has to choose."""
    if verdict.outcome is AbOutcome.CLEAR:
        return verdict.best, "test"
    return (0, "rule") if if_undecided is IfUndecided.FIRST else (None, "")


def _decision(names: list[str], counts: list[Any], verdict: domain.Verdict, now: datetime) -> dict[str, Any]:
    return {
        "outcome": str(verdict.outcome),
        "best": None if verdict.best is None else names[verdict.best],
        "z": verdict.z,
        "p_value": verdict.p_value,
        "variants": ab_tests.figures_of(names, counts, verdict),
        "decided_at": now.astimezone(UTC).isoformat(),
    }
