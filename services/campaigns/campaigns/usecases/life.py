"""A campaign's life after the draft: schedule, pause, resume, cancel, and the end of its account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.models import Campaign
from campaigns.store import boosters
from campaigns.store import campaigns as store
from campaigns.store import rules as rule_store
from campaigns.store import steps as step_store
from campaigns.store.leases import CAMPAIGNS
from campaigns.usecases import content, step_checks, views
from campaigns.usecases.attachments import Attachments
from campaigns.usecases.ports import Ask, ensure_may_on, user_of
from campaigns.usecases.views import Answer
from chassis import acts, inbox, outbox, suspensions, waking
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts import events
from contracts.errors import Conflict, WiciError, on_trial
from contracts.rpc import Actor
from contracts.vocabulary import CampaignState

NEEDING_AT_MOST = 100


def schedule_campaign(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    files: Attachments,
    campaign_id: UUID,
    at: datetime | None,
) -> Answer:
    """Check everything that can be checked now, reserve the quota, and hand the campaign to the dispatcher.

    :raises Invalid: incomplete, refused by the channel, a field that nobody has, a content that fails for some, nobody
        to reach, a bad time.
    :raises PlanLimit: the quota does not reach for the audience as it is now.
    :raises Forbidden: the account is on trial, and somebody in the audience has an address that it has not proved.
    """
    campaign, is_repeated = _begin_scheduling(database, actor, now, campaign_id)
    if is_repeated:
        return views.campaign(campaign)
    account = ask("identity.get_account", {})
    when = domain.when(at, account["time_zone"], now, in_own_zones=bool(campaign.options.get("time_zone_field")))
    attach = files.of(ask, campaign.account_id, campaign.options)
    prepared = content.prepare_all(ask, actor, campaign, attach)
    fields = _with_zones(database, ask, campaign, prepared.fields)
    audience: dict[str, Any] = {"channel": campaign.channel, "audience": campaign.audience}
    if campaign.steps is not None:
        step_checks.ensure_each_reaches(ask, campaign)
        audience["also_on"] = campaign.channels[1:]
    reachable = ask("contacts.count_audience", audience, deadline=20.0)["count"]
    if reachable == 0:
        raise exceptions.audience_empty()
    if campaign.ab_test is not None:
        domain.split_of(reachable, campaign.ab_test["share_percent"], len(prepared.hashes))
    _reserve(ask, campaign_id, audience, reachable=reachable, amount=reachable * prepared.units)
    with database.transaction() as session:
        checked_at = campaign.updated_at
        suspensions.refuse(session, account_of(actor))
        campaign = locked(session, actor, campaign_id)
        if _is_repeated(campaign, actor):  # asked again while the first ran, which was faster
            return views.campaign(campaign)
        domain.ensure_draft(CampaignState(campaign.state))
        if campaign.updated_at != checked_at:
            raise Conflict("campaign.changed_meanwhile", "The campaign was changed while it was being scheduled.")
        campaign.local_at, campaign.time_zone = when.local_at, account["time_zone"]
        campaign.content_hash, campaign.fields = prepared.hashes[0], fields
        campaign.units_each = prepared.units
        _ask_for_approval(session, campaign, user_of(actor), reachable)
        campaign.go_at(when.send_at)
        campaign.trace_id = actor.get("request_id") or str(new_id())
        campaign.schedule_key = actor.get("request_key")
        campaign.reserving_at = None
        move(session, campaign, CampaignState.SCHEDULED, now)
        facts = {"name": campaign.name, "send_at": when.send_at.isoformat(), "recipients": reachable}
        acts.record(session, events.CAMPAIGNS_ACT, actor, "campaign.scheduled", target_id=campaign.id, **facts)
    return views.campaign(campaign)


def _reserve(ask: Ask, campaign_id: UUID, audience: dict[str, Any], *, reachable: int, amount: int) -> None:
    """:raises PlanLimit: the quota does not reach. :raises Forbidden: on trial, an address is not proved."""
    reservation = {"reservation_id": str(domain.reservation_id(campaign_id)), "feature": audience["channel"]}
    reserved = ask("identity.reserve_quota", {**reservation, "amount": amount})
    if reserved.get("only_to") is not None and audience.get("also_on"):
        raise exceptions.steps_on_trial()
    if reserved.get("only_to") is not None:
        proved = ask("contacts.count_audience", {**audience, "only_to": reserved["only_to"]}, deadline=20.0)["count"]
        if proved < reachable:
            raise on_trial(reachable - proved)


def _with_zones(database: Database, ask: Ask, campaign: Campaign, fields: list[str]) -> list[str]:
    """The fields that recipients come with: those of the content, and the one that names their zone.

    :raises Invalid: nobody has such a field, a test of variants goes by zones, or the quiet hours leave no minute.
    """
    with database.transaction() as session:
        rules = rule_store.find(session, account_id=campaign.account_id)
        account_quiet_hours = rules.quiet_hours
    if domain.hours_of(campaign.options.get("quiet_hours"), account_quiet_hours).never_open:
        raise exceptions.never_open()
    zone_field = campaign.options.get("time_zone_field")
    if not zone_field:
        return fields
    if campaign.ab_test is not None:
        raise exceptions.test_by_zones()
    if ask("contacts.check_fields", {"names": [zone_field]})["unknown"]:
        raise exceptions.no_such_zone_field(zone_field)
    return sorted({*fields, zone_field})


def _ask_for_approval(session: Session, campaign: Campaign, user_id: UUID | None, recipients: int) -> None:
    """Above the size that the account has set it waits for a second person."""
    approval_above = rule_store.find(session, account_id=campaign.account_id).approval_above
    campaign.scheduled_by = user_id
    campaign.awaits_approval = approval_above is not None and recipients > approval_above
    campaign.approved_by = campaign.approved_at = None


def list_campaigns_needing(
    session: Session, *, actor: Actor, now: datetime, groups: list[UUID], segments: list[UUID], fields_: list[str]
) -> Answer:
    """The campaigns, scheduled, sending or paused, that need any of these of contacts: none of them is deleted then."""
    ids = {"groups": list(map(str, groups)), "segments": list(map(str, segments))}
    needing = store.needing(session, account_id=account_of(actor), **ids, fields=fields_, limit=NEEDING_AT_MOST)
    return {"campaigns": [dict(row) for row in needing]}


def follow(session: Session, steps: Sequence[Campaign], state: CampaignState, now: datetime) -> None:
    """What happens to a campaign happens to its steps, as far as they are not over."""
    for step in steps:
        if CampaignState(step.state) not in domain.FINAL and step.state != state:
            move(session, step, state, now)


def pause_with_step(session: Session, now: datetime, campaign: Campaign, step: Campaign) -> None:
    """A step has paused by itself: so does the campaign, and says why; and so do its other steps."""
    code, detail = step.failure_code or "campaign.step_paused", step.failure_detail or ""
    _pause_itself(session, now, campaign, code, detail, step=(step.place or 0) + 1)
    follow(session, step_store.steps_for_update(session, campaign.id), CampaignState.PAUSED, now)


def pause_campaign(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    """Nothing more leaves: what the channel has already waits there until the campaign is resumed."""
    return _command(session, actor, now, campaign_id, "campaign.paused", lambda _: CampaignState.PAUSED)


def resume_campaign(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    def following(campaign: Campaign) -> CampaignState:
        suspensions.refuse(session, campaign.account_id)
        state = domain.state_after_resume(has_started=campaign.send_id is not None)
        domain.ensure_paused(CampaignState(campaign.state), state)
        return state

    return _command(session, actor, now, campaign_id, "campaign.resumed", following)


def cancel_campaign(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    """Nothing more leaves: the channel rejects what it still has; the dispatcher returns the rest of the quota."""
    return _command(session, actor, now, campaign_id, "campaign.cancelled", lambda _: CampaignState.CANCELLED)


def pause_failing(session: Session, *, now: datetime, campaign_ids: list[UUID]) -> None:
    """Pause sending campaigns whose content fails too many, in the transaction that counts it."""
    for campaign in store.sending_for_update(session, campaign_ids):
        failed = sum(campaign.content_failed.values()) - campaign.content_failed_before
        counted = _counted(campaign) - campaign.counted_before
        code, detail = domain.why_paused(campaign.content_failed, campaign.content_failed_before, counted)
        _pause_itself(session, now, campaign, code, detail, failed=failed, counted=counted)


def pause_short_of_units(session: Session, *, now: datetime, campaign_id: UUID, refused: WiciError) -> None:
    """Pause a sending campaign whose messages take more of the quota than the account has left."""
    for campaign in store.sending_for_update(session, [campaign_id]):
        detail = domain.why_short_of_units(taken=campaign.units, submitted=campaign.submitted, why=refused.detail)
        _pause_itself(session, now, campaign, refused.code, detail, units=campaign.units, submitted=campaign.submitted)


def pause_never_open(session: Session, *, now: datetime, campaign_id: UUID) -> None:
    """Pause a sending campaign whose hours and the account's, set since it was scheduled, leave no time to send."""
    refused = exceptions.never_open()
    for campaign in store.sending_for_update(session, [campaign_id]):
        _pause_itself(session, now, campaign, "quiet_hours.never_open", refused.errors[0]["detail"])


