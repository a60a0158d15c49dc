"""What a template's author is told: the place by line and column, what stands there, and what is wrong with it."""

from __future__ import annotations

import re
from typing import Any

_LONGEST = 60  # characters of the template that are shown
_IN_WORDS = {
    "unexpected end of input, expected end of block": "a tag that begins with {% has no %}",
    "unexpected end of input, expected end of variable block": "a tag that begins with {{ has no }}",
    "unexpected end of comment": "a comment that begins with {# has no #}",
    "invalid float literal": "a text that is no number cannot be made one",
    "invalid digit found in string": "a text that is no number cannot be made one",
    "cannot get absolute value": "only a number has an absolute value",
}
# What the engine says of values; it may quote one, and whose it is is nobody's business.
_OF_VALUES = (
    (re.compile(r"unable to calculate .* (?:/|//|%) 0(?:\.0)?"), "a number cannot be divided by zero"),
    (re.compile(r"unable to calculate .*", re.DOTALL), "this cannot be calculated"),
    (re.compile(r"cannot round value \(undefined\)"), "there is no value to round; default(0) before it gives one"),
    (re.compile(r"cannot round value \((\w+)\)"), r"a \1 cannot be rounded"),
    (re.compile(r"`([^`]+)` is undefined"), r"\1 has no value"),
)
_WITHOUT_WORDS = {
    "OutOfFuel": "this does more than a template may",
    "InvalidOperation": "this cannot be done with such a value",
}


def in_words(error: Any) -> str:
    """One sentence for a `minijinja.TemplateError`; for any other error its own first line.

    Its range counts octets of the template's UTF-8, and is there while the engine debugs.
    """
    detail = getattr(error, "detail", None)
    if detail is None:
        detail = _WITHOUT_WORDS.get(str(getattr(error, "kind", None)))
    source, span = getattr(error, "template_source", None), getattr(error, "range", None)
    if detail is None:
        return str(error).split("\n", 1)[0][:200]
    if not source or not span:
        line = getattr(error, "line", None)
        return f"line {line}: {_plainly(detail)}"[:200] if line else _plainly(detail)[:200]
    octets = source.encode()
    before = octets[: span[0]].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    piece = " ".join(octets[span[0] : span[1]].decode(errors="replace").split())[:_LONGEST]
    what = f" at “{piece}”" if piece else ""
    return f"line {line}, column {column}{what}: {_plainly(detail)}"[:300]


def _plainly(detail: str) -> str:
    for pattern, words in _OF_VALUES:
        if (match := pattern.fullmatch(detail)) is not None:
            return match.expand(words)
    return _IN_WORDS.get(detail, detail)
