"""Figures of a content, and what is worth mending of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.rcs_gateway.contents import BASIC_MAX, Kind
from rcs_gateway.content.template import cards_of


def characters_of(content: Mapping[str, Any]) -> int:
    """Of the text, or of the longest description."""
    texts = [content.get("text"), *(card.get("description") for _, card in cards_of(content))]
    return max(len(str(text or "")) for text in texts)


def advice_of(
    content: Mapping[str, Any], rendered: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """:param rendered: as recipients would get it; without any the content as it is written."""
    characters = max(characters_of(one) for one in rendered or [content])
    advice = []
    beside = content.get("media") or content.get("suggestions")
    if content.get("kind") == Kind.SINGLE and not beside and characters <= BASIC_MAX:
        detail = f"{characters} characters and no suggestions: as `basic` it costs less."
        advice.append({"field": "kind", "code": "rcs.basic_would_do", "detail": detail})
    return {"characters": characters, "kind": content.get("kind")}, advice
