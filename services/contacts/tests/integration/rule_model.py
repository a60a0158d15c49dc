"""Rules said again in the plainest Python, over contacts that are dictionaries; and random contacts and rules.

Nothing here is taken from the code under test: the SQL has to give the members that this gives.
"""

from __future__ import annotations

import calendar
import random
import unicodedata
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

TODAY = date(2027, 2, 27)  # the end of a February without a 29th
GROUPS = [f"00000000-0000-7000-8000-00000000000{n}" for n in range(3)]
CAMPAIGNS = [f"00000000-0000-7000-8000-0000000000c{n}" for n in range(3)]
CHANNEL_OF = dict(zip(CAMPAIGNS, ("sms", "push", "rcs"), strict=True))
ENGAGEMENTS = ["delivered", "bounced", "opened", "clicked", "unsubscribed", "complained"]
KINDS = {
    "city": "text", "first_name": "text", "phone": "text", "birth_date": "date", "created_at": "date",
    "sms_consent_at": "date", "email_consent": "boolean", "sms_consent": "boolean",
    "size": "number", "vip": "boolean", "code": "text", "since": "date",
}  # fmt: skip
CUSTOM = ("size", "vip", "code", "since")
TEXTS = [
    "Gdynia",
    "Gdańsk",
    "GDANSK",
    "Łódź",
    "lodz",
    "gdynia",
    "G",
    "ó",
    "ń",
    "%",
    "_",
    "\\",
    "'; --",
    "",
    "Nowy Dwór",
    "A1",
    "+48",
]
NUMBERS = [3, 4.5, -1, 0, 4, 10**17]
DATES = ["1990-02-28", "2000-02-29", "1990-03-01", "2027-02-27", "2027-02-20", "2027-03-08", "1999-12-31"]
DAYS = [0, 1, 2, 7, 9, 40, 400]


