"""A campaign's figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.vocabulary import CampaignState, LeftOut


def added_up(slices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A channel's counts of slices of one campaign, as those of the whole."""
    left_out: Counter[str] = Counter()
    for counts in slices:
        left_out.update(counts["left_out"])
    sums = {name: sum(counts.get(name) or 0 for counts in slices) for name in ("submitted", "failed", "deferred")}
    return {**sums, "units": sum(counts.get("units") or 0 for counts in slices), "left_out": dict(left_out)}


def progress_of_people(progress: Mapping[str, Any], people: Mapping[str, int], state: CampaignState) -> dict[str, Any]:
    """The figures of a campaign of steps, which counts people: `domain.people.figures` of place 0.

    Who was on the way when it was cancelled or failed is not sent to any more.
    """
    told = {name: people.get(f"progress.{name}", 0) for name in ("submitted", "failed", "deferred")}
    if state in (CampaignState.CANCELLED, CampaignState.FAILED):
        told["deferred"] = 0
    reasons = {str(reason): people.get(f"left_out.{reason}", 0) for reason in LeftOut}
    decided = sum(told.values()) + sum(reasons.values())
    recipients = progress["recipients"]
    shown = {"recipients": recipients, "published": people.get("published", 0), **told, "left_out": reasons}
    return {**shown, "to_come": None if recipients is None else recipients - decided}


def progress(counts: Mapping[str, Any], left_out: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """The figures as they are shown: at every moment they add up to the numbered audience.

    :param counts: recipients (None before they are numbered), published, submitted, failed, deferred.
    :param left_out: by the reason, as several have seen it.
    """
    reasons = {str(reason): sum(each.get(reason, 0) for each in left_out) for reason in LeftOut}
    decided = counts["submitted"] + counts["failed"] + counts["deferred"] + sum(reasons.values())
    to_come = None if counts["recipients"] is None else counts["recipients"] - decided
    return {**counts, "left_out": reasons, "to_come": to_come}
