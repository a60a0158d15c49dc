"""What a DMARC aggregate report says (RFC 7489 appendix C), as far as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

KEEP = timedelta(days=100)  # after a report came; the longest view is 90 days
MOST_OF_A_DAY = 500  # reports of one domain; a domain has some thirty receivers that report


class Source(NamedTuple):
    """Mails alike: from one address, handled alike. `disposition`: none, quarantine or reject."""

    address: str
    disposition: str
    is_dkim_aligned: bool
    is_spf_aligned: bool


@dataclass(frozen=True)
class DmarcReport:
    """One report of one receiver. `messages`: how many, by the domain in From and by source."""

    reporter: str
    report_id: str
    begins_at: datetime
    ends_at: datetime
    messages: Mapping[str, Mapping[Source, int]]
