"""What Google takes of a message, by its public reference."""

from __future__ import annotations

from typing import Any

TEXT, TITLE, DESCRIPTION, LABEL, POSTBACK = 3_072, 200, 2_000, 25, 2_048
TTL = 10, 1_296_000  # seconds
ACTIONS = (
    "openUrlAction", "dialAction", "viewLocationAction", "shareLocationAction", "createCalendarEventAction",
)  # fmt: skip


def problem_of(content: dict[str, Any]) -> str | None:
    """Why it is not taken; None: it is. :raises KeyError, TypeError: it is no message at all."""
    said = [name for name in ("text", "richCard", "contentInfo") if name in content]
    if len(said) != 1:
        return "one of text, richCard, contentInfo"
    if "text" in content and not 1 <= len(content["text"]) <= TEXT:
        return "text"
    if "contentInfo" in content and not content["contentInfo"]["fileUrl"].startswith("https://"):
        return "fileUrl"
    rich = content.get("richCard") or {}
    cards = [rich["standaloneCard"]["cardContent"]] if "standaloneCard" in rich else []
    if "carouselCard" in rich:
        cards = rich["carouselCard"]["cardContents"]
        if not 2 <= len(cards) <= 10 or rich["carouselCard"]["cardWidth"] not in ("SMALL", "MEDIUM"):
            return "carouselCard"
    problems = [_of_card(card) for card in cards] + [_of_suggestions(content, 11)]
    return next((problem for problem in problems if problem), None)


def problem_of_ttl(ttl: str | None) -> str | None:
    """:raises ValueError: it is no duration."""
    seconds = TTL[1] if ttl is None else float(ttl.removesuffix("s"))
    return None if TTL[0] <= seconds <= TTL[1] else "ttl"


def _of_card(card: dict[str, Any]) -> str | None:
    if not any(card.get(name) for name in ("title", "description", "media")):
        return "cardContent"
    if len(card.get("title", "")) > TITLE or len(card.get("description", "")) > DESCRIPTION:
        return "title or description"
    if "media" in card and card["media"]["height"] not in ("SHORT", "MEDIUM", "TALL"):
        return "height"
    return _of_suggestions(card, 4)


def _of_suggestions(holder: dict[str, Any], most: int) -> str | None:
    suggestions = holder.get("suggestions") or []
    if len(suggestions) > most:
        return "suggestions"
    for one in suggestions:
        inner = one.get("reply") or one["action"]
        if not 1 <= len(inner["text"]) <= LABEL or len(inner["postbackData"]) > POSTBACK:
            return "suggestion"
        if "action" in one and sum(name in inner for name in ACTIONS) != 1:
            return "action"
    return None
