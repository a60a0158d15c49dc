"""What people call a phone's network; sms-gateway tells it as a country and a short name, `pl.play`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources


def network_name(network: str) -> str:
    """`Play (PL)` of `pl.play`; one that is not known is told as it is."""
    country, _, short = network.partition(".")
    name = _names().get(short)
    return f"{name} ({country.upper()})" if name else network


@cache
def _names() -> Mapping[str, str]:
    text = resources.files(__package__).joinpath("network_names.toml").read_text("utf-8")
    return tomllib.loads(text)
