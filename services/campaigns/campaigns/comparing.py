"""Two versions of a template, text by text, as unified diffs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

TEXTS = ("name", "subject", "preheader", "mjml", "html", "text")
MOST_LINES = 2_000  # of a diff
LONGEST_LINE = 1_000  # characters; what html has no line ends is one line


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The texts that differ, each with the lines of its diff; html that was made of MJML is no text of its own.

    Of a large text this takes long: it runs in a confined process, which loads this module and so nothing else.
    """
    changes = []
    for name in TEXTS:
        if name == "html" and (old.get("mjml") or new.get("mjml")):
            continue
        before, after = str(old.get(name) or ""), str(new.get(name) or "")
        if before != after:
            lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3))[2:]
            changes.append({"field": name, "lines": [line[:LONGEST_LINE] for line in lines[:MOST_LINES]]})
    return changes
