"""Company data (A6)."""

from __future__ import annotations

import re

from contracts.errors import Invalid

NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
FOREIGN_VAT_NUMBER = re.compile(r"[A-Z]{2}(?=.*[0-9])[0-9A-Z+*]{2,12}")


def vat_number(written: str) -> str:
    """The canonical VAT number: ten digits for a Polish NIP, else country code and number; "" stays "".

    A NIP's tenth digit is the weighted sum of the others modulo 11 (and never 10).

    :raises Invalid: `vat_number.invalid`.
    """
    compact = re.sub(r"[\s.\-]", "", written).upper()
    if compact == "":
        return ""
    digits = compact.removeprefix("PL")
    if digits.isascii() and digits.isdigit():
        if _is_nip(digits):
            return digits
    elif FOREIGN_VAT_NUMBER.fullmatch(compact) and not compact.startswith("PL"):
        return compact
    raise Invalid.of_field("company.vat_number", "vat_number.invalid", "Not a valid VAT number.")


def is_vat_number(written: str) -> bool:
    """Whether `written` is a VAT number, or nothing."""
    try:
        vat_number(written)
    except Invalid:
        return False
    return True


def _is_nip(digits: str) -> bool:
    if len(digits) != 10:
        return False
    return sum(weight * int(digit) for weight, digit in zip(NIP_WEIGHTS, digits, strict=False)) % 11 == int(digits[9])
