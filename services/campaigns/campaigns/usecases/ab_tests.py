"""A/B tests: written with the draft, decided by the dispatcher or by a person, and reported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.domain import Split
from campaigns.store import campaigns as store
from campaigns.store.leases import CAMPAIGNS
from campaigns.usecases import views
from campaigns.usecases.ports import Ask, ensure_may_on
from campaigns.usecases.views import Answer
from chassis import acts, waking
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.campaigns.ab_tests import ab_test_problems
from contracts.errors import Invalid
from contracts.events import CAMPAIGNS_ACT
from contracts.rpc import Actor
from contracts.schema import field_errors
from contracts.vocabulary import AbMetric, CampaignState, Channel

COUNT_DEADLINE = 30.0  # two million of a log


def columns_of(ab_test: Mapping[str, Any] | None) -> dict[str, Any]:
    """A test as the table keeps it: its rules apart from what the variants say, which may be a megabyte."""
    if ab_test is None:
        return {"ab_test": None, "variants": None}
    rules: dict[str, Any] = {name: value for name, value in ab_test.items() if name != "variants"}
    rules |= {"metric": str(rules["metric"]), "if_undecided": str(rules["if_undecided"])}
    variants = [{"sender": one["sender"], "content": one["content"]} for one in ab_test["variants"]]
    return {"ab_test": {**rules, "names": [one["name"] for one in ab_test["variants"]]}, "variants": variants}


def ensure_fits(channel: Channel, ab_test: dict[str, Any] | None) -> None:
    """:raises Invalid: a variant or the metric is another channel's."""
    if problems := ab_test_problems(channel, ab_test):
        raise Invalid("request.invalid", "Some fields are not valid.", None, field_errors({"ab_test": problems}))


def choose_winner(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID, variant: str) -> Answer:
    """The rest gets this variant, whatever the figures say. The same choice twice is no error.

    :raises Conflict: it tests none, another one has won, or it has not begun or is over.
    """
    campaign = store.get_for_update(session, account_id=account_of(actor), campaign_id=campaign_id)
    ensure_may_on(actor, campaign.channels, "send")
    rules, state = campaign.ab_test, CampaignState(campaign.state)
    if rules is None:
        raise exceptions.no_test(campaign_id)
    place = domain.variant_named(rules["names"], variant)
    if campaign.winner == place:
        return views.campaign(campaign)
    is_under_way = campaign.variant_size is not None and state in (CampaignState.SENDING, CampaignState.PAUSED)
    if campaign.winner is not None or not is_under_way:
        raise exceptions.no_winner_to_choose(state)
    campaign.winner, campaign.winner_by = place, actor.get("user_id") or "service"
    campaign.look_at, campaign.updated_at = None, now
    session.flush()
    waking.wake(session, CAMPAIGNS)
    facts = {"name": campaign.name, "variant": variant}
    acts.record(session, CAMPAIGNS_ACT, actor, "campaign.winner_chosen", target_id=campaign.id, **facts)
    return views.campaign(campaign)


def get_variant_report(database: Database, *, actor: Actor, now: datetime, ask: Ask, campaign_id: UUID) -> Answer:
    """The variants side by side, as reporting has them now.

    :raises Conflict: the campaign tests none, or has not started.
    """
    with database.transaction() as session:
        campaign = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
    rules = campaign.ab_test
    if rules is None or campaign.variant_size is None:
        raise exceptions.no_test(campaign_id)
    split = Split(len(rules["names"]), campaign.variant_size)
    counts = count_variants(ask, campaign_id, split)
    verdict = domain.judge(AbMetric(rules["metric"]), counts)
    return {
        "campaign_id": campaign_id,
        "metric": AbMetric(rules["metric"]),
        "variants": figures_of(rules["names"], counts, verdict),
        "test": views.ab_progress(campaign),
    }


def count_variants(ask: Ask, campaign_id: UUID, split: Split) -> list[dict[str, int]]:
    """What became of each variant's messages in the test."""
    asked = {"campaign_id": str(campaign_id), "variants": split.variants, "each": split.each, "block": split.block}
    counts: list[dict[str, int]] = ask("reporting.count_variants", asked, deadline=COUNT_DEADLINE)["variants"]
    return counts


def figures_of(names: list[str], counts: list[dict[str, int]], verdict: domain.Verdict) -> list[dict[str, Any]]:
    """Each variant's counts with its name and its rate."""
    rows = zip(names, counts, verdict.rates, strict=True)
    return [{"name": name, **counted, "rate": rate} for name, counted, rate in rows]
