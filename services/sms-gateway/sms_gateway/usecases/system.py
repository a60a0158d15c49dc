"""Wici's own SMS: codes that prove a number, in Polish or English, from the system sender, in no account's quota."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis import inbox
from chassis.database import Session
from contracts.vocabulary import Lane
from sms_gateway.content.template import Template
from sms_gateway.domain.senders import SYSTEM_ACCOUNT
from sms_gateway.domain.sends import Plan
from sms_gateway.usecases import messages

VALIDITY_MINUTES = 15
TEXTS: Mapping[tuple[str, str], str] = {
    ("trial_number_code", "pl"): (
        "Wici: kod {{ code }} potwierdza, ze ten numer moze dostawac wiadomosci probne z konta w Wici."
        " Jesli to nie Ty o niego prosisz, nikomu go nie podawaj."
    ),
    ("trial_number_code", "en"): (
        "Wici: the code {{ code }} confirms that this number may get test messages of an account of Wici."
        " If you did not ask for it, give it to nobody."
    ),
}


def send_requested(session: Session, *, now: datetime, sender: str, request: Mapping[str, Any]) -> None:
    """Send what was asked for (`SystemSmsRequested`). Harmless twice: the inbox knows."""
    if not inbox.first_time(session, "send_requested_sms", request["event_id"]):
        return
    language = "en" if request["language"].lower().startswith("en") else "pl"
    content = {
        "text": TEXTS[request["template"], language],
        "replace_diacritics": False,
        "flash": False,
        "validity_minutes": VALIDITY_MINUTES,
    }
    plan = Plan(
        account_id=SYSTEM_ACCOUNT,
        sender=sender,
        content=content,
        addresses=[request["to"]],
        fields=request["fields"],
        parts=len(Template(content).encode(request["fields"]).bodies),
        lane=Lane.OTP,
        text=None,
        external_id=None,
        schedule_at=None,
        request_hash=None,
        trace_id="",
    )
    messages.accept(session, plan, now=now)
