"""The mailbox behind an address: what every brake on mails to strangers counts by."""

from __future__ import annotations

from contracts.domains import ascii_domain

_GMAIL = frozenset({"gmail.com", "googlemail.com"})


def mailbox(email: str) -> str:
    """One spelling for all those of a mailbox: no case, the domain in A-labels, nothing after a plus, no dots at Gmail.

    For counting only. Where a server tells such addresses apart, they share the few mails of a day, and nothing else.
    """
    local, _, domain = email.strip().rpartition("@")
    local = local.casefold()
    local = local.partition("+")[0] or local
    domain = _domain(domain)
    if domain in _GMAIL:
        local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}"


def domains_of(email: str) -> list[str]:
    """The domains, in A-labels, that addresses of the same mailbox may have."""
    domain = mailbox(email).rpartition("@")[2]
    return sorted(_GMAIL) if domain in _GMAIL else [domain]


def _domain(domain: str) -> str:
    domain = domain.casefold().rstrip(".")
    try:
        return ascii_domain(domain)
    except UnicodeError:
        return domain
