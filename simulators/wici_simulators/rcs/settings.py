"""What can be set while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wici_simulators.push.settings import Settings as Common


@dataclass
class Settings(Common):
    """`answers` are by phone: a status of google.rpc, or `lost`, `half`, `garbage`, `html`, `hang`.

    :ivar without: endings of phones that have no RCS. :ivar offline: endings of phones that get nothing for now.
    :ivar hooks: by Google's id of an agent: `{"url": …, "client_token": …}`.
    :ivar event_delay: seconds until a phone tells. :ivar reads: whether people read.
    :ivar taps: whether they tap at the first suggestion.
    :ivar doubled: whether each event is told twice. :ivar early: events come before the answer.
    """

    without: list[Any] = field(default_factory=list)
    offline: list[Any] = field(default_factory=list)
    hooks: dict[str, Any] = field(default_factory=dict)
    event_delay: float = 0.05
    reads: bool = True
    taps: bool = False
    doubled: bool = False
    early: bool = False
