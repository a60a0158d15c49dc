"""Who may send: states of a sender domain or address, and the DNS records that a domain needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

# Wici's own mails (notices, codes) belong to no customer's account.
SYSTEM_ACCOUNT = UUID(int=0)
# The variable of a sign-up's confirmation mail that names the form's account, whatever address the mail leaves from.
FORM_ACCOUNT = "form_account_id"

_BOUNCES = "bounces."

# How often a verified domain's records are looked up, and when again where no name server answered.
CHECKED_EVERY, CHECKED_AGAIN_AFTER = timedelta(days=1), timedelta(minutes=10)

CODE_LIFETIME = timedelta(hours=1)
CODE_TRIES = 5
# Codes are mailed to addresses that may be a stranger's: so many in a day for one account, and to one mailbox from all.
CODES_PERIOD = timedelta(days=1)
CODES_OF_ACCOUNT = 10
CODES_TO_MAILBOX = 3
# Each sender domain has keys of its own, which take time to make: so many domains by what the account pays, and no more
# keys in a day, however many of them are deleted again.
DOMAINS_ON_TRIAL, DOMAINS_FREE, DOMAINS_PAID = 2, 5, 100
KEYS_A_DAY = 100


class SenderState(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"


def most_domains(account: Mapping[str, Any]) -> int:
    """:param account: `contracts.identity.accounts.Account`"""
    if account["state"] == "trial":
        return DOMAINS_ON_TRIAL
    return DOMAINS_PAID if account["plan"]["price"]["amount"] else DOMAINS_FREE


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
        DnsRecord("tracking", "CNAME", link_host(domain), f"{public_host}.", required=False),
        DnsRecord("dmarc", "TXT", f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{bounces}", required=False),
    ]


def return_path(domain: str) -> str:
    """The domain of envelope senders: below the From domain, so that SPF is aligned for DMARC."""
    return f"{_BOUNCES}{domain}"


def domain_of_return_path(host: str) -> str | None:
    """The domain that `return_path` made the host of; None: it did not."""
    return host.removeprefix(_BOUNCES) if host.startswith(_BOUNCES) else None


def link_host(domain: str) -> str:
    """The host of the links, pixel and unsubscribe address in the domain's mails, where it leads to us."""
    return f"link.{domain}"


def has_return_path(found: Mapping[str, Any]) -> bool:
    """Whether bounces to the domain's own return path reach us, and SPF there speaks for us."""
    return found.get("return_path") is True and found.get("spf") is True


def kept_findings(before: Mapping[str, Any], now: Mapping[str, bool | None]) -> dict[str, bool | None]:
    """What is known after a look: where the name servers did not answer, what they said before."""
    return {purpose: before.get(purpose) if found is None else found for purpose, found in now.items()}


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