def people(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Contacts by field (None where one has no value), with `groups`, `archived` and `engagement`."""
    rng = random.Random(seed)

    def maybe(values: list[Any]) -> Any:
        return rng.choice([*values, None])

    born = ["1990-02-28", "2000-02-29", "1990-03-01", "1999-12-31", "1980-02-27", "1975-03-06"]
    made = []
    for _ in range(count):
        near = TODAY + timedelta(days=rng.randint(-12, 12))
        made.append(
            {
                "city": maybe([text for text in TEXTS if text]),
                "first_name": maybe(["Ola", "Jan", "ó"]),
                "phone": maybe([f"+4850{rng.randrange(10**7):07d}"]),
                "birth_date": maybe([date.fromisoformat(day) for day in born]),
                "created_at": near,
                "sms_consent_at": maybe([near]),
                "email_consent": maybe([True, False]),
                "sms_consent": maybe([True, False]),
                "size": maybe(NUMBERS),
                "vip": maybe([True, False]),
                "code": maybe(["A1", "a1", "B%2", "Łódź"]),
                "since": maybe([date.fromisoformat(day) for day in DATES]),
                "groups": [group for group in GROUPS if rng.random() < 0.4],
                "archived": [channel for channel in ("sms", "email") if rng.random() < 0.2],
                "engagement": [
                    (campaign, kind, TODAY - timedelta(days=rng.choice([0, 1, 5, 40])))
                    for campaign in CAMPAIGNS
                    for kind in ENGAGEMENTS
                    for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))
                ],
            }
        )
    return made


def _plain(text: Any, accents: bool) -> Any:
    """A text, or a list of them, as it is compared: in lower case, and without accents where they do not count."""
    if isinstance(text, list):
        return [_plain(one, accents) for one in text]
    lower = text.lower()
    if accents:
        return lower
    parts = unicodedata.normalize("NFD", lower.replace("ł", "l"))
    return "".join(one for one in parts if not unicodedata.combining(one))


def holds(rule: Any, person: dict[str, Any]) -> bool:
    if "all" in rule:
        return all(holds(one, person) for one in rule["all"])
    if "any" in rule:
        return any(holds(one, person) for one in rule["any"])
    if "not" in rule:
        return not holds(rule["not"], person)
    op = rule["op"]
    field = rule["field"]
    if KINDS.get(field) == "text" and field != "phone" and rule.get("value") is not None:
        accents = rule.get("accents", True)
        rule = {**rule, "value": _plain(rule["value"], accents)}
        person = {**person, field: None if person[field] is None else _plain(person[field], accents)}
    if op == "ne":
        return not _is(rule["field"], "eq", rule["value"], person)
    if op == "is_not_empty":
        return person[rule["field"]] is not None
    if op.startswith("not_"):
        return not _is(rule["field"], op.removeprefix("not_"), rule.get("value"), person)
    return _is(rule["field"], op, rule.get("value"), person)


def _is(field: str, op: str, wanted: Any, person: dict[str, Any]) -> bool:
    if field == "group":
        return any(group in person["groups"] for group in (wanted if isinstance(wanted, list) else [wanted]))
    if field == "archived":
        return any(channel in person["archived"] and _address(person, channel) for channel in wanted)
    if field == "engagement":
        return _engaged(op, wanted or {}, person["engagement"])
    value = person[field]
    if op == "is_empty":
        return value is None
    if value is None:
        return False
    if KINDS[field] == "date":
        return _is_date(op, value, wanted)
    return bool(PLAIN[op](value, wanted))


def _address(person: dict[str, Any], channel: str) -> bool:
    return channel == "email" or person["phone"] is not None


def _engaged(kind: str, wanted: dict[str, Any], engagements: list[tuple[str, str, date]]) -> bool:
    times = 0
    for campaign, what, day in engagements:
        if what != kind or (wanted.get("campaigns") and campaign not in wanted["campaigns"]):
            continue
        if wanted.get("channels") and CHANNEL_OF[campaign] not in wanted["channels"]:
            continue
        if wanted.get("last_days") is not None and day < TODAY - timedelta(days=wanted["last_days"]):
            continue
        times += 1
    return times >= (wanted.get("at_least") or 1)


PLAIN = {
    "eq": lambda value, wanted: value == wanted,
    "in": lambda value, wanted: value in wanted,
    "contains": lambda value, wanted: wanted in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "before": lambda value, wanted: value < wanted,
    "after": lambda value, wanted: value > wanted,
    "between": lambda value, wanted: wanted[0] <= value <= wanted[1],
}


def _is_date(op: str, value: date, wanted: Any) -> bool:
    if op in PLAIN:
        days = [date.fromisoformat(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
        return bool(PLAIN[op](value, days if isinstance(wanted, list) else days[0]))
    if op == "last_days":
        return TODAY - timedelta(days=wanted) <= value <= TODAY
    if op == "next_days":
        return TODAY <= value <= TODAY + timedelta(days=wanted)
    if op == "older_than_days":
        return value < TODAY - timedelta(days=wanted)
    if op == "anniversary_in_days":
        return _birthday_in(value, (TODAY + timedelta(days=wanted)).year) == TODAY + timedelta(days=wanted)
    if op == "anniversary_within_days":
        years = range(TODAY.year, TODAY.year + 3)
        return any(TODAY <= _birthday_in(value, year) <= TODAY + timedelta(days=wanted) for year in years)
    if op == "anniversary_in_months":
        return value.month == [*range(1, 13), *range(1, 13)][TODAY.month - 1 + wanted]
    assert op == "month_in"
    return value.month in wanted


def _birthday_in(born: date, year: int) -> date:
    leap = (born.month, born.day) == (2, 29) and not calendar.isleap(year)
    return date(year, 2, 28) if leap else date(year, born.month, born.day)


_SCALARS = {
    "text": st.sampled_from(TEXTS),
    "number": st.sampled_from(NUMBERS),
    "date": st.sampled_from(DATES),
    "boolean": st.booleans(),
}
_OPERATORS = {
    "text": ["eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with"],
    "number": ["eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "not_in"],
    "date": [
        "eq", "ne", "before", "after", "between", "last_days", "next_days", "older_than_days", "anniversary_in_days",
        "anniversary_within_days", "anniversary_in_months", "month_in",
    ],
    "boolean": ["eq", "ne"],
}  # fmt: skip


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from([*KINDS, "group", "archived", "engagement", "engagement"]))
    if field == "group":
        chosen = st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2, unique=True)
        value = draw(st.one_of(chosen, st.sampled_from(GROUPS)))
        return {"field": field, "op": draw(st.sampled_from(["in", "not_in"])), "value": value}
    if field == "archived":
        value = draw(st.sampled_from([["sms"], ["email"], ["sms", "email"]]))
        return {"field": field, "op": draw(st.sampled_from(["in", "not_in"])), "value": value}
    if field == "engagement":
        return {"field": field, "op": draw(st.sampled_from(_ENGAGED)), "value": draw(_asked())}
    op = draw(st.sampled_from([*_OPERATORS[KINDS[field]], "is_empty", "is_not_empty"]))
    if op in ("is_empty", "is_not_empty"):
        return {"field": field, "op": op}
    accents = {"accents": draw(st.booleans())} if KINDS[field] == "text" else {}
    return {"field": field, "op": op, "value": draw(_value(KINDS[field], op)), **accents}


_ENGAGED = [*ENGAGEMENTS, *(f"not_{kind}" for kind in ENGAGEMENTS)]


def _value(kind: str, op: str) -> st.SearchStrategy[Any]:
    if op.endswith("_days"):
        return st.sampled_from(DAYS)
    if op == "anniversary_in_months":
        return st.integers(0, 11)
    if op == "month_in":
        return st.lists(st.integers(1, 12), min_size=1, max_size=3)
    if op in ("between", "in", "not_in"):
        return st.lists(_SCALARS[kind], min_size=2, max_size=2 if op == "between" else 4)
    return _SCALARS[kind]


def _asked() -> st.SearchStrategy[Any]:
    return st.none() | st.fixed_dictionaries(
        {},
        optional={
            "campaigns": st.lists(st.sampled_from(CAMPAIGNS), min_size=1, max_size=2),
            "channels": st.lists(st.sampled_from(["sms", "push", "rcs"]), min_size=1, max_size=2),
            "last_days": st.sampled_from(DAYS),
            "at_least": st.integers(1, 4),
        },
    )


def trees() -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        conditions(),
        lambda below: st.one_of(
            st.builds(lambda one: {"all": one}, st.lists(below, min_size=1, max_size=4)),
            st.builds(lambda one: {"any": one}, st.lists(below, min_size=1, max_size=4)),
            st.builds(lambda one: {"not": one}, below),
        ),
        max_leaves=14,
    )
