"""What the campaigns are that the steps of a campaign become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.campaigns.texts import NAME_MAX
from contracts.vocabulary import Channel


def named_step(name: str, place: int, channel: Channel) -> str:
    """By the campaign's name, the place from 1 on, and the channel: `Wiosna (2: sms)`."""
    ending = f" ({place + 1}: {channel})"
    return name[: NAME_MAX - len(ending)] + ending


def step_options(options: Mapping[str, Any], step: Mapping[str, Any], *, steps: int) -> dict[str, Any]:
    """The options under which a step is sent: the campaign's, and its own quiet hours beside the campaign's.

    The campaign's throttle holds over all of its steps. Each gets an equal share of it, for several dispatchers may
    have them in hand, and what none of them may exceed all of them together do not.
    """
    chosen: dict[str, Any] = {"quiet_hours": options.get("quiet_hours"), "step_quiet_hours": step.get("quiet_hours")}
    if throttle := options.get("throttle_per_hour"):
        chosen["throttle_per_hour"] = max(1, int(throttle) // steps)
    return {name: value for name, value in chosen.items() if value is not None}
