"""What others may ask of identity: accounts, users, sessions, keys, plans and quotas, invoices, audit.

Each noun's module holds its schemas and its table of calls; `RPC` here is all of them. Rules that need the database or
a list (a login that is taken, a common password) are the service's; shape is here.
"""

from __future__ import annotations

from contracts.identity import (
    accounts,
    api_keys,
    audit,
    invoices,
    ip_rules,
    me,
    plans,
    quotas,
    roles,
    second_factor,
    sessions,
    trial_numbers,
    users,
)
from contracts.rpc import Call

RPC: dict[str, Call] = {
    **accounts.RPC,
    **plans.RPC,
    **quotas.RPC,
    **invoices.RPC,
    **sessions.RPC,
    **api_keys.RPC,
    **ip_rules.RPC,
    **trial_numbers.RPC,
    **users.RPC,
    **me.RPC,
    **roles.RPC,
    **second_factor.RPC,
    **audit.RPC,
}
