"""What can be set while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Settings:
    """:ivar answers: by device token; the other devices take everything.
    :ivar delay: seconds before each answer. :ivar throttle: requests of each provider that are sent away first.
    :ivar retry_after: seconds, said with throttles and 503. :ivar token_seconds: for how long an access token holds.
    """

    answers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    throttle: int = 0
    retry_after: int = 1
    token_seconds: float = 3600.0

    def change(self, wanted: Any) -> None:
        """:raises ValueError: a setting that there is not, or of another type."""
        if not isinstance(wanted, dict):
            raise ValueError("settings are an object")
        kinds = {one.name: type(getattr(self, one.name)) for one in fields(self)}
        for name, value in wanted.items():
            if name not in kinds:
                raise ValueError(f"there is no setting {name}")
            if not isinstance(value, (int, float) if kinds[name] is float else kinds[name]):
                raise ValueError(f"{name} is not of its type")
        for name, value in wanted.items():
            setattr(self, name, value)
