"""Cells of CSV files that people open in a spreadsheet: whatever was typed into them, none is a formula."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"[=+\-@\t\r]")
# A number or a phone is no formula.
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)*\Z", re.ASCII)
# Where semicolons part cells, as in Poland, quotes around what holds one are not seen: a cell begins after it.
_FORMULA_WITHIN = re.compile(r"(?<=[;\t\r\n])(?=[=+\-@])")


def inert(text: str) -> str:
    """The cell, with an apostrophe before whatever a spreadsheet would take for a formula."""
    text = _FORMULA_WITHIN.sub("'", text)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text
