"""The carriers whose HTTP API Wici knows, and the form in which an operator describes any other.

SMSAPI (www.smsapi.com/docs: sms.do and its callbacks) and Twilio (www.twilio.com/docs/messaging/api) stand here as an
operator would write them; as read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.vocabulary import MessageState
from sms_gateway.http_api.meanings import Meaning

SMPP, SMSAPI, TWILIO, GENERIC = "smpp", "smsapi", "twilio", "http"
_DELIVERED, _UNDELIVERED = MessageState.DELIVERED, MessageState.UNDELIVERED


@dataclass(frozen=True)
class ReceiptForm:
    """Where a receipt has what, as paths (`documents.at`); `states` are words of the carrier, in lower case.

    `separator`: where several receipts stand in one, between their values.
    """

    id: str = ""
    state: str = ""
    code: str = ""
    to: str = ""
    sender: str = ""
    states: Mapping[str, MessageState | None] = field(default_factory=dict)
    separator: str = ""


@dataclass(frozen=True)
class InboundForm:
    """Where a message from a phone has what. `id`: the carrier's, the same where it tells of the message again."""

    source: str = ""
    destination: str = ""
    text: str = ""
    id: str = ""


@dataclass(frozen=True)
class Dialect:
    """How a carrier is asked and how it answers. `url`, `headers` and `body` are templates (`templates`).

    `validity`: the least and the greatest that it takes, in minutes.
    """

    url: str = ""
    method: str = "POST"
    format: str = "json"  # or form, query
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = field(default_factory=dict)
    answer_id: str = ""
    answer_error: str = ""
    errors: Mapping[str, Meaning] = field(default_factory=dict)
    statuses: Mapping[str, Meaning] = field(default_factory=dict)
    receipts: ReceiptForm = field(default_factory=ReceiptForm)
    inbound: InboundForm = field(default_factory=InboundForm)
    entries: str = ""  # of a hook, where it has a list of receipts or messages
    validity: tuple[int, int] | None = None

    def validity_minutes(self, wanted: int | None) -> int | None:
        """The nearest that it takes and that is no longer; None where there is none, or none is wanted."""
        if not wanted or self.validity is None:
            return wanted or None
        least, greatest = self.validity
        return min(wanted, greatest) if wanted >= least else None


def _table(**codes: str) -> dict[str, Meaning]:
    return {code: Meaning(meaning) for meaning, some in codes.items() for code in some.split()}


_KNOWN: Mapping[str, Dialect] = {
    SMSAPI: Dialect(
        url="https://api.smsapi.pl/sms.do",
        format="form",
        headers={"Authorization": "Bearer {token}"},
        body={
            "to": "{to_digits}", "from": "{from}", "message": "{text}", "format": "json", "encoding": "utf-8",
            "flash": "{flash}", "expiration_date": "{expires_at}", "notify_url": "{hook_url}", "idx": "{message_id}",
            "check_idx": "1", "max_parts": "{parts}",
        },
        answer_id="list.0.id",
        answer_error="error",
        errors=_table(
            slow_down="202 203",
            fail_over="8 98 101 102 103 105 110 112 200 201 999 1000 1001",
            unknown="53",  # it has had this `idx` before: it took the message, and its answer did not come
        ),
        receipts=ReceiptForm(
            id="MsgId", state="status", to="to", sender="from", separator=",",
            states={
                "401": MessageState.UNKNOWN, "402": MessageState.EXPIRED, "403": None, "404": _DELIVERED,
                "405": _UNDELIVERED, "406": _UNDELIVERED, "407": MessageState.REJECTED, "408": MessageState.UNKNOWN,
                "409": None, "410": None, "411": None, "412": _UNDELIVERED,
            },
        ),
        inbound=InboundForm("sms_from", "sms_to", "sms_text"),
        validity=(16, 72 * 60 - 1),  # 15 minutes to 72 hours after it has come there
    ),
    TWILIO: Dialect(
        url="https://api.twilio.com/2010-04-01/Accounts/{account}/Messages.json",
        format="form",
        headers={"Authorization": "Basic {basic}"},
        body={
            "To": "{to}", "From": "{from}", "Body": "{text}", "StatusCallback": "{hook_url}",
            "ValidityPeriod": "{validity_seconds}",
        },
        answer_id="sid",
        answer_error="code",
        errors=_table(
            slow_down="14107 20429 21611 30001",
            fail_over="20001 20003 20005 20404 21603 30002",
        ),
        receipts=ReceiptForm(
            id="MessageSid", state="MessageStatus", code="ErrorCode", to="To", sender="From",
            states={
                "accepted": None, "scheduled": None, "queued": None, "sending": None, "sent": None,
                "delivered": _DELIVERED, "read": _DELIVERED, "undelivered": _UNDELIVERED, "failed": _UNDELIVERED,
                "canceled": MessageState.REJECTED,
            },
        ),
        inbound=InboundForm("From", "To", "Body", "MessageSid"),
        validity=(1, 600),
    ),
}  # fmt: skip


def dialect_of(kind: str, http: Mapping[str, Any]) -> Dialect:
    """A carrier's own, with what an operator has set of it (`contracts.sms_gateway.carriers.HttpSettings`)."""
    known = _KNOWN.get(kind, Dialect())
    given = {name: http[name] for name in ("url", "method", "format", "headers", "body") if http.get(name)}
    answer, receipts, inbound = (http.get(name) or {} for name in ("answer", "receipts", "inbound"))
    return replace(
        known,
        **given,
        answer_id=answer.get("id") or known.answer_id,
        answer_error=answer.get("error") or known.answer_error,
        errors={**known.errors, **_meanings(http.get("errors"))},
        statuses={**known.statuses, **_meanings(http.get("statuses"))},
        receipts=_receipts(known.receipts, receipts),
        inbound=replace(known.inbound, **{name: path for name, path in inbound.items() if path}),
        entries=http.get("entries") or known.entries,
    )


def _meanings(table: Mapping[str, str] | None) -> dict[str, Meaning]:
    return {code: Meaning(meaning) for code, meaning in (table or {}).items()}


def _receipts(known: ReceiptForm, given: Mapping[str, Any]) -> ReceiptForm:
    states = {
        word.lower(): MessageState(state) if state is not None else None
        for word, state in (given.get("states") or {}).items()
    }
    paths = {name: path for name, path in given.items() if name != "states" and path}
    return replace(known, **paths, states={**known.states, **states})
