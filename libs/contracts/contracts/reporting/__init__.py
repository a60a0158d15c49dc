"""What the reporting service answers: reports, the message log, statistics, webhooks; a module for each noun.

Rates are numbers from 0 to 1, and null where there is nothing to divide by. Money is in minor units.
"""

from __future__ import annotations

from contracts.reporting import messages, privacy, recipients, reports, schedules, statistics, webhooks
from contracts.rpc import Call

RPC: dict[str, Call] = (
    reports.RPC | recipients.RPC | messages.RPC | statistics.RPC | privacy.RPC | schedules.RPC | webhooks.RPC
)
