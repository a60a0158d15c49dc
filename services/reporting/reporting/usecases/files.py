"""A campaign's messages as a file, in pieces that are each found without those before."""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contracts.csv_cells import inert
from contracts.errors import Invalid, TooLarge
from contracts.reporting.recipients import Who
from contracts.rpc import Actor
from reporting.domain import spreadsheet
from reporting.domain.spreadsheet import Progress
from reporting.store import campaigns, messages
from reporting.usecases import views
from reporting.usecases.campaigns import ensure_campaign
from reporting.usecases.views import Answer

_SHEET = "Wici"
# Spreadsheets take a file for UTF-8 only if it begins so.
_BEGINNING = "\ufeff"
_COLUMNS = (
    *("id", "address", "contact_id", "state", "state_at", "code", "detail", "domain", "sender", "parts", "cost"),
    *("created_at", "submitted_at", "delivered_at", "opens", "opened_at", "clicks", "clicked_at"),
    *("unsubscribed_at", "complained_at"),
)


def export_report(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: UUID,
    seq: int,
    format: str,
    state: str | None,
    who: Who | None = None,
) -> Answer:
    """Piece number `seq` (from 0) of the file, base64, or None after the last.

    :param state: of a spreadsheet, what the piece before came with.
    """
    account_id = account_of(actor)
    ensure_campaign(session, account_id, campaign_id)
    ranges = campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id)
    windows = messages.windows_of(session, ranges)
    rows: Iterable[Mapping[str, Any]] = []
    if seq < len(windows):
        rows = messages.in_window(session, account_id=account_id, campaign_id=campaign_id, who=who, window=windows[seq])
    shown = map(views.message, rows)
    if format == "xlsx":
        if seq == 0:
            _ensure_fits(session, account_id, campaign_id, who, ranges, len(windows))
        return _piece_of_spreadsheet(shown, seq, len(windows), state)
    if seq > 0 and seq >= len(windows):
        return {"chunk": None}
    text = io.StringIO()
    writer = csv.writer(text)
    if seq == 0:
        text.write(_BEGINNING)
        writer.writerow(_COLUMNS)
    for message in shown:
        writer.writerow(_cell(message[column]) for column in _COLUMNS)
    return _answer(text.getvalue().encode())


def _piece_of_spreadsheet(shown: Iterable[Answer], seq: int, windows: int, state: str | None) -> Answer:
    """Rows, and after the last a piece that ends the file: one more than there are windows."""
    if seq > max(windows, 1):
        return {"chunk": None}
    try:
        piece, progress = spreadsheet.beginning(_SHEET, _COLUMNS) if seq == 0 else (b"", Progress.of(state or ""))
    except ValueError:
        raise Invalid.of_field("state", "state.invalid", "Not what the piece before came with.") from None
    more, progress = spreadsheet.more(([_value(one[name]) for name in _COLUMNS] for one in shown), progress)
    if progress.rows > spreadsheet.MOST_ROWS:
        raise _too_large()  # it has grown since the first piece: no file is better than one that does not open
    last = spreadsheet.end(_SHEET, progress) if seq == max(windows, 1) else b""
    return _answer(piece + more + last, str(progress))


def _ensure_fits(
    session: Session,
    account_id: UUID,
    campaign_id: UUID,
    who: Who | None,
    ranges: Sequence[tuple[UUID, UUID]],
    windows: int,
) -> None:
    """:raises TooLarge: more rows than a spreadsheet takes. Only what may have as many is counted, and no further."""
    most = spreadsheet.MOST_ROWS - 1  # beside the head
    if windows * messages.WINDOW <= most:
        return
    of_it: dict[str, Any] = {"account_id": account_id, "campaign_id": campaign_id, "who": who, "ranges": ranges}
    if messages.count_who(session, **of_it, limit=most + 1) > most:
        raise _too_large()


def _too_large() -> TooLarge:
    detail = "More rows than a spreadsheet takes; CSV has no limit."
    return TooLarge("report.too_many_rows", detail, {"limit": spreadsheet.MOST_ROWS - 1})


def _answer(piece: bytes, state: str | None = None) -> Answer:
    return {"chunk": b64encode(piece).decode(), "state": state}


def _value(value: Any) -> spreadsheet.Cell:
    """As a spreadsheet shows it: numbers are numbers, amounts of money in whole units."""
    if isinstance(value, dict):  # money
        amount: float = value["amount"] / 100
        return amount
    if value is None or isinstance(value, int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):  # money
        return f"{value['amount'] / 100:.2f} {value['currency']}"
    return inert(str(value))
