"""Rules: states, the retry schedule, which route fits, which DNS records a sender domain needs. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from contracts.vocabulary import MessageState

# Wici's own mails (notices, codes) belong to no customer's account.
SYSTEM_ACCOUNT = UUID(int=0)
# The variable of a sign-up's confirmation mail that names the form's account, whatever address the mail leaves from.
FORM_ACCOUNT = "form_account_id"

KEEP_TRYING = timedelta(days=3)
MAX_WAIT = timedelta(hours=4)

CODE_LIFETIME = timedelta(hours=1)
CODE_TRIES = 5


class LedgerState(StrEnum):
    """A message's state here: the contract's states, and `claimed` while it is being handed over."""

    CLAIMED = "claimed"


class SenderState(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"


def next_try(*, first_tried_at: datetime, now: datetime, attempts: int, base: timedelta) -> datetime | None:
    """When a deferred message is tried again, or None when three days are over.

    The wait doubles from `base` (5 minutes: 5, 10, 20, … minutes) up to 4 hours.

    :param attempts: how often it was tried so far, 1 or more.
    """
    if now - first_tried_at >= KEEP_TRYING:
        return None
    wait: timedelta = base * float(2 ** min(attempts - 1, 20))
    return now + min(wait, MAX_WAIT)


R = TypeVar("R")


def best_route(domain: str, routes: Iterable[tuple[str, R]]) -> R | None:
    """The route whose pattern fits the domain best: the exact name, then the longest `*.suffix`, then `*`."""
    fitting = [(len(pattern), pattern[0] != "*", route) for pattern, route in routes if _fits(pattern, domain)]
    return max(fitting, key=lambda found: (found[1], found[0]))[2] if fitting else None


def _fits(pattern: str, domain: str) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return domain.endswith(pattern[1:])
    return pattern == domain


@dataclass(frozen=True)
class DnsRecord:
    """A record that the owner adds to the domain's DNS."""

    purpose: str
    type: str
    name: str
    value: str
    required: bool


def dns_records(
    domain: str, *, ownership_token: str, keys: Iterable[tuple[str, str]], mail_host: str, public_host: str
) -> list[DnsRecord]:
    """What a sender domain needs.

    :param keys: (selector, text of the key's record) of each DKIM key.
    :param mail_host: our host that sends and takes bounces.
    """
    bounces = return_path(domain)
    return [
        DnsRecord("ownership", "TXT", f"_wici.{domain}", f"wici-verification={ownership_token}", required=True),
        *(
            DnsRecord(f"dkim:{selector}", "TXT", f"{selector}._domainkey.{domain}", record, required=True)
            for selector, record in keys
        ),
        DnsRecord("return_path", "MX", bounces, f"10 {mail_host}.", required=True),
        DnsRecord("spf", "TXT", bounces, f"v=spf1 a:{mail_host} -all", required=True),
        DnsRecord("tracking", "CNAME", f"link.{domain}", f"{public_host}.", required=False),
        DnsRecord("dmarc", "TXT", f"_dmarc.{domain}", "v=DMARC1; p=none", required=False),
    ]


def return_path(domain: str) -> str:
    """The domain of envelope senders: below the From domain, so that SPF is aligned for DMARC."""
    return f"bounces.{domain}"


def is_record_found(record: DnsRecord, answers: Iterable[str]) -> bool:
    """Whether one of the values that DNS gave says what the record should."""
    if record.purpose == "dmarc":
        return any(answer.startswith("v=DMARC1") for answer in answers)
    if record.purpose == "spf":
        wanted = record.value.split(" ")[1]
        return any(answer.startswith("v=spf1") and wanted in answer.split(" ") for answer in answers)
    if record.type == "TXT":
        return any(_squeezed(answer) == _squeezed(record.value) for answer in answers)
    return any(answer.rstrip(".").lower() == record.value.rstrip(".").lower() for answer in answers)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def are_required_found(records: Iterable[DnsRecord], found: Mapping[str, Any]) -> bool:
    return all(found.get(record.purpose) is True for record in records if record.required)


class Result(StrEnum):
    """What became of an attempt.

    `HARD` says that the person does not exist, `SPAM` that our server, sender or content is not wanted, `SOFT` anything
    else that is final. `LOST` left us and got no answer; `RETRY` is to wait in the retry schedule; `BACK` was never
    tried; `REJECTED` could not be composed.
    """

    DELIVERED = "delivered"
    RETRY = "retry"
    HARD = "hard"
    SOFT = "soft"
    SPAM = "spam"
    LOST = "lost"
    BACK = "back"
    REJECTED = "rejected"


# The state that follows at once. A lost message is unknown in bulk and sent again when it is a single one.
STATE_OF_RESULT: Mapping[Result, MessageState] = {
    Result.DELIVERED: MessageState.DELIVERED,
    Result.HARD: MessageState.HARD_BOUNCED,
    Result.SOFT: MessageState.SOFT_BOUNCED,
    Result.SPAM: MessageState.SPAM_BOUNCED,
    Result.REJECTED: MessageState.REJECTED,
}
