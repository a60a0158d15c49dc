"""What every group of entrypoints shares: dependencies, and what identity says of an account."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from chassis.service import Database, Entrypoints, ErasureKeys, OutboxRelay
from contacts.usecases.account_terms import AccountTerms
from contracts.contacts import RPC
from contracts.rpc import Actor
from contracts.vocabulary import Channel

MOST_REMEMBERED = 50_000
_PAST_TRIAL: set[UUID] = set()
"""Accounts that are not on trial, as far as this process has asked."""
_OPEN_ON_TRIAL = frozenset({Channel.PUSH, Channel.VIBER})
"""By which an account on trial reaches everybody, too: whoever they reach has come to it."""


class Base(Entrypoints):
    """Dependencies of the service; its entrypoints are in the classes beside this one."""

    calls = RPC
    database = Database("CONTACTS_DATABASE_URL")
    relay = OutboxRelay()
    erasure_keys = ErasureKeys()

    def limit_of(self, actor: Actor) -> int | None:
        """How many contacts the plan allows, asked now: a plan may have changed a moment ago."""
        limit: int | None = self.services.call("identity.check_limit", actor, {"feature": "contacts"}, deadline=5.0)[
            "limit"
        ]
        return limit

    def terms_of(self, actor: Actor) -> AccountTerms:
        """What the account may hold, and what it is called, asked now."""
        account = self.services.call("identity.get_account", actor, {}, deadline=5.0)
        return AccountTerms(
            limit=self.limit_of(actor),
            region=account.get("default_region") or "PL",
            name=account.get("name") or "",
            time_zone=account.get("time_zone"),
        )

    def only_to_of(self, account_id: UUID, channel: Channel = Channel.EMAIL) -> Collection[str] | None:
        """The only addresses that the account may send to by a channel while it is on trial; None: any.

        Asked for each mail of an account on trial, and never again once the trial is over: it does not come back.
        """
        if account_id in _PAST_TRIAL:
            return None
        actor: Actor = {"account_id": str(account_id), "service": "contacts"}
        answer = self.services.call("identity.get_standing", actor, {"feature": channel}, deadline=5.0)
        only_to: list[str] | None = answer["only_to"]
        if only_to is None and channel not in _OPEN_ON_TRIAL:
            if len(_PAST_TRIAL) >= MOST_REMEMBERED:
                _PAST_TRIAL.clear()
            _PAST_TRIAL.add(account_id)
        return only_to
