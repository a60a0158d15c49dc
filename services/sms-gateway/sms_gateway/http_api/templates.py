"""Requests as operators describe them: text with `{names}`, filled for each message.

A JSON or form body is a value whose texts have names in them, so that nothing needs quoting. What a message does not
have (`validity_seconds` of one without a validity) leaves its whole key out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

NAMES = frozenset(
    {
        "to", "to_digits", "from", "text", "message_id", "parts", "encoding", "flash", "validity_minutes",
        "validity_seconds", "expires_at", "account", "token", "basic", "hook_url",
    }
)  # fmt: skip
_NAME = re.compile(r"\{([a-z_]+)\}")
_MISSING = object()

Values = Mapping[str, str | int | None]


def names(template: Any) -> set[str]:
    if isinstance(template, Mapping):
        return {name for value in template.values() for name in names(value)}
    if isinstance(template, list):
        return {name for value in template for name in names(value)}
    return set(_NAME.findall(template)) if isinstance(template, str) else set()


def unknown_names(template: Any) -> set[str]:
    """Names in it that no message has."""
    return names(template) - NAMES


def filled(template: Any, values: Values) -> Any:
    """A text that is one name and no more becomes the value itself: a number stays one."""
    made = _filled(template, values)
    return None if made is _MISSING else made


def filled_url(template: str, values: Values) -> str:
    """The same, with the values quoted as a part of a path or query (RFC 3986 section 2.1)."""
    return _NAME.sub(lambda found: quote(_text(values.get(found[1])), safe=""), template)


def _filled(template: Any, values: Values) -> Any:
    if isinstance(template, Mapping):
        made = {key: _filled(value, values) for key, value in template.items()}
        return {key: value for key, value in made.items() if value is not _MISSING}
    if isinstance(template, list):
        return [value for value in (_filled(each, values) for each in template) if value is not _MISSING]
    if not isinstance(template, str):
        return template
    whole = _NAME.fullmatch(template)
    if whole:
        value = values.get(whole[1])
        return _MISSING if value is None else value
    return _NAME.sub(lambda found: _text(values.get(found[1])), template)


def _text(value: str | int | None) -> str:
    return "" if value is None else str(value)
