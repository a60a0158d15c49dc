"""What a template's author is told: the place by line and column, what stands there, and what is wrong with it."""

from __future__ import annotations

from typing import Any

_LONGEST = 60  # characters of the template that are shown
_IN_WORDS = {
    "unexpected end of input, expected end of block": "a tag that begins with {% has no %}",
    "unexpected end of input, expected end of variable block": "a tag that begins with {{ has no }}",
    "unexpected end of comment": "a comment that begins with {# has no #}",
}


def in_words(error: Any) -> str:
    """One sentence for a `minijinja.TemplateError`; for any other error its own first line.

    Its range counts octets of the template's UTF-8.
    """
    detail = getattr(error, "detail", None)
    if detail is None and getattr(error, "kind", None) == "OutOfFuel":
        detail = "this does more than a template may"
    source, span = getattr(error, "template_source", None), getattr(error, "range", None)
    if detail is None or not source or not span:
        return str(error).split("\n", 1)[0][:200]
    octets = source.encode()
    before = octets[: span[0]].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    piece = " ".join(octets[span[0] : span[1]].decode(errors="replace").split())[:_LONGEST]
    what = f" at “{piece}”" if piece else ""
    return f"line {line}, column {column}{what}: {_IN_WORDS.get(detail, detail)}"[:300]
