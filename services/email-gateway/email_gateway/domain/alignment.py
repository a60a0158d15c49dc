"""Whether mail from a single address can pass DMARC (RFC 9989) under a signature that is not its domain's.

It cannot: neither the signature nor the return path is aligned with From. Where the domain has such mail put aside or
refused, nothing leaves from there until the domain itself is authorised. A policy that is only being tested (`t=y`,
`pct=`) counts in full: the domain is about to mean it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from email_gateway.domain.mailbox_providers import PUBLIC_MAILBOXES

# How old an answer may be that decides, and how long name servers that did not answer are left alone.
ASKED_EVERY = timedelta(days=1)
ASKED_AGAIN_AFTER = timedelta(minutes=10)
MOST_QUESTIONS = 8


class Policy(StrEnum):
    """What a domain's owner asks of receivers; no record is `NONE`."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


_POLICIES = frozenset(str(each) for each in Policy)


class Standing(StrEnum):
    """Of a From address with an account."""

    AUTHORISED = "authorised"
    UNALIGNED = "unaligned"  # verified by a code, and its domain has mail like ours refused
    UNVERIFIED = "unverified"


def is_refused(domain: str, policy: Policy | None) -> bool:
    """Whether single addresses at the domain cannot be sent from; `policy` is None where DNS has not answered."""
    return is_public(domain) or policy in (Policy.QUARANTINE, Policy.REJECT)


@dataclass(frozen=True)
class AlignmentWarning:
    """Of an address whose domain is not authorised: a stable slug, and a sentence for a person."""

    code: str
    detail: str


def warning_of(domain: str, policy: Policy | None) -> AlignmentWarning:
    if is_public(domain):
        detail = "Addresses of a public mail provider cannot be sent from. Use a domain of your own."
        return AlignmentWarning("sender_address.public_provider", detail)
    if policy is None:
        detail = "The domain's name servers do not answer, so it is not known whether receivers take such mail."
        return AlignmentWarning("sender_address.policy_unknown", detail)
    if policy is Policy.NONE:
        detail = "Without DKIM of its own domain such mail may be taken for spam. Authorise the domain."
        return AlignmentWarning("sender_address.not_aligned", detail)
    detail = f"The domain's DMARC policy ({policy}) has such mail refused. Authorise the domain."
    return AlignmentWarning("sender_address.refused_by_domain", detail)


def is_public(domain: str) -> bool:
    return domain in PUBLIC_MAILBOXES


def names_to_ask(domain: str) -> list[str]:
    """Where the domain's policy may be, its own first: the walk of RFC 9989 section 4.10, all of it."""
    labels = domain.split(".")
    above = labels[-(MOST_QUESTIONS - 1) :] if len(labels) > MOST_QUESTIONS else labels[1:]
    return [f"_dmarc.{'.'.join(each)}" for each in (labels, *(above[number:] for number in range(len(above))))]


def policy_of(domain: str, answers: Mapping[str, Sequence[str] | None]) -> Policy | None:
    """What the TXT records at `names_to_ask` say, or None where it takes one that was not answered.

    The domain's own record decides; else that of the organisation, which is the one with the fewest labels; else that
    of the registry (`psd=y`).
    """
    own, *above = names_to_ask(domain)
    if answers[own] is None:
        return None
    if tags := _record(answers[own]):
        return _policy(tags.get("p"))
    if any(answers[name] is None for name in above):
        return None
    found = [tags for name in above if (tags := _record(answers[name]))]
    by_organisation = [tags for tags in found if tags.get("psd") != "y"] or found
    if not by_organisation:
        return Policy.NONE
    tags = by_organisation[-1]
    return _policy(tags.get("sp", tags.get("p")))


def _record(answers: Sequence[str] | None) -> dict[str, str] | None:
    """The tags of the one DMARC record; several are none."""
    records = [tags for answer in answers or () if (tags := _tags(answer)).get("v") == "dmarc1"]
    return records[0] if len(records) == 1 else None


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, equals, value in pairs if equals}


def _policy(value: str | None) -> Policy:
    return Policy(value) if value in _POLICIES else Policy.NONE
