"""The Nameko side of a channel: the calls that every channel answers, and its leases of quota as a dependency."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from nameko.extensions import DependencyProvider

from channel import (
    campaign_counts,
    campaign_states,
    plain,
    quota_leases,
    senders,
    suspended_accounts,
    taking_back,
)
from channel.campaign_counts import LedgerColumns
from channel.quota_leases import LeaseKeeper
from channel.single_sends import SingleSends
from chassis import gathering
from chassis.service import SHUTDOWN_SECONDS, Database, Entrypoints, Payload, Services, event_handler, rpc
from chassis.service_process import Process
from contracts import events
from contracts.channel import CHANNELS
from contracts.rpc import Actor
from contracts.vocabulary import Channel


class QuotaLeases(DependencyProvider):
    """A channel's leases of quota: `self.leases.extend(account_id, units)`; settles them while the service runs."""

    process = Process()

    def __init__(self, feature: str) -> None:
        self.feature = feature

    def start(self) -> None:
        database, services = (
            next(found for found in self.container.extensions if isinstance(found, kind))
            for kind in (Database, Services)
        )
        self._stop = threading.Event()
        self.keeper = LeaseKeeper(database.database, self.feature, services.call)
        self._thread = threading.Thread(target=self.keeper.run, args=(self._stop,), name="quota-leases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.keeper.wake()
        self._thread.join(SHUTDOWN_SECONDS)

    def get_dependency(self, worker_ctx: Any) -> LeaseKeeper:
        return self.keeper


@dataclass(frozen=True, kw_only=True)
class UseCases:
    """What a channel does when it is asked; each is `use_case(database, *, actor, now, **request)`.

    It opens its own transactions, and none is open while strangers' templates are rendered.

    :param plan_test, plan_send: check a request, and answer with the plan that `SingleSends` stores.
    :param get_message, export_person: are given a session in place of the database.
    :param erase_account: everything of an account that has closed, `erase_account(session, *, account_id)`.
    :param send_of: the send of a single message, `send_of(session, account_id, message_id)`; None where none is known.
    :param note_unknown: as of `taking_back.revoke_message`.
    """

    prepare_content: Callable[..., Any]
    render_preview: Callable[..., Any]
    check_content: Callable[..., Any]
    plan_test: Callable[..., Any]
    plan_send: Callable[..., Any]
    get_message: Callable[..., Any]
    export_person: Callable[..., Any]
    erase_person: Callable[..., Any]
    erase_account: Callable[..., None] = senders.erase_account
    send_of: Callable[..., Any] = taking_back.send_of
    note_unknown: taking_back.NoteUnknown = taking_back.note_nowhere


class ChannelCalls(Entrypoints):
    """The calls of `contracts.channel.channel_calls`: a channel's service inherits them, and gives its use cases.

    A channel that is told of more events than a changed plan handles them beside.
    """

    name: ClassVar[str]
    use_cases: ClassVar[UseCases]
    ledger_columns: ClassVar[LedgerColumns] = campaign_counts.PLAIN
    relay: ClassVar[Any]
    """`OutboxRelay`: what is accepted leaves at once."""
    leases: ClassVar[Any]
    """`QuotaLeases`."""

    @property
    def single_sends(self) -> SingleSends:
        """Of the plain ledger; a channel with one of its own overrides it."""
        return SingleSends(self.database, self.leases, plain.storing(self.channel, self.name))

    @rpc
    def prepare_content(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("prepare_content", self.use_cases.prepare_content, actor, payload)

    @rpc
    def render_preview(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("render_preview", self.use_cases.render_preview, actor, payload)

    @rpc
    def check_content(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("check_content", self.use_cases.check_content, actor, payload)

    @rpc
    def send_test(self, actor: Actor, payload: Payload) -> Payload:
        call = self.calls["send_test"]
        plan = self.use_cases.plan_test(self.database, actor=actor, now=self.clock.now(), **call.load(payload))
        accepted = self.single_sends.send_one(plan)
        self.relay.poke()
        return call.dump(accepted)

    @rpc
    def send_messages(self, actor: Actor, payload: Payload) -> Payload:
        """A gathered call: `contracts.rpc.Call`."""
        sends = self.single_sends
        answers = gathering.answer(payload, lambda requests, turns: sends.send_requests(requests, turns, self._plan))
        self.relay.poke()
        return answers

    def _plan(self, actor: Actor, payload: Payload) -> Any:
        request = self.calls["send_messages"].load(payload)
        return self.use_cases.plan_send(self.database, actor=actor, now=self.clock.now(), **request)

    @rpc
    def check_message(self, actor: Actor, payload: Payload) -> Payload:
        """Whether `send_messages` would take this now: refused as it would be, and nothing of it is kept."""
        self.single_sends.check(self._plan({**actor, "request_key": None}, payload))
        return {}

    @rpc
    def revoke_message(self, actor: Actor, payload: Payload) -> Payload:
        """Take back what waits here; a channel that can take back more says so by a method of its own.

        Twice is harmless: what was taken back stays so.
        """
        given = {**self._taking_back, "send_of": self.use_cases.send_of}
        answer = self.run("revoke_message", taking_back.revoke_message, actor, payload, **given)
        self.relay.poke()
        return answer

    @rpc
    def take_back_messages(self, actor: Actor, payload: Payload) -> Payload:
        """How many messages stand, campaigns' too; those that wait here are taken back. Twice is harmless."""
        answer = self.run("take_back_messages", taking_back.take_back_messages, actor, payload, **self._taking_back)
        self.relay.poke()
        return answer

    @property
    def _taking_back(self) -> dict[str, Any]:
        return {"channel": self.channel, "source": self.name, "note_unknown": self.use_cases.note_unknown}

    @property
    def channel(self) -> Channel:
        return next(channel for channel, facts in CHANNELS.items() if facts.service == self.name)

    @rpc
    def get_message(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_message", self.use_cases.get_message, actor, payload)

    @rpc
    def export_person(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("export_person", self.use_cases.export_person, actor, payload)

    @rpc
    def erase_person(self, actor: Actor, payload: Payload) -> Payload:
        """Twice is harmless: the second time nothing is found."""
        return self.run_in_steps("erase_person", self.use_cases.erase_person, actor, payload)

    @rpc
    def count_campaign(self, actor: Actor, payload: Payload) -> Payload:
        count = campaign_counts.count_campaign
        return self.run("count_campaign", count, actor, payload, columns=self.ledger_columns)

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        """May run twice: there is nothing left to erase the second time."""
        with self.database.transaction() as session:
            self.use_cases.erase_account(session, account_id=payload["account_id"])

    @event_handler(events.PLAN_CHANGED)
    def end_lease(self, payload: Payload) -> None:
        """May run twice: then another lease begins, too."""
        with self.database.transaction() as session:
            quota_leases.end(session, payload["account_id"])

    @event_handler(events.CAMPAIGN_STATE_CHANGED)
    def note_campaign_state(self, payload: Payload) -> None:
        """May run twice and in any order: the version tells which state is the later."""
        told = {name: payload[name] for name in ("account_id", "campaign_id", "state", "version")}
        with self.database.transaction() as session:
            campaign_states.note(session, **told)

    @event_handler(events.ACCOUNT_SUSPENSION_CHANGED)
    def follow_suspension(self, payload: Payload) -> None:
        """May run twice: what is told late changes nothing."""
        with self.database.transaction() as session:
            suspended_accounts.follow(session, **payload)

    @event_handler(events.ACCOUNT_STANDING_CHANGED)
    def follow_standing(self, payload: Payload) -> None:
        """May run twice: then another lease begins, too."""
        with self.database.transaction() as session:
            quota_leases.end(session, payload["account_id"])
