"""The Nameko class: each entrypoint loads its payload, calls one use case and dumps the answer."""

from __future__ import annotations

from nameko.timer import timer

from chassis.service import OutboxRelay
from identity.service.accounts import AccountCalls
from identity.service.api_keys import ApiKeyCalls
from identity.service.audit import AuditCalls
from identity.service.invoices import InvoiceCalls
from identity.service.ip_rules import IpRuleCalls
from identity.service.me import MeCalls
from identity.service.plans import PlanCalls
from identity.service.quotas import QuotaCalls
from identity.service.roles import RoleCalls
from identity.service.second_factor import SecondFactorCalls
from identity.service.sessions import SessionCalls
from identity.service.trial_numbers import TrialNumberCalls
from identity.service.users import UserCalls
from identity.usecases import throttles

SWEEP_SECONDS = 300


class IdentityService(
    AccountCalls,
    PlanCalls,
    QuotaCalls,
    InvoiceCalls,
    SessionCalls,
    ApiKeyCalls,
    SecondFactorCalls,
    IpRuleCalls,
    TrialNumberCalls,
    UserCalls,
    RoleCalls,
    MeCalls,
    AuditCalls,
):
    """Accounts, users, sessions, keys, plans and quotas, invoices, operators, audit."""

    name = "identity"

    relay = OutboxRelay()

    @timer(interval=SWEEP_SECONDS)
    def sweep_expired(self) -> None:
        with self.database.transaction() as session:
            throttles.sweep(session, now=self.clock.now())
