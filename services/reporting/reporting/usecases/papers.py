"""A campaign's report as PDF."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.actors import account_of
from chassis.database import Database
from chassis.logs import get_logger
from contracts.errors import NotFound, Unavailable
from contracts.rpc import Actor
from reporting.printing import Printer
from reporting.usecases import reports
from reporting.usecases.reports import Call
from reporting.usecases.views import Answer

DEADLINE = 3.0
ELSEWHERE = "UTC"

log = get_logger()


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
        asked: dict[str, Any] = {"actor": actor, "now": now, "campaign_id": campaign_id}
        shown = {
            **reports.from_counters(session, account_id, campaign_id),
            "links": reports.get_report_links(session, **asked)["items"],
            "hours": reports.get_report_timeline(session, **asked)["items"],
            "zone": zone,
            "at": now.astimezone(ZoneInfo(zone)),
        }
    return {"content": b64encode(printer.report(shown, language)).decode()}


def zone_of(call: Call, account_id: UUID) -> str:
    """The account's time zone; UTC while nobody can say."""
    actor: Actor = {"account_id": str(account_id), "service": "reporting"}
    try:
        zone: str = call("identity.get_account", actor, {}, deadline=DEADLINE)["time_zone"]
        return ZoneInfo(zone).key
    except (NotFound, Unavailable) as error:
        log.warning("zone_unknown", account_id=str(account_id), error=error.code)
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("zone_unreadable", account_id=str(account_id))
    return ELSEWHERE
