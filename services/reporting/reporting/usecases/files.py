"""A campaign's messages as a CSV file, in pieces that are each found without those before."""

from __future__ import annotations

import csv
import io
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contracts.reporting.recipients import Who
from contracts.rpc import Actor
from reporting.store import campaigns, messages
from reporting.usecases import views
from reporting.usecases.campaigns import ensure_campaign
from reporting.usecases.views import Answer

# Spreadsheets take a file for UTF-8 only if it begins so.
_BEGINNING = "\ufeff"
_COLUMNS = (
    *("id", "address", "contact_id", "state", "state_at", "code", "detail", "domain", "sender", "parts", "cost"),
    *("created_at", "submitted_at", "delivered_at", "opens", "opened_at", "clicks", "clicked_at"),
    *("unsubscribed_at", "complained_at"),
)
# A cell that begins so is a formula to a spreadsheet, unless it is a number or a phone.
_FORMULA = re.compile(r"[=+\-@\t\r]")
# Where semicolons part cells, as in Poland, quotes around what holds one are not seen: a cell begins after it.
_FORMULA_WITHIN = re.compile(r"(?<=[;\t\r\n])(?=[=+\-@])")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)*\Z")


def export_report(
    session: Session, *, actor: Actor, now: datetime, campaign_id: UUID, seq: int, who: Who | None = None
) -> Answer:
    """Piece number `seq` (from 0) of the file, base64, or None after the last."""
    account_id = account_of(actor)
    ensure_campaign(session, account_id, campaign_id)
    ranges = campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id)
    windows = messages.windows_of(session, ranges)
    if seq > 0 and seq >= len(windows):
        return {"chunk": None}
    rows: Iterable[Mapping[str, Any]] = []
    if windows:
        rows = messages.in_window(session, account_id=account_id, campaign_id=campaign_id, who=who, window=windows[seq])
    text = io.StringIO()
    writer = csv.writer(text)
    if seq == 0:
        text.write(_BEGINNING)
        writer.writerow(_COLUMNS)
    for row in rows:
        message = views.message(row)
        writer.writerow(_cell(message[column]) for column in _COLUMNS)
    return {"chunk": b64encode(text.getvalue().encode()).decode()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):  # money
        return f"{value['amount'] / 100:.2f} {value['currency']}"
    text = _FORMULA_WITHIN.sub("'", str(value))
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text
