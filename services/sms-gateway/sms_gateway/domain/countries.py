"""Which country a phone is of, for accounts that may send to some alone."""

from __future__ import annotations

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

NOT_ALLOWED = "country.not_allowed"
KNOWN = frozenset(phonenumbers.SUPPORTED_REGIONS)


def country_of(address: str) -> str:
    """ISO 3166's two letters; empty where no country has its calling code. Of the countries that share one (+1, +7, +44
    ...) it is the one whose range it stands in, else the first of them.

    :param address: E.164.
    """
    for length in (1, 2, 3):
        code = address[1 : 1 + length]
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code.isdecimal() else None
        if regions is not None:
            return regions[0] if len(regions) == 1 else _of_shared(address, regions)
    return ""


def _of_shared(address: str, regions: tuple[str, ...]) -> str:
    try:
        found = phonenumbers.region_code_for_number(phonenumbers.parse(address))
    except phonenumbers.NumberParseException:
        found = None
    return str(found or regions[0])
