"""What the dispatcher does with a campaign beside sending it: take its audience, begin, fail, finish, settle.

Each step may run again after a crash: what it asks of others is idempotent, and what it saves holds the lease.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.store import batches as batch_store
from campaigns.store import boosters, people
from campaigns.store import leases as store
from campaigns.store.batches import BatchRange
from campaigns.store.leases import AtChannel, LeasedCampaign
from campaigns.usecases import content, deciding, families, step_sending
from campaigns.usecases.attachments import Attachments
from campaigns.usecases.content import PreparedVariants
from campaigns.usecases.life import announce, end_boosters, pause_never_open, pause_short_of_units
from campaigns.usecases.ports import Ask, Call, ask_as
from campaigns.usecases.unsubscribe_pages import tell_campaign_page
from chassis import outbox
from chassis.database import Database, Session
from chassis.ids import new_id
from chassis.logs import get_logger
from contracts import events
from contracts.channel import CHANNELS
from contracts.errors import ACCOUNT_SUSPENDED, Conflict, Forbidden, Invalid, NotFound, PlanLimit, WiciError, on_trial
from contracts.rpc import Actor
from contracts.vocabulary import ERASED_ADDRESS, CampaignState, Channel, JobState, LeftOut

# What trying again does not mend.
LASTING = (PlanLimit, Forbidden, NotFound, Conflict, Invalid)
PAGE, PAGE_DEADLINE = 5_000, 10.0
# A million rows of a ledger take 0.4 to 1.6 s.
COUNT_SLICE, COUNT_DEADLINE = 1_000_000, 30.0
# How soon a campaign of steps is looked at again, and a step to which somebody may come.
STEPS_LOOK_SECONDS = 1.0
FORGOTTEN_AT_ONCE = 10_000

log = get_logger()


class Page(NamedTuple):
    """Numbers of an audience that lie side by side: recipients, and who is left out (number, reason)."""

    recipients: list[dict[str, Any]]
    left_out: list[tuple[int, str]]
    contact_by_number: dict[int, str] = {}  # of who is left out, as far as they are still there


@dataclass(frozen=True)
class Steps:
    """One dispatcher's steps with the campaigns that it has a lease on.

    :param owner: the id of this dispatcher. :param files: what campaigns attach.
    """

    database: Database
    call: Call
    owner: UUID
    files: Attachments

    def start(self, campaign: LeasedCampaign) -> bool:
        """Bring a campaign that is due nearer to sending; True once it sends or has failed, False while contacts works.

        :raises WiciError: somebody does not answer; try again later.
        """
        ask = self._ask_for(campaign)
        try:
            snapshot = _snapshot(ask, campaign)
            if snapshot["state"] in (JobState.WAITING, JobState.RUNNING):
                return False
            if snapshot["state"] != JobState.DONE:
                unknown = {"code": "audience.failed", "detail": "The audience was not taken."}
                error = unknown | (snapshot.get("error") or {})
                self.fail(campaign, error["code"], error["detail"])
                return True
            self._begin(ask, campaign, snapshot["total"])
        except LASTING as error:
            if error.code == ACCOUNT_SUSPENDED:
                return False  # the event that pauses it is on its way
            self.fail(campaign, error.code, error.detail)
        return True

    def _begin(self, ask: Ask, campaign: LeasedCampaign, total: int) -> None:
        if total == 0:
            raise exceptions.audience_empty()
        if campaign.approval_above is not None and total > campaign.approval_above and campaign.approved_at is None:
            self._hold_for_approval(ask, campaign)
            return
        if campaign.has_steps:
            families.begin(self.database, ask, self.owner, campaign, total)
            return
        prepared = self._prepared(ask, campaign)
        rules = campaign.ab_test
        split = domain.split_of(total, rules["share_percent"], len(prepared.hashes)) if rules else None
        units_each = max(prepared.units, campaign.units_each or 1)
        reservation = {**_reservation(campaign), "feature": str(campaign.channel), "amount": total * units_each}
        reserved = ask("identity.reserve_quota", reservation)
        if reserved.get("only_to") is not None:
            _ensure_proved(ask, campaign, reserved["only_to"])
        self._start_sending(campaign, total, prepared, split, units_each)

    def _prepared(self, ask: Ask, campaign: LeasedCampaign) -> PreparedVariants:
        """Once more: the sender may have lost its authorisation since it was scheduled, or the audience have grown."""
        with self.database.transaction() as session:
            own_content, variants = store.content_of(session, campaign.id)
        said = domain.messages_of(campaign.sender, own_content, variants)
        sampling = content.sampling_once(ask)
        attach = self.files.of(ask, campaign.account_id, campaign.options)
        measured = [
            content.prepare_measured(sampling, channel=campaign.channel, audience=campaign.audience, **one._asdict())
            for one in said
        ]
        return PreparedVariants.of([content.with_files(one, attach) for one in measured], campaign.ab_test)

    def _start_sending(
        self,
        campaign: LeasedCampaign,
        total: int,
        prepared: PreparedVariants,
        split: domain.Split | None,
        units_each: int,
    ) -> None:
        """Unless it was paused, cancelled, taken over or changed meanwhile."""
        send_id = new_id()
        with self.database.transaction() as session:
            begun = store.begin(
                session,
                owner=self.owner,
                campaign_id=campaign.id,
                seen_at=campaign.updated_at,
                send_id=send_id,
                recipients=total,
                content_hash=prepared.hashes[0],
                units_each=units_each,
                variant_hashes=prepared.hashes if split else None,
                variant_size=split.each if split else None,
                reserved_units=total * units_each,
            )
            if not begun:
                return
            outbox.record(
                session,
                events.CAMPAIGN_STARTED,
                account_id=campaign.account_id,
                campaign_id=campaign.id,
                send_id=send_id,
                name=campaign.name,
                channel=campaign.channel,
                recipients=total,
            )
            if campaign.channel == Channel.EMAIL:
                tell_campaign_page(
                    session,
                    account_id=campaign.account_id,
                    campaign_id=campaign.id,
                    options=campaign.options,
                    group_ids=[UUID(str(one)) for one in campaign.audience.get("groups") or ()],
                )
            announce(session, account_id=campaign.account_id, campaign_id=campaign.id, state=CampaignState.SENDING)

    def _hold_for_approval(self, ask: Ask, campaign: LeasedCampaign) -> None:
        """The audience is taken anew once somebody has approved it."""
        ask("contacts.drop_snapshot", {"snapshot_id": str(domain.snapshot_id(campaign.id))})
        with self.database.transaction() as session:
            store.hold_for_approval(session, owner=self.owner, campaign_id=campaign.id)

    def reserve_more(self, campaign: LeasedCampaign) -> None:
        """Its messages take more units than the sample did: reserve for those to come, or pause it before they leave.

        :raises WiciError: identity does not answer; nothing leaves until it does.
        """
        ask = self._ask_for(campaign)
        wanted = domain.units_expected(
            taken=campaign.units, decided=campaign.decided, recipients=campaign.recipients or 0,
            units_each=campaign.units_each or 1,
        )  # fmt: skip
        for units in sorted({wanted, campaign.units_at_least}, reverse=True):
            reservation = {**_reservation(campaign), "feature": str(campaign.channel), "amount": units}
            try:
                ask("identity.reserve_quota", reservation)
            except LASTING as error:
                refused = error
                continue
            with self.database.transaction() as session:
                store.reserved(session, owner=self.owner, campaign_id=campaign.id, units=units)
            return
        with self.database.transaction() as session:
            pause_short_of_units(session, now=datetime.now(UTC), campaign_id=campaign.id, refused=refused)

    def pause_never_open(self, campaign: LeasedCampaign) -> None:
        with self.database.transaction() as session:
            pause_never_open(session, now=datetime.now(UTC), campaign_id=campaign.id)

    def fail(self, campaign: LeasedCampaign, code: str, detail: str) -> None:
        """The campaign ends here, and says why."""
        with self.database.transaction() as session:
            if store.fail(session, owner=self.owner, campaign_id=campaign.id, code=code, detail=detail):
                announce(session, account_id=campaign.account_id, campaign_id=campaign.id, state=CampaignState.FAILED)
                end_boosters(session, campaign_id=campaign.id, now=datetime.now(UTC))

    def finish(self, campaign: LeasedCampaign) -> bool:
        """The last batch is done: the campaign is sent."""
        with self.database.transaction() as session:
            finished = store.finish(session, owner=self.owner, campaign_id=campaign.id)
            if finished:
                boosters.give_time(session, campaign.id)
                announce(session, account_id=campaign.account_id, campaign_id=campaign.id, state=CampaignState.SENT)
        return finished

    def look_at_rest(self, campaign: LeasedCampaign) -> None:
        """All batches are done: count what the channel still has to try, and look again later if there is any."""
        known = self._at_channel(campaign)
        if self._recount(campaign, known):
            seconds = domain.next_look(known.since or 0.0)
            self._look_later(campaign, seconds)

    def look_at_steps(self, campaign: LeasedCampaign) -> None:
        """It is over when its steps are; until then somebody looks again in a moment."""
        if not families.look_at(self.database, self.owner, campaign):
            self._look_later(campaign, STEPS_LOOK_SECONDS)

    def gather(self, campaign: LeasedCampaign, in_flight: bool) -> None:
        """Let those come to a step whose turn it is. While nothing is in flight and nobody comes, nobody need hold it.

        What waits at the channel is counted meanwhile, as of a campaign that is through.
        """

        def tell(session: Session, total: int) -> None:
            assert campaign.send_id is not None and campaign.place is not None
            families.tell_started(
                session, campaign.account_id, campaign.id, campaign.send_id, campaign.name, campaign.channel, total
            )

        if step_sending.gather(self.database, self.owner, campaign, tell) or in_flight:
            return
        known = self._at_channel(campaign)
        if known.deferred and _is_time_to_count(known.since):
            self._recount(campaign, known)
        self._look_later(campaign, STEPS_LOOK_SECONDS)

    def _look_later(self, campaign: LeasedCampaign, seconds: float) -> None:
        with self.database.transaction() as session:
            store.look_later(session, owner=self.owner, campaign_id=campaign.id, seconds=seconds)

    def look_at_test(self, campaign: LeasedCampaign) -> None:
        """All batches of a test of variants are done: wait for its end, or choose who wins."""
        deciding.look_at_test(self.database, self._ask_for(campaign), self.owner, campaign, datetime.now(UTC))

    def _at_channel(self, campaign: LeasedCampaign) -> AtChannel:
        with self.database.transaction() as session:
            return store.at_channel(session, campaign.id)

    def _recount(self, campaign: LeasedCampaign, known: AtChannel) -> int:
        """How many recipients wait at the channel; all counts of the campaign are then the ledger's."""
        counts = self._count(campaign, known.dispatched_to, None if known.since is None else known.deferred)
        with self.database.transaction() as session:
            store.recount(session, owner=self.owner, campaign_id=campaign.id, counts=counts)
            if campaign.state is CampaignState.SENDING:
                boosters.give_time(session, campaign.id)
        return int(counts["deferred"])

    def _count(self, campaign: LeasedCampaign, recipients: int, deferred: int | None) -> dict[str, Any]:
        """The channel's figures, a slice of the numbers at a time: each recipient is counted once, at some moment."""
        ask, count_campaign = self._ask_for(campaign), CHANNELS[campaign.channel].call("count_campaign")
        asked = {"campaign_id": str(campaign.id), "send_id": str(campaign.send_id)}
        slices: list[dict[str, Any]] = []
        for after in range(0, max(recipients, 1), COUNT_SLICE):
            numbers = {"after": after, "recipients": min(after + COUNT_SLICE, recipients)}
            known = None if slices else deferred
            counts = ask(count_campaign, {**asked, **numbers, "deferred": known}, deadline=COUNT_DEADLINE)
            if counts["submitted"] is None:
                return dict(counts)
            if "after" not in counts:  # a channel of before, which knows no slices
                return dict(ask(count_campaign, {**asked, "recipients": recipients, "deferred": deferred}))
            slices.append(counts)
        return domain.added_up(slices)

    def settle(self, campaign: LeasedCampaign) -> bool:
        """Return what was reserved and not used, and let the audience go. False while the channel has some in hand.

        A cancelled campaign's messages that wait at the channel are rejected there, and are returned with the rest.
        """
        if campaign.has_steps:
            return self._settle_steps(campaign)
        known = self._at_channel(campaign)
        is_counted_anew = campaign.state is not CampaignState.SENT and (known.deferred or known.since is not None)
        if is_counted_anew and self._recount(campaign, known):
            return False
        with self.database.transaction() as session:
            handed_over = store.handed_over(session, campaign.id)
        if handed_over:
            self._use(campaign, self._units(campaign, known, handed_over))
        ask = self._ask_for(campaign)
        _tolerate_absence(ask, "identity.release_quota", _reservation(campaign))
        self._let_go(ask, campaign, known.dispatched_to)
        _tolerate_absence(ask, "contacts.drop_snapshot", {"snapshot_id": str(domain.snapshot_id(campaign.id))})
        with self.database.transaction() as session:
            store.settled(session, owner=self.owner, campaign_id=campaign.id, handed_over=handed_over)
        return True

    def _settle_steps(self, campaign: LeasedCampaign) -> bool:
        """Each step has settled its own; what is left is what was reserved before there were any, and the audience."""
        if not families.is_settled(self.database, campaign.id):
            return False
        ask = self._ask_for(campaign)
        _tolerate_absence(ask, "identity.release_quota", _reservation(campaign))
        _tolerate_absence(ask, "contacts.drop_snapshot", {"snapshot_id": str(domain.snapshot_id(campaign.id))})
        with self.database.transaction() as session:
            store.settled(session, owner=self.owner, campaign_id=campaign.id, handed_over=0)
        return True

    def _units(self, campaign: LeasedCampaign, known: AtChannel, handed_over: int) -> int:
        """Units that so many recipients took, by the channel's ledger where that is more than one each."""
        has_begun_before = campaign.units_each is None  # when a recipient was a unit, and reserved so
        if has_begun_before or not CHANNELS[campaign.channel].units_differ:
            return handed_over
        counts = self._count(campaign, known.dispatched_to, None)
        # Nobody takes less than one, also where the ledger has let go of old messages.
        return max(counts.get("units") or 0, handed_over)

    def _use(self, campaign: LeasedCampaign, units: int) -> None:
        """Count them as used. What neither the reservation nor the account has was sent all the same: it is told of,
        and not asked for again, or the campaign would never be settled."""
        use = {**_reservation(campaign), "amount": units}
        try:
            answer = _tolerate_absence(self._ask_for(campaign), "identity.use_quota", use)
        except PlanLimit as error:  # an identity of before counts all or nothing
            log.error("quota_not_settled", campaign_id=campaign.id, units=units, code=error.code)
            return
        if answer is not None and answer["used"] < units:
            log.error("quota_exceeded", campaign_id=campaign.id, units=units, used=answer["used"])

    def return_reservation(self, campaign: LeasedCampaign) -> None:
        """A draft's scheduling broke off after its quota may have been reserved; or it was scheduled, and is a draft
        again."""
        ask = self._ask_for(campaign)
        _tolerate_absence(ask, "identity.release_quota", _reservation(campaign))
        _tolerate_absence(ask, "contacts.drop_snapshot", {"snapshot_id": str(domain.snapshot_id(campaign.id))})
        with self.database.transaction() as session:
            store.reservation_returned(session, owner=self.owner, campaign_id=campaign.id)

    def read_page(self, campaign: LeasedCampaign, after: int, limit: int) -> Page:
        """The `limit` numbers after `after`. :raises ValueError: somebody is left out for no known reason."""
        if campaign.step_of is not None:
            up_to = min(after + limit, campaign.recipients or 0)
            return Page(*step_sending.read(self.database, self._ask_for(campaign), campaign, after=after, up_to=up_to))
        page = self._ask_for(campaign)(
            "contacts.read_audience",
            {
                "snapshot_id": str(domain.snapshot_id(campaign.id)),
                "after": after,
                "limit": limit,
                "campaign_id": str(campaign.id),
            },
            deadline=PAGE_DEADLINE,
        )
        left_out = [
            (number, str(LeftOut(reason))) for reason, numbers in page["left_out"].items() for number in numbers
        ]
        # A contacts of before does not say who they are.
        contact_by_number = dict(page.get("left_out_contacts", ()))
        return Page(page["recipients"], sorted(left_out), contact_by_number)

    def let_go(self, campaign: LeasedCampaign, after: int, reads: Sequence[Future[Page]]) -> None:
        """Of who is numbered above `after` nobody is sent to now: others may, under the account's frequency cap.

        :param reads: under way, of which nothing is wanted any more. What they hold, or what is held when this fails,
            lapses by itself.
        """
        wait(reads, PAGE_DEADLINE)
        try:
            self._let_go(self._ask_for(campaign), campaign, after)
        except WiciError as error:
            log.warning("audience_not_let_go", campaign_id=campaign.id, code=error.code)

    def _let_go(self, ask: Ask, campaign: LeasedCampaign, after: int) -> None:
        """Of a step it is the audience of the whole, and after the first one the numbers that its people have there."""
        wanted: dict[str, Any] = {
            "snapshot_id": str(domain.snapshot_id(campaign.step_of or campaign.id)),
            "campaign_id": str(campaign.id),
        }
        parts: list[dict[str, Any]] = [{"after": after}]
        if campaign.place:
            pages = step_sending.read_ahead(self.database, campaign, after=after)
            parts = [{"after": 0, "numbers": numbers} for numbers in pages]
        with suppress(NotFound, Conflict):  # it is gone, or was never taken: nothing is held
            for part in parts:
                ask("contacts.let_go_of_audience", {**wanted, **part})

    def read_again(
        self, campaign: LeasedCampaign, batches: list[BatchRange]
    ) -> list[tuple[BatchRange, list[dict[str, Any]]]]:
        """The recipients of batches that were recorded before.

        Who is not to be sent to any more is marked as such: only the channel knows whether they have got it already.
        """
        return [(batch, self._members(campaign, batch)) for batch in batches]

    def _members(self, campaign: LeasedCampaign, batch: BatchRange) -> list[dict[str, Any]]:
        members = []
        wanted = set(batch.numbers or range(batch.first, batch.last + 1))
        for after in range(batch.first - 1, batch.last, PAGE):
            page = self.read_page(campaign, after, min(PAGE, batch.last - after))
            members += page.recipients
            members += [
                {"number": number, "contact_id": None, "address": ERASED_ADDRESS, "fields": {}, "left_out": reason}
                for number, reason in page.left_out
            ]
        return sorted((one for one in members if one["number"] in wanted), key=itemgetter("number"))

    def _ask_for(self, campaign: LeasedCampaign) -> Ask:
        """Ask other services as ourselves, on behalf of the campaign's account and in the trace of its scheduling."""
        actor: Actor = {"account_id": str(campaign.account_id), "service": "campaigns"}
        if campaign.trace_id:
            actor["request_id"] = campaign.trace_id
        return ask_as(self.call, actor)


