"""A campaign's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.vocabulary import LeftOut


def progress(counts: Mapping[str, Any], left_out: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """The figures as they are shown: at every moment they add up to the numbered audience.

    :param counts: recipients (None before they are numbered), published, submitted, failed, deferred.
    :param left_out: by the reason, as several have seen it.
    """
    reasons = {str(reason): sum(each.get(reason, 0) for each in left_out) for reason in LeftOut}
    decided = counts["submitted"] + counts["failed"] + counts["deferred"] + sum(reasons.values())
    to_come = None if counts["recipients"] is None else counts["recipients"] - decided
    return {**counts, "left_out": reasons, "to_come": to_come}
