"""Kinds of devices by their user agents."""

from __future__ import annotations

import re
from functools import lru_cache

from reporting.domain.machines import rule_of

_DEVICES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("tablet", re.compile(r"iPad|Tablet|Kindle|Silk|Android(?!.*Mobile)", re.IGNORECASE)),
    ("mobile", re.compile(r"Mobi|iPhone|iPod|Android|Windows Phone", re.IGNORECASE)),
    ("desktop", re.compile(r"Windows|Macintosh|X11|Linux|CrOS|Thunderbird|Outlook", re.IGNORECASE)),
)


@lru_cache(maxsize=4096)
def device_of(user_agent: str) -> str:
    """The kind of device that a user agent names: bot, tablet, mobile, desktop or unknown (a proxy hides it)."""
    rule = rule_of(user_agent, "")
    if rule is not None:
        return "bot" if rule.is_machine else "unknown"
    return next((device for device, pattern in _DEVICES if pattern.search(user_agent)), "unknown")
