"""Kinds of devices, and mail programs and browsers, by their user agents.

Counters keep both in one key, `mobile/apple_mail`: who opens by which program on which device. Keys of older releases
have no program.
"""

from __future__ import annotations

import re
from functools import lru_cache

from reporting.domain.machines import rule_of

_DEVICES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("tablet", re.compile(r"iPad|Tablet|Kindle|Silk|Android(?!.*Mobile)", re.IGNORECASE)),
    ("mobile", re.compile(r"Mobi|iPhone|iPod|Android|Windows Phone", re.IGNORECASE)),
    ("desktop", re.compile(r"Windows|Macintosh|X11|Linux|CrOS|Thunderbird|Outlook", re.IGNORECASE)),
)
# The first that fits: mail programs, which name the engine of a browser, then browsers, which name those before them.
_PROGRAMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("gmail", re.compile(r"GoogleImageProxy")),
    ("yahoo", re.compile(r"Yahoo ?MailProxy")),
    ("outlook", re.compile(r"Outlook|MSOffice|ms-office", re.IGNORECASE)),
    ("thunderbird", re.compile(r"Thunderbird/")),
    ("edge", re.compile(r"Edg(e|A|iOS)?/")),
    ("opera", re.compile(r"OPR/|OPT/|Opera")),
    ("samsung_internet", re.compile(r"SamsungBrowser/")),
    ("firefox", re.compile(r"Firefox/|FxiOS/")),
    ("chrome", re.compile(r"Chrome/|CriOS/")),
    ("safari", re.compile(r"Version/\S+ .*Safari/")),
    # What Apple's engine shows inside Mail names no browser; other programs that embed it say their own name.
    (
        "apple_mail",
        re.compile(r"^Mozilla/5\.0 \((Macintosh|iPhone|iPad|iPod)[^)]*\) AppleWebKit/\S+ \([^)]*\)( Mobile/\w+)?$"),
    ),
)


@lru_cache(maxsize=4096)
def device_of(user_agent: str) -> str:
    """The kind of device that a user agent names: bot, tablet, mobile, desktop or unknown (a proxy hides it)."""
    rule = rule_of(user_agent, "")
    if rule is not None:
        return "bot" if rule.is_machine else "unknown"
    return next((device for device, pattern in _DEVICES if pattern.search(user_agent)), "unknown")


@lru_cache(maxsize=4096)
def program_of(user_agent: str) -> str:
    """The mail program or browser that a user agent names, or `other`."""
    return next((program for program, pattern in _PROGRAMS if pattern.search(user_agent)), "other")


def device_key(user_agent: str) -> str:
    """Device and program as counters keep them; of a bot its program is nobody's."""
    device = device_of(user_agent)
    return device if device == "bot" else f"{device}/{program_of(user_agent)}"


def parts_of(key: str) -> tuple[str, str]:
    """Device and program of such a key."""
    device, _, program = key.partition("/")
    return device, program or ("bot" if device == "bot" else "unknown")
