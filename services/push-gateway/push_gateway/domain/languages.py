"""Which translation a device gets."""

from __future__ import annotations

from collections.abc import Collection


def chosen(language: str | None, translations: Collection[str]) -> str | None:
    """The translation for a device of that language: `pt-BR`, else `pt`; None for the default text."""
    if not language:
        return None
    by_lower = {name.lower(): name for name in translations}
    wanted = language.lower()
    return by_lower.get(wanted) or by_lower.get(wanted.partition("-")[0])
