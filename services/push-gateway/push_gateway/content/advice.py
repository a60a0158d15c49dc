"""What of a push the platforms cut, though nothing forbids to send it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Characters that a closed notification shows on a telephone of usual width, as the makers' guidelines have it.
SHOWN: Mapping[str, Mapping[str, int]] = {
    "title": {"android": 65, "ios": 50, "web": 50},
    "body": {"android": 240, "ios": 178, "web": 120},
}


def advice_of(
    content: Mapping[str, Any], rendered: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Figures of the longest of those texts, and advice on what is cut where.

    :param rendered: as recipients would get it; without any the content as it is written.
    """
    shown = rendered or [content]
    figures, advice = {}, []
    for field, limits in SHOWN.items():
        characters = max(len(str(one.get(field) or "")) for one in shown)
        figures[f"{field}_characters"] = characters
        cut = [f"{platform} after {most}" for platform, most in limits.items() if characters > most]
        if cut:
            detail = f"{characters} characters: cut on {', '.join(cut)}."
            advice.append({"field": field, "code": f"push.{field}_cut", "detail": detail})
    return figures, advice