def _pause_itself(session: Session, now: datetime, campaign: Campaign, code: str, detail: str, **facts: int) -> None:
    """Pause a campaign without anybody's order, and say why."""
    campaign.failure_code, campaign.failure_detail = code, detail
    move(session, campaign, CampaignState.PAUSED, now)
    itself: Actor = {"account_id": str(campaign.account_id), "service": "campaigns"}
    told: dict[str, Any] = {"name": campaign.name, "code": code, **facts}
    acts.record(session, events.CAMPAIGNS_ACT, itself, "campaign.paused", target_id=campaign.id, **told)


def _counted(campaign: Campaign) -> int:
    """Recipients whom the channel has decided on, or tries again."""
    return campaign.submitted + campaign.failed + campaign.deferred


def _begin_again(campaign: Campaign) -> None:
    """What has failed is known to whoever resumes: it pauses again for what fails from now on."""
    campaign.failure_code = campaign.failure_detail = None
    campaign.content_failed, campaign.content_failed_before = {}, 0
    campaign.counted_before = _counted(campaign)


def follow_suspension(session: Session, *, now: datetime, event: dict[str, Any]) -> None:
    """Pause everything of an account that an operator has suspended; when that is lifted, somebody of it resumes.

    May run twice: what is paused already is left alone, and what is told late changes nothing.
    """
    if suspensions.note(session, **event) and event["is_suspended"]:
        for campaign in store.running_for_update(session, account_id=event["account_id"]):
            move(session, campaign, CampaignState.PAUSED, now)


