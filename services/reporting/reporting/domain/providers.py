"""Mailbox providers by the domain of an address (`providers.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

OTHER = "other"


@cache
def _provider_by_domain() -> Mapping[str, str]:
    domains = tomllib.loads((files(__package__) / "providers.toml").read_text("utf-8"))
    return {domain: provider for provider, theirs in domains.items() for domain in theirs}


def provider_of(domain: str) -> str:
    """Whose mailboxes a domain's are; `other` where the domain alone does not tell."""
    return _provider_by_domain().get(domain.lower(), OTHER)
