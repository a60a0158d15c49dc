"""Which mail route fits a recipient's domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

R = TypeVar("R")


def best_route(domain: str, routes: Iterable[tuple[str, R]]) -> R | None:
    """The route whose pattern fits the domain best: the exact name, then the longest `*.suffix`, then `*`."""
    fitting = [(len(pattern), pattern[0] != "*", route) for pattern, route in routes if _fits(pattern, domain)]
    return max(fitting, key=lambda found: (found[1], found[0]))[2] if fitting else None


def _fits(pattern: str, domain: str) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return domain.endswith(pattern[1:])
    return pattern == domain