def erase_account(session: Session, *, event_id: UUID, account_id: UUID) -> None:
    """Deleting what is gone already deletes nothing, so a second run is harmless even without the inbox."""
    if inbox.first_time(session, "erase_account", event_id):
        store.erase_account(session, account_id)


def announce(session: Session, *, account_id: UUID, campaign_id: UUID, state: CampaignState) -> None:
    """In the transaction that changes the state."""
    version = store.next_state_version(session, campaign_id)
    outbox.record(
        session, events.CAMPAIGN_STATE_CHANGED,
        account_id=account_id, campaign_id=campaign_id, state=state, version=version,
    )  # fmt: skip


def _begin_scheduling(database: Database, actor: Actor, now: datetime, campaign_id: UUID) -> tuple[Campaign, bool]:
    """The draft, marked as one whose quota may be reserved from here on; or the same request's earlier outcome."""
    with database.transaction() as session:
        campaign = locked(session, actor, campaign_id)
        ensure_may_on(actor, campaign.channels, "send")
        if _is_repeated(campaign, actor):
            return campaign, True
        domain.ensure_draft(CampaignState(campaign.state))
        domain.ensure_complete(content.missing(campaign) + domain.missing_audience(campaign.audience))
        campaign.reserving_at = now
    return campaign, False


def _is_repeated(campaign: Campaign, actor: Actor) -> bool:
    """Whether this very request has scheduled it before."""
    return campaign.schedule_key is not None and campaign.schedule_key == actor.get("request_key")


def _command(
    session: Session,
    actor: Actor,
    now: datetime,
    campaign_id: UUID,
    action: str,
    following: Callable[[Campaign], CampaignState],
) -> Answer:
    campaign = locked(session, actor, campaign_id)
    ensure_may_on(actor, campaign.channels, "send")
    state = following(campaign)
    if campaign.state != state:
        # The same command twice is no error.
        move(session, campaign, state, now)
        if campaign.step_channels is not None:
            follow(session, step_store.steps_for_update(session, campaign.id), state, now)
        acts.record(session, events.CAMPAIGNS_ACT, actor, action, target_id=campaign.id, name=campaign.name)
    return views.campaign(campaign)


def move(session: Session, campaign: Campaign, state: CampaignState, now: datetime) -> None:
    domain.ensure_can_become(CampaignState(campaign.state), state)
    if campaign.state == CampaignState.PAUSED and state not in domain.FINAL:
        _begin_again(campaign)
    campaign.state = state.value
    campaign.updated_at = now
    if state in domain.FINAL:
        campaign.finished_at = now
    session.flush()
    waking.wake(session, CAMPAIGNS)
    announce(session, account_id=campaign.account_id, campaign_id=campaign.id, state=state)
    if state in (CampaignState.CANCELLED, CampaignState.FAILED):
        end_boosters(session, campaign_id=campaign.id, now=now)


def end_boosters(session: Session, *, campaign_id: UUID, now: datetime) -> None:
    """What they were to follow has not been sent, or is gone."""
    for booster in boosters.waiting_for_update(session, campaign_id):
        move(session, booster, CampaignState.CANCELLED, now)


def locked(session: Session, actor: Actor, campaign_id: UUID) -> Campaign:
    """:raises NotFound: not in the account. :raises Conflict: it is a step, and goes with its campaign."""
    campaign = store.get_for_update(session, account_id=account_of(actor), campaign_id=campaign_id)
    if campaign.step_of is not None:
        raise exceptions.is_a_step(campaign.step_of)
    return campaign
