"""What a template may not do, because the engine's fuel would not stop it; checked before it is compiled.

Fuel counts instructions and the characters that they make. It misses lists multiplied with `*`, `pprint`, and values
that hold another value twice: doubled forty times, such a list is small, and comparing or printing it takes for ever. A
`namespace` that holds itself ends the process when it is printed. So a template branches, loops, prints and names
values; it does not build structures.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"\{\{|\{%|\{#")
_ENDRAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_STRING = re.compile(r"'(?:\\.|[^'\\])*(?:'|\Z)|\"(?:\\.|[^\"\\])*(?:\"|\Z)", re.DOTALL)
_TAG_NAME = re.compile(r"[-+]?\s*(\w*)")
_TAGS = frozenset(
    {"if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith", "filter", "endfilter"}
    | {"raw", "endraw", "autoescape", "endautoescape"}
)
_LOADING = frozenset({"include", "import", "from", "extends"})
_NAMING = frozenset({"set", "with", "for"})
_BUILDERS = r"debug|namespace|dict|cycler|joiner|lipsum|chain|zip|pprint|map"
_BUILDS = re.compile(rf"\|\s*(?:{_BUILDERS})\b|\b(?:{_BUILDERS})\s*\(")
# A list, a tuple or a sum; an index and a call follow a name or another index.
_COMPOSES = re.compile(r"\+|(?<![\w\])'])\s*[\[(]|\b(?:in|and|or|not|if|else|is)\s*[\[(]|\brecursive\b")


def refusal(source: str) -> str | None:
    """Why the template is not taken, for a person; None where nothing speaks against it."""
    at = 0
    while piece := _PIECE.search(source, at):
        if piece[0] == "{#":
            end = source.find("#}", piece.end())
            at = len(source) if end < 0 else end + 2
            continue
        code, at = _code(source, piece.end(), "}}" if piece[0] == "{{" else "%}")
        tag = _TAG_NAME.match(code)[1] if piece[0] == "{%" else ""  # type: ignore[index]
        if (found := _refusal_of(code, tag, is_tag=piece[0] == "{%")) is not None:
            return found
        if tag == "raw":
            end_of_raw = _ENDRAW.search(source, at)
            at = len(source) if end_of_raw is None else end_of_raw.end()
    return None


def _code(source: str, start: int, end_mark: str) -> tuple[str, int]:
    """The code of a tag that starts at `start`, its strings emptied, and where the text goes on."""
    kept, at = [], start
    while at < len(source) and not source.startswith(end_mark, at):
        string = _STRING.match(source, at)
        kept.append("''" if string else source[at])
        at = string.end() if string else at + 1
    return "".join(kept), at + len(end_mark)


def _refusal_of(code: str, tag: str, *, is_tag: bool) -> str | None:
    if "*" in code:
        return "multiplication is not available in templates"
    if tag in _LOADING:
        return "a template cannot load another one"
    if is_tag and tag not in _TAGS:
        return f"the tag {tag[:20]!r} is not available in templates"
    if "{" in code:
        return "a template cannot build objects"
    if built := _BUILDS.search(code):
        return f"{built[0].strip('|( ')} is not available in templates"
    if tag in _NAMING:
        given = code.split(tag, 1)[1]
        if _COMPOSES.search(given) or (tag == "set" and _has_bare_comma(given)):
            return f"{tag} takes one value; it cannot build lists or sums"
    return None


def _has_bare_comma(code: str) -> bool:
    """Whether a comma stands outside of all brackets: `set a = b, b` makes a tuple."""
    depth = 0
    for character in code:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth <= 0:
            return True
    return False
