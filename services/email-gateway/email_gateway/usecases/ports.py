"""What the use cases are given besides a session: keys, links, DNS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from chassis.secrets import Vault
from email_gateway.config import Config
from email_gateway.content.compose import Links
from email_gateway.spam_filters import Judge


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Handed to use cases; tests make their own."""

    config: Config
    vault: Vault
    links: Links
    new_id: Callable[[], UUID]
    new_key: Callable[[str, UUID], bytes]  # algorithm, and the account that waits for its turn
    look_up: Callable[[str, str], list[str] | None]
    judge: Judge  # what the operator's spam filter says of a mail; None where there is no filter
    serves_links: Callable[[str], bool]  # whether our public address answers for the host, over TLS
