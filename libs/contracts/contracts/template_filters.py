"""Filters of templates for dates, amounts, numbers and names, in Polish and English; every channel has the same.

    {{ birth_date | date }}                       24.11.2026
    {{ birth_date | date("long") }}               24 listopada 2026     "long", "en": 24 November 2026
    {{ starts_at | date("weekday") }}             wtorek, 24 listopada 2026
    {{ starts_at | date("day") }}                 24 listopada
    {{ starts_at | time }}                        18:30
    {{ price | amount("PLN") }}                   1 234,50 zł           "EUR", "en": €1,234.50
    {{ points | number }}                         1 234                 "en": 1,234
    {{ first_name | vocative }}                   Anno

Of a value that is missing they make nothing, or fail where the template must have all of its values. Their messages
quote no value: whose it is is nobody's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from contracts.vocative import vocative

NAMES = frozenset(("amount", "date", "number", "time", "vocative"))
SPACE = "\u00a0"  # at which no line ends
_LARGEST = 10**15
_MOST_DECIMALS = 6

_MONTHS = {
    "pl": (
        *("stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września"),
        *("października", "listopada", "grudnia"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
        *("November", "December"),
    ),
}
_DAYS = {
    "pl": ("poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_SIGNS = {"PLN": "zł", "EUR": "€", "USD": "$", "GBP": "£", "CZK": "Kč"}
_BEFORE = frozenset("€$£")  # in English; others stand behind the amount
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,12})?")


class FilterFailed(ValueError):
    """A value that the filter can make nothing of; the text is for the template's author."""


def add_to(environment: Any, *, lenient: bool, space: str = SPACE) -> None:
    """Give a minijinja environment the filters.

    :param lenient: a value that is missing gives nothing, instead of failing.
    :param space: between thousands and before a currency; in an SMS one that costs nothing.
    """
    for name, make in _FILTERS.items():
        environment.add_filter(name, _optional(name, make, lenient=lenient, space=space))


def _optional(name: str, make: Callable[..., str], *, lenient: bool, space: str) -> Callable[..., str]:
    def of(value: Any = None, *options: Any, **named: Any) -> str:
        if value is None or value == "":
            if lenient:
                return ""
            raise FilterFailed(f"the filter {name} is given nothing; default(…) before it gives it something")
        if not all(isinstance(one, str | int) for one in (*options, *named.values())):
            raise FilterFailed(f"the filter {name} takes texts and numbers in its brackets")
        try:
            made = make(value, *options, **named)
        except TypeError:
            raise FilterFailed(f"the filter {name} does not take what stands in its brackets") from None
        return made.replace(" ", space) if name in _SPACED else made

    return of


def _date(value: Any, style: str = "short", lang: str = "pl") -> str:
    if style not in _STYLES or lang not in _MONTHS:
        known = ", ".join(f'"{one}"' for one in _STYLES)
        raise FilterFailed(f'the filter date knows {known}, in "pl" and "en"')
    try:
        day = date.fromisoformat(_moment(value, "date")[1])
    except ValueError:
        raise FilterFailed("the filter date needs a date, such as 2026-11-24") from None
    return _STYLES[style](day, lang)


def _time(value: Any) -> str:
    time = _moment(value, "time")[2]
    if time is None:
        raise FilterFailed("the filter time needs a date with a time, such as 2026-11-24T18:30")
    return str(time)


def _moment(value: Any, name: str) -> re.Match[str]:
    text = value.isoformat() if isinstance(value, datetime | date) else value
    found = _DATE.fullmatch(text.strip()) if isinstance(text, str) and len(text) < 60 else None
    if found is None:
        raise FilterFailed(f"the filter {name} needs a date, such as 2026-11-24")
    return found


def _short(day: date, language: str) -> str:
    return f"{day.day:02}.{day.month:02}.{day.year}" if language == "pl" else f"{day.day:02}/{day.month:02}/{day.year}"


def _day(day: date, language: str) -> str:
    return f"{day.day} {_MONTHS[language][day.month - 1]}"


def _long(day: date, language: str) -> str:
    return f"{_day(day, language)} {day.year}"


def _weekday(day: date, language: str) -> str:
    return f"{_DAYS[language][day.weekday()]}, {_long(day, language)}"


def _iso(day: date, language: str) -> str:
    return day.isoformat()


def _amount(value: Any, currency: str = "PLN", lang: str = "pl") -> str:
    sign = _SIGNS.get(currency, currency)
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise FilterFailed('the filter amount takes a currency of three letters, such as "PLN"')
    written = _written(_decimal(value, "amount"), 2, lang, "amount")
    if lang == "en" and sign in _BEFORE:
        return f"-{sign}{written[1:]}" if written.startswith("-") else f"{sign}{written}"
    return f"{written} {sign}"


def _number(value: Any, decimals: int | None = None, lang: str = "pl") -> str:
    if isinstance(decimals, str):  # number("en")
        decimals, lang = None, decimals
    return _written(_decimal(value, "number"), decimals, lang, "number")


def _decimal(value: Any, name: str) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST:  # nor is "no number"
        return Decimal(str(value))
    plain = "".join(value.split()).replace(",", ".") if isinstance(value, str) and len(value) < 60 else ""
    if _NUMBER.fullmatch(plain) is None:
        raise FilterFailed(f"the filter {name} needs a number, below a thousand million million")
    return Decimal(plain)


def _written(number: Decimal, decimals: int | None, lang: str, name: str) -> str:
    if lang not in _MONTHS:
        raise FilterFailed(f'the filter {name} knows "pl" and "en"')
    if decimals is None:
        number = number.quantize(Decimal(1).scaleb(-_MOST_DECIMALS), ROUND_HALF_UP)
        text = f"{number:,f}".rstrip("0").rstrip(".")
    elif 0 <= decimals <= _MOST_DECIMALS:
        text = f"{number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"
    else:
        raise FilterFailed(f"the filter {name} gives up to {_MOST_DECIMALS} decimals")
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text if lang == "en" else text.translate(_POLISH)


def _vocative(value: Any) -> str:
    return vocative(str(value))


_POLISH = str.maketrans(",.", " ,")
_STYLES: dict[str, Callable[[date, str], str]] = {
    "short": _short, "long": _long, "day": _day, "weekday": _weekday, "iso": _iso,
}  # fmt: skip
_FILTERS: dict[str, Callable[..., str]] = {
    "amount": _amount, "date": _date, "number": _number, "time": _time, "vocative": _vocative,
}  # fmt: skip
_SPACED = frozenset(("amount", "number"))
