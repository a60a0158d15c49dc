"""The Nameko class: each entrypoint loads its payload, calls one use case and dumps the answer."""

from __future__ import annotations

from nameko.timer import timer

from chassis.service import Health, OutboxRelay
from identity.service.accounts import AccountCalls
from identity.service.billing import BillingCalls
from identity.service.operators import OperatorCalls
from identity.service.sessions import SessionCalls
from identity.service.users import UserCalls
from identity.store.throttles import sweep
from identity.usecases import api_keys

LAST_USE_SECONDS = 5
SWEEP_SECONDS = 300


class IdentityService(AccountCalls, BillingCalls, SessionCalls, UserCalls, OperatorCalls):
    """Accounts, users, sessions, keys, plans and quotas, operators, audit."""

    name = "identity"

    relay = OutboxRelay()
    health = Health()

    @timer(interval=LAST_USE_SECONDS)
    def store_last_uses(self) -> None:
        seen = self.last_uses.take()
        with self.database.transaction() as session:
            api_keys.record_uses(session, seen)

    @timer(interval=SWEEP_SECONDS)
    def sweep_expired(self) -> None:
        with self.database.transaction() as session:
            sweep(session, now=self.clock.now())
