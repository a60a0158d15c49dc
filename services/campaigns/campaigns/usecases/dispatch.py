"""What the dispatcher does with a campaign beside sending it: take its audience, begin, fail, finish, settle.

Each step may run again after a crash: what it asks of others is idempotent, and what it saves holds the lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.store import leases as store
from campaigns.usecases import content
from campaigns.usecases.life import announce
from campaigns.usecases.ports import Ask, Transactions
from chassis import outbox
from chassis.ids import new_id
from chassis.logs import get_logger
from contracts import events
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, PlanLimit
from contracts.rpc import Actor
from contracts.vocabulary import CampaignState, JobState

if TYPE_CHECKING:
    from campaigns.store.batches import BatchRange
    from campaigns.store.leases import Work

# What trying again does not mend.
LASTING = (PlanLimit, Forbidden, NotFound, Conflict, Invalid)
PAGE_DEADLINE = 10.0

log = get_logger()


class Call(Protocol):
    """`chassis.rpc_client.RpcClient.call`."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


@dataclass(frozen=True)
class Desk:
    """What a step works with: `owner` is the id of this dispatcher."""

    database: Transactions
    call: Call
    owner: UUID

    def ask_for(self, work: Work) -> Ask:
        """Ask other services as ourselves, on behalf of the campaign's account and in the trace of its scheduling."""
        actor: Actor = {"account_id": str(work.account_id), "service": "campaigns"}
        if work.trace_id:
            actor["request_id"] = work.trace_id

        def ask(name: str, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
            return self.call(name, actor, payload, deadline=deadline)

        return ask


def start(desk: Desk, work: Work) -> bool:
    """Bring a campaign that is due nearer to sending; True once it sends or has failed, False while contacts works.

    :raises WiciError: somebody does not answer; try again later.
    """
    ask = desk.ask_for(work)
    try:
        snapshot = _snapshot(ask, work)
        if snapshot["state"] in (JobState.WAITING, JobState.RUNNING):
            return False
        if snapshot["state"] != JobState.DONE:
            error = snapshot.get("error") or {}
            fail(desk, work, error.get("code", "audience.failed"), error.get("detail", "The audience was not taken."))
            return True
        _begin(desk, ask, work, snapshot["total"])
    except LASTING as error:
        fail(desk, work, error.code, error.detail)
    return True


def _snapshot(ask: Ask, work: Work) -> dict[str, Any]:
    """How far contacts is with numbering the audience; asked for where it was not yet."""
    named = {"snapshot_id": str(domain.snapshot_id(work.id))}
    try:
        known: dict[str, Any] = ask("contacts.get_snapshot", named)
    except NotFound:
        audience = {"channel": str(work.channel), "audience": work.audience, "fields": work.fields}
        known = ask("contacts.snapshot_audience", {**named, **audience})
    return known


def _begin(desk: Desk, ask: Ask, work: Work, total: int) -> None:
    if total == 0:
        raise exceptions.audience_empty()
    with desk.database.transaction() as session:
        written = store.content_of(session, work.id)
    # Once more: the sender may have lost its authorisation between scheduling and now.
    prepared = content.prepare(ask, channel=work.channel, sender=work.sender, content=written)
    ask(
        "identity.reserve_quota",
        {
            "reservation_id": str(domain.reservation_id(work.id)),
            "feature": str(work.channel),
            "amount": total,
        },
    )
    send_id = new_id()
    with desk.database.transaction() as session:
        begun = store.begin(
            session,
            owner=desk.owner,
            work=work,
            send_id=send_id,
            recipients=total,
            content_hash=prepared.content_hash,
        )
        if not begun:
            return
        outbox.record(
            session,
            events.CAMPAIGN_STARTED,
            account_id=work.account_id,
            campaign_id=work.id,
            send_id=send_id,
            name=work.name,
            channel=work.channel,
            recipients=total,
        )
        announce(session, account_id=work.account_id, campaign_id=work.id, state=CampaignState.SENDING)


def fail(desk: Desk, work: Work, code: str, detail: str) -> None:
    """The campaign ends here, and says why."""
    with desk.database.transaction() as session:
        if store.fail(session, owner=desk.owner, campaign_id=work.id, code=code, detail=detail):
            announce(session, account_id=work.account_id, campaign_id=work.id, state=CampaignState.FAILED)


def finish(desk: Desk, work: Work) -> bool:
    """The last batch is done: the campaign is sent."""
    with desk.database.transaction() as session:
        finished = store.finish(session, owner=desk.owner, campaign_id=work.id)
        if finished:
            announce(session, account_id=work.account_id, campaign_id=work.id, state=CampaignState.SENT)
    return finished


def settle(desk: Desk, work: Work) -> None:
    """Return what was reserved and not used, and let the audience go.

    What waits in a channel's retry schedule counts as used: it may still be sent.
    """
    ask = desk.ask_for(work)
    reservation = {"reservation_id": str(domain.reservation_id(work.id))}
    with desk.database.transaction() as session:
        handed_over = store.handed_over(session, work.id)
    if handed_over:
        try:
            _tolerate_absence(ask, "identity.use_quota", {**reservation, "amount": handed_over})
        except PlanLimit as error:
            # A batch that was taken for unpublished went out after all, and its units are somebody else's by now.
            # Asking again would not bring them back, and the campaign would never be settled.
            log.error("quota_not_settled", campaign_id=work.id, handed_over=handed_over, code=error.code)
    _tolerate_absence(ask, "identity.release_quota", reservation)
    _tolerate_absence(ask, "contacts.drop_snapshot", {"snapshot_id": str(domain.snapshot_id(work.id))})
    with desk.database.transaction() as session:
        store.settled(session, owner=desk.owner, campaign_id=work.id, handed_over=handed_over)


def return_reservation(desk: Desk, work: Work) -> None:
    """A draft's scheduling broke off after its quota may have been reserved."""
    reservation = {"reservation_id": str(domain.reservation_id(work.id))}
    _tolerate_absence(desk.ask_for(work), "identity.release_quota", reservation)
    with desk.database.transaction() as session:
        store.reservation_returned(session, owner=desk.owner, campaign_id=work.id)


def read_page(desk: Desk, work: Work, after: int, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` recipients with numbers above `after`, in order."""
    page = desk.ask_for(work)(
        "contacts.read_audience",
        {"snapshot_id": str(domain.snapshot_id(work.id)), "after": after, "limit": limit},
        deadline=PAGE_DEADLINE,
    )
    recipients: list[dict[str, Any]] = page["recipients"]
    return recipients


def read_again(desk: Desk, work: Work, batches: list[BatchRange]) -> list[tuple[BatchRange, list[dict[str, Any]]]]:
    """The recipients of batches that were recorded before, but for those who were erased or archived since."""
    again = []
    for batch in batches:
        page = read_page(desk, work, batch.first - 1, batch.last - batch.first + 1)
        again.append((batch, [recipient for recipient in page if recipient["number"] <= batch.last]))
    return again


def _tolerate_absence(ask: Ask, name: str, payload: dict[str, Any]) -> None:
    try:
        ask(name, payload)
    except NotFound:
        # The account has been closed, or this ran before.
        pass
