"""What every group of entrypoints shares: dependencies, and what identity says of an account."""

from __future__ import annotations

from chassis.service import Database, Entrypoints, ErasureKeys, OutboxRelay
from contacts.usecases.account_terms import AccountTerms
from contracts.contacts import RPC
from contracts.rpc import Actor


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
            limit=self.limit_of(actor), region=account.get("default_region") or "PL", name=account.get("name") or ""
        )
