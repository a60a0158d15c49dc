"""Rules of segments: a tree of conditions over a contact, read from JSON and checked.

    {"all": [{"field": "city", "op": "eq", "value": "Gdynia"}, {"any": […]}, {"not": {…}}]}

An unknown field or operator, or a value of the wrong type, is an error that names it by its path. Text is compared
without case, and with `"accents": false` without diacritics: `Łódź` is `lodz`. E-mail addresses and phones are compared
in the spelling in which they are kept: `phone eq 600 100 801` finds +48600100801. A condition on an empty field does
not hold; `ne`, `not_in`, `not_contains` and every `not_…` are the opposites of theirs, and do: `city ne Gdynia` holds
for whoever has no city. `not` is the exact opposite of what it holds.
Days are days of the account's time zone, of engagement of UTC. Who is born on 29 February has the birthday on the 28th
in the other years.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from contacts.domain.emails import normalise
from contacts.domain.phones import SEPARATORS, to_e164
from contacts.domain.rule_terms import (
    EMPTY,
    MAX_CONDITIONS,
    MAX_DAYS,
    MAX_DEPTH,
    MAX_IDS,
    MAX_TIMES,
    MAX_VALUES,
    OPERATORS,
    Kind,
    fields_of,
)
from contacts.domain.values import FieldType, to_date
from contracts.vocabulary import Channel

MAX_NUMBER = 10**18
KEPT_SPELLING = ("email", "phone")  # fields whose values have one spelling


class RuleError(Exception):
    """What is wrong, and where: `all.1.op`."""

    def __init__(self, path: str, code: str, detail: str) -> None:
        super().__init__(path, code, detail)
        self.path, self.code, self.detail = path, code, detail


@dataclass(frozen=True)
class Engaged:
    """Which messages count: of these campaigns and channels (none: of all), of the last days (None: all), and how many
    it takes."""

    campaigns: tuple[UUID, ...] = ()
    channels: tuple[Channel, ...] = ()
    last_days: int | None = None
    at_least: int = 1


@dataclass(frozen=True)
class Condition:
    """One field, one operator, its value: a scalar, a tuple, `Engaged`, or None for the operators that take none."""

    field: str
    kind: Kind
    op: str
    value: Any = None
    accents: bool = True


@dataclass(frozen=True)
class Every:
    rules: tuple[Node, ...]


@dataclass(frozen=True)
class Some:
    rules: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    rule: Node


Node = Condition | Every | Some | Not


def parse(rules: Any, custom: Mapping[str, FieldType], region: str = "PL") -> Node:
    """The checked tree of `rules`.

    :param custom: type by key of the account's own fields.
    :param region: in which national numbers are dialled.
    :raises RuleError: naming the first thing that is wrong.
    """
    return _Parser(custom, region).node(rules, "rules", 1)


class _Parser:
    def __init__(self, custom: Mapping[str, FieldType], region: str) -> None:
        self._region = region
        self._fields = fields_of(custom)
        self._conditions = 0

    def node(self, rule: Any, path: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RuleError(path, "rules.too_deep", f"Rules may be nested {MAX_DEPTH} levels deep.")
        if not isinstance(rule, dict) or not rule:
            raise RuleError(path, "rules.malformed", "A rule is an object with `all`, `any`, `not` or `field`.")
        if "field" in rule:
            return self._condition(rule, path)
        name, below = next(iter(rule.items()))
        if len(rule) > 1 or name not in ("all", "any", "not"):
            raise RuleError(f"{path}.{name}", "rules.malformed", "A rule has one of `all`, `any`, `not` or `field`.")
        if name == "not":
            return Not(self.node(below, f"{path}.not", depth + 1))
        if not isinstance(below, list) or not below:
            raise RuleError(f"{path}.{name}", "rules.malformed", f"`{name}` holds a list of rules.")
        nodes = tuple(self.node(one, f"{path}.{name}.{at}", depth + 1) for at, one in enumerate(below))
        return Every(nodes) if name == "all" else Some(nodes)

    def _condition(self, rule: dict[str, Any], path: str) -> Condition:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise RuleError(path, "rules.too_many", f"Rules may have {MAX_CONDITIONS} conditions.")
        for name in rule:
            if name not in ("field", "op", "value", "accents"):
                raise RuleError(
                    f"{path}.{name}", "rules.malformed", "A condition has `field`, `op`, `value` and `accents`."
                )
        field, op, value = rule["field"], rule.get("op"), rule.get("value")
        kind = self._fields.get(field) if isinstance(field, str) else None
        if kind is None:
            raise RuleError(f"{path}.field", "rules.unknown_field", f"There is no contact field {str(field)[:50]!r}.")
        known = OPERATORS[kind]
        if not isinstance(op, str) or op not in known:
            raise RuleError(
                f"{path}.op", "rules.unknown_operator", f"{str(op)[:50]!r} is not one of {', '.join(known)}."
            )
        if op in EMPTY:
            if value is not None:
                raise _wrong(f"{path}.value", f"`{op}` takes no value.")
            return Condition(field, kind, op)
        accents = rule.get("accents", True)
        if not isinstance(accents, bool) or not (accents or kind is Kind.TEXT):
            raise _wrong(f"{path}.accents", "`accents` is true, or false for a field of text.")
        found = _value(kind, op, value, f"{path}.value")
        if field in KEPT_SPELLING:
            kept = self._kept(field, op)
            found = tuple(map(kept, found)) if isinstance(found, tuple) else kept(found)
        return Condition(field, kind, op, found, accents)

    def _kept(self, field: str, op: str) -> Callable[[str], str]:
        """How a value is spelled as the data are: an address where it is one, else without what is never kept."""
        whole = op in ("eq", "ne", "in", "not_in")
        if field == "email":
            return lambda value: (normalise(value) if whole else None) or value.strip().lower() or value
        return lambda value: (to_e164(value, self._region) if whole else None) or value.translate(SEPARATORS) or value


def _value(kind: Kind, op: str, value: Any, path: str) -> Any:
    if kind in _VALUES:
        return _VALUES[kind](value, path)
    if op.endswith("_days"):
        return _whole(value, path, 0, MAX_DAYS, f"`{op}` takes a whole number of days.")
    if op == "anniversary_in_months":
        return _whole(value, path, 0, 11, f"`{op}` takes a number of months, 0 (this one) to 11.")
    if op == "month_in":
        return _months(value, path)
    if op in ("between", "in", "not_in"):
        return _several(kind, op, value, path)
    return _scalar(kind, value, path)


def _several(kind: Kind, op: str, value: Any, path: str) -> tuple[Any, ...]:
    least, most, what = (2, 2, "two") if op == "between" else (1, MAX_VALUES, f"1 to {MAX_VALUES}")
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise _wrong(path, f"`{op}` takes a list of {what} values.")
    return tuple(_scalar(kind, one, path) for one in value)


def _scalar(kind: Kind, value: Any, path: str) -> Any:
    if kind is Kind.TEXT and isinstance(value, str) and len(value) <= 1_000 and _is_storable(value):
        return value
    if kind is Kind.NUMBER and isinstance(value, int | float) and not isinstance(value, bool) and _is_number(value):
        return Decimal(str(value))
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return value
    if kind is Kind.DATE and isinstance(value, str) and (day := _iso(value)):
        return day
    raise _wrong(path, f"Not a valid {kind}.")


def _is_storable(value: str) -> bool:
    """No text in the database holds the rest, and it can not even be asked for."""
    return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def _is_number(value: float) -> bool:
    return (isinstance(value, int) or isfinite(value)) and abs(value) < MAX_NUMBER


def _iso(value: str) -> date | None:
    return to_date(value) if len(value) == 10 and value[4:5] == "-" else None


def _whole(value: Any, path: str, least: int, most: int, detail: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _wrong(path, detail)
    return value


def _months(value: Any, path: str) -> tuple[int, ...]:
    detail = "`month_in` takes a list of months, 1 to 12."
    if not isinstance(value, list) or not 1 <= len(value) <= 12:
        raise _wrong(path, detail)
    return tuple(_whole(one, path, 1, 12, detail) for one in value)


def _groups(value: Any, path: str) -> tuple[UUID, ...]:
    return _ids(value, path, "`group` takes the id of a group, or a list of them.")


def _ids(value: Any, path: str, detail: str) -> tuple[UUID, ...]:
    ids = value if isinstance(value, list) else [value]
    try:
        uuids = tuple(UUID(one) for one in ids if isinstance(one, str))
    except ValueError:
        uuids = ()
    if len(uuids) != len(ids) or not 1 <= len(ids) <= MAX_IDS:
        raise _wrong(path, detail)
    return uuids


def _channels(value: Any, path: str) -> tuple[Channel, ...]:
    known = [channel.value for channel in Channel]
    if not isinstance(value, list) or not value or len(value) > len(known) or any(one not in known for one in value):
        raise _wrong(path, f"It takes a list of channels: {', '.join(known)}.")
    return tuple(Channel(one) for one in value)


_ENGAGED = ("campaigns", "channels", "last_days", "at_least")
_OF_ENGAGED = ", ".join(f"`{name}`" for name in _ENGAGED)


def _engaged(value: Any, path: str) -> Engaged:
    if value is None:
        return Engaged()
    if not isinstance(value, dict):
        raise _wrong(path, f"`engagement` takes an object with {_OF_ENGAGED}, or no value.")
    for name in value:
        if name not in _ENGAGED:
            raise RuleError(f"{path}.{name}", "rules.malformed", f"There are {_OF_ENGAGED}.")
    campaigns, channels, days, times = map(value.get, _ENGAGED)
    return Engaged(
        () if campaigns is None else _ids(campaigns, f"{path}.campaigns", "A list of 1 to 100 ids of campaigns."),
        () if channels is None else _channels(channels, f"{path}.channels"),
        None if days is None else _whole(days, f"{path}.last_days", 0, MAX_DAYS, "A whole number of days."),
        1 if times is None else _whole(times, f"{path}.at_least", 1, MAX_TIMES, f"A number from 1 to {MAX_TIMES}."),
    )


_VALUES: dict[Kind, Callable[[Any, str], Any]] = {
    Kind.ENGAGEMENT: _engaged,
    Kind.GROUP: _groups,
    Kind.ARCHIVE: _channels,
}


def _wrong(path: str, detail: str) -> RuleError:
    return RuleError(path, "rules.wrong_value", detail)


def conditions_in(rules: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every condition of rules as they are saved (they were checked then)."""
    if "field" in rules:
        yield rules  # type: ignore[misc]
    for below in rules.get("all") or rules.get("any") or filter(None, [rules.get("not")]):
        yield from conditions_in(below)


def groups_in(rules: Mapping[str, Any]) -> set[UUID]:
    """Every group that saved rules name."""
    group_ids: set[UUID] = set()
    for one in conditions_in(rules):
        if one["field"] == "group":
            ids = one["value"] if isinstance(one["value"], list) else [one["value"]]
            group_ids.update(UUID(group_id) for group_id in ids)
    return group_ids
