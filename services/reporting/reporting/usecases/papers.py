"""A campaign's report as PDF."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.actors import account_of
from chassis.database import Database
from contracts.rpc import Actor
from reporting.printing import Printer
from reporting.usecases import reports
from reporting.usecases.views import Answer
from reporting.usecases.zones import Call, zone_of


def print_report(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    call: Call,
    printer: Printer,
    campaign_id: UUID,
    language: str,
) -> Answer:
    """The report with its charts, in hours of the account's zone; drawn when the transaction is over."""
    account_id = account_of(actor)
    zone = zone_of(call, account_id)
    with database.transaction() as session:
        shown: dict[str, Any] = {
            **reports.from_counters(session, account_id, campaign_id),
            "links": reports.links_of(session, account_id, campaign_id),
            "hours": reports.hours_of(session, account_id, campaign_id),
            "zone": zone,
            "at": now.astimezone(ZoneInfo(zone)),
        }
    shown["links"] = reports.with_labels(call, account_id, campaign_id, shown["links"])
    shown |= reports.as_campaigns_counts(call, account_id, campaign_id)
    return {"content": b64encode(printer.report(shown, language)).decode()}
