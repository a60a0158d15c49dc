"""Words found anywhere in what a contact is called, without case or accents (`chassis.words`)."""

from __future__ import annotations

from collections.abc import Sequence


def holds(columns: Sequence[str], parameter: str) -> str:
    """SQL over `c`: what stands in the columns, side by side, holds the word of the bound pattern."""
    return f"concat_ws(' ', {', '.join(f'c.{name}' for name in columns)}) ~ CAST(:{parameter} AS text)"