def _is_time_to_count(since: float | None) -> bool:
    """Of looks that come every moment as many as a campaign that is through has, whoever makes them."""
    return since is None or random.random() * domain.next_look(since) < STEPS_LOOK_SECONDS


def _reservation(campaign: LeasedCampaign) -> dict[str, Any]:
    return {"reservation_id": str(domain.reservation_id(campaign.reservation_of))}


def _tolerate_absence(ask: Ask, name: str, payload: dict[str, Any]) -> Any:
    """The answer, or None where there is nothing: the account has been closed, or this ran before."""
    try:
        return ask(name, payload)
    except NotFound:
        return None


def _ensure_proved(ask: Ask, campaign: LeasedCampaign, only_to: Sequence[str]) -> None:
    """Once more, of the audience as it was taken: contacts may have been added since the campaign was scheduled.

    Everybody in it counts, also who would be left out at this moment: they could be restored before they are sent to.

    :raises Forbidden: the account is on trial, and somebody's address is not among those that it has proved.
    """
    snapshot = {"snapshot_id": str(domain.snapshot_id(campaign.id))}
    if strangers := ask("contacts.count_strangers", {**snapshot, "addresses": list(only_to)})["count"]:
        raise on_trial(strangers)


def _snapshot(ask: Ask, campaign: LeasedCampaign) -> dict[str, Any]:
    """How far contacts is with numbering the audience; asked for where it was not yet."""
    snapshot = {"snapshot_id": str(domain.snapshot_id(campaign.id))}
    try:
        state: dict[str, Any] = ask("contacts.get_snapshot", snapshot)
    except NotFound:
        audience = {
            "campaign_id": str(campaign.id),
            "channel": str(campaign.channel),
            "also_on": campaign.channels[1:],
            "audience": campaign.audience,
            "fields": campaign.fields,
            "is_shuffled": campaign.ab_test is not None,
            "zones": _zones(campaign),
        }
        state = ask("contacts.snapshot_audience", {**snapshot, **audience})
    return state


def _zones(campaign: LeasedCampaign) -> dict[str, Any] | None:
    """Whose hour comes first is numbered first: eastward zones before westward ones."""
    field = campaign.options.get("time_zone_field")
    if not field:
        return None
    zone = domain.zone_of(campaign.time_zone)
    local_time = campaign.local_at or datetime.now(zone).replace(tzinfo=None)
    return {"field": field, "default": str(zone), "local_time": local_time.isoformat()}


def forget_old_batches(database: Database) -> int:
    """Forget the batches of campaigns settled long ago, and later who were the people of those of steps; several
    dispatchers may do it at once. Returns how many batches."""
    with database.transaction() as session:
        forgotten = batch_store.forget_old(session)
    for forget_some in (people.forget_old, people.forget_old_queues):
        while True:
            with database.transaction() as session:
                if forget_some(session, limit=FORGOTTEN_AT_ONCE) < FORGOTTEN_AT_ONCE:
                    break
    return forgotten
