"""Which network a phone belongs to, by the plan that its range of numbers stands in.

Poland's plan is `networks_pl.toml`; other countries' is libphonenumber's carrier data. A number that was taken along to
another network is told as one of the first, until a look-up has said where it is (`note_look_up`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.carrierdata import CARRIER_DATA

_POLAND = "48"
_SHORTEST = 3
MOST_TAKEN_ALONG = 2_000_000  # about 200 MB
_taken_along: dict[str, str] = {}


def network_of(address: str) -> str | None:
    """A country and a network, `pl.play`; None of a number in no plan. Each message of a campaign asks.

    :param address: E.164.
    """
    return _taken_along.get(address) or _by_plan(address)


def _by_plan(address: str) -> str | None:
    digits = address[1:]
    return _network_of(digits[: _longest().get(digits[:2], 0)])


def note_look_up(address: str, network: str | None) -> None:
    """What a carrier has said of a number counts before its plan; only those that differ are kept.

    :param network: None: one that has no name here.
    """
    if network is None or network == _by_plan(address):
        _taken_along.pop(address, None)
    elif len(_taken_along) < MOST_TAKEN_ALONG or address in _taken_along:
        _taken_along[address] = network


@lru_cache(maxsize=1 << 16)
def _network_of(digits: str) -> str | None:
    plan = _plan()
    for length in range(len(digits), _SHORTEST - 1, -1):
        found = plan.get(digits[:length])
        if found is not None:
            return found
    return None


@cache
def _longest() -> Mapping[str, int]:
    """How many digits tell a network at most, by the first two: numbers of one network are looked up once then."""
    longest: dict[str, int] = {}
    for prefix in _plan():
        longest[prefix[:2]] = max(len(prefix), longest.get(prefix[:2], 0))
    return longest


@cache
def known() -> frozenset[str]:
    """All networks that there are."""
    return frozenset(_plan().values())


@cache
def known_places() -> frozenset[str]:
    """All networks, and the countries that phones are of: `pl`."""
    return known() | {region.lower() for regions in COUNTRY_CODE_TO_REGION_CODE.values() for region in regions}


@cache
def _plan() -> Mapping[str, str]:
    """Networks by the beginning of a number, country code first."""
    plan = {
        prefix: network
        for prefix, names in CARRIER_DATA.items()
        if not prefix.startswith(_POLAND) and (network := _network(prefix, names.get("en", "")))
    }
    text = resources.files(__package__).joinpath("networks_pl.toml").read_text("utf-8")
    for network, entry in tomllib.loads(text).items():
        plan |= dict.fromkeys((_POLAND + prefix for prefix in entry["prefixes"]), f"pl.{network}")
    return plan


def _network(prefix: str, name: str) -> str | None:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    regions = next((COUNTRY_CODE_TO_REGION_CODE.get(int(prefix[:length])) for length in (1, 2, 3)
                    if int(prefix[:length]) in COUNTRY_CODE_TO_REGION_CODE), None)  # fmt: skip
    return f"{regions[0].lower()}.{slug[:60]}" if slug and regions else None
