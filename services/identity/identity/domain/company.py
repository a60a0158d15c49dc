"""Company data (A6), and the region that the account's phone numbers are of."""

from __future__ import annotations

import re

from contracts.errors import Invalid

NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
# Countries and territories that a phone number can be of (as phonenumbers knows them; a test compares).
_REGIONS = """
AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD
CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE
GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ
NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH
SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG
VI VN VU WF WS XK YE YT ZA ZM ZW
"""
REGIONS = frozenset(_REGIONS.split())
_PHONE = re.compile(
    r"(?:(?:tel|telefon|phone|mobile|kom)[.:]{0,2} ?)?(\+?\(?[0-9][0-9 ().\-/]*)(?: ?(?:ext|wew|w|x)\.? ?[0-9]{1,6})?",
    re.IGNORECASE,
)
# What a letterhead is set with in place of spaces and hyphens.
_TYPED = str.maketrans(
    dict.fromkeys("\u00a0\u2007\u2009\u202f", " ") | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-")
)
FEWEST_DIGITS, MOST_DIGITS = 7, 15  # of a number with its area or country (E.164)
_SITE = re.compile(
    r"(?:https?://)?(?:(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])\.?|(?:[0-9]{1,3}\.){3}[0-9]{1,3})"
    r"(?::[0-9]{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
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


def phone(written: str) -> str:
    """A phone number, or several with commas, as people write it on a letterhead, kept so; "" stays "".

    :raises Invalid: `phone.invalid`, it has too few digits or too many, or says something else.
    """
    kept = written.strip()
    if kept and not all(_is_phone(one.strip()) for one in re.split("[,;]", kept.translate(_TYPED))):
        raise Invalid.of_field("company.phone", "phone.invalid", "Not a valid phone number.")
    return kept


def _is_phone(written: str) -> bool:
    found = _PHONE.fullmatch(written)
    return found is not None and FEWEST_DIGITS <= sum(map(str.isdigit, found[1])) <= MOST_DIGITS


def site(written: str) -> str:
    """A web site's address, with `https://` or without it, kept so; "" stays "".

    :raises Invalid: `site.invalid`.
    """
    kept = written.strip()
    if kept and not _SITE.fullmatch(kept):
        raise Invalid.of_field(
            "company.site", "site.invalid", "Not the address of a web site, such as www.sklep.example."
        )
    return kept


def region(written: str) -> str:
    """:raises Invalid: `region.unknown`, no phone number is of it."""
    if written not in REGIONS:
        raise Invalid.of_field("default_region", "region.unknown", "Not a country or territory such as PL.")
    return written


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
