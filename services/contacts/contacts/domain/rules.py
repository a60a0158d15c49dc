"""Rules of segments: a tree of conditions over a contact, read from JSON and checked.

    {"all": [{"field": "city", "op": "eq", "value": "Gdynia"}, {"any": […]}, {"not": {…}}]}

An unknown field or operator, or a value of the wrong type, is an error that names it by its path. Text is compared as
it is written. A condition on an empty field does not hold; `ne`, `not_in` and `not_contains` are the opposites of
theirs, and do. `not` is the exact opposite of what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from contacts.domain.values import FieldType, to_date

MAX_DEPTH = 12
MAX_CONDITIONS = 200
MAX_VALUES = 1_000
MAX_DAYS = 36_500

EMPTY = ("is_empty", "is_not_empty")
OPERATORS: dict[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: ("eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", *EMPTY),
    FieldType.NUMBER: ("eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "not_in", *EMPTY),
    FieldType.DATE: (
        "eq", "ne", "before", "after", "between", "last_days", "next_days", "older_than_days",
        "anniversary_in_days", *EMPTY,
    ),
    FieldType.BOOLEAN: ("eq", "ne", *EMPTY),
}  # fmt: skip
GROUP_OPERATORS = ("in", "not_in")
GROUP = "group"
BUILT_IN: dict[str, FieldType] = {
    **dict.fromkeys(("email", "phone", "external_id", "first_name", "last_name", "company", "city"), FieldType.TEXT),
    "birth_date": FieldType.DATE,
    "created_at": FieldType.DATE,
    "sms_consent": FieldType.BOOLEAN,
    "email_consent": FieldType.BOOLEAN,
}


class RuleError(Exception):
    """What is wrong, and where: `all.1.op`."""

    def __init__(self, path: str, code: str, detail: str) -> None:
        super().__init__(path, code, detail)
        self.path, self.code, self.detail = path, code, detail


@dataclass(frozen=True)
class Condition:
    """One field, one operator, its value: a scalar, a tuple, or None for the operators that take none."""

    field: str
    kind: FieldType | None  # None: membership of groups
    op: str
    value: Any = None


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


def parse(rules: Any, custom: Mapping[str, FieldType]) -> Node:
    """The checked tree of `rules`.

    :param custom: type by key of the account's own fields.
    :raises RuleError: naming the first thing that is wrong.
    """
    return _Parser(custom).node(rules, "rules", 1)


class _Parser:
    def __init__(self, custom: Mapping[str, FieldType]) -> None:
        self._fields = {**custom, **BUILT_IN}
        self._conditions = 0

    def node(self, given: Any, path: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RuleError(path, "rules.too_deep", f"Rules may be nested {MAX_DEPTH} levels deep.")
        if not isinstance(given, dict) or not given:
            raise RuleError(path, "rules.malformed", "A rule is an object with `all`, `any`, `not` or `field`.")
        if "field" in given:
            return self._condition(given, path)
        name, below = next(iter(given.items()))
        if len(given) > 1 or name not in ("all", "any", "not"):
            raise RuleError(f"{path}.{name}", "rules.malformed", "A rule has one of `all`, `any`, `not` or `field`.")
        if name == "not":
            return Not(self.node(below, f"{path}.not", depth + 1))
        if not isinstance(below, list) or not below:
            raise RuleError(f"{path}.{name}", "rules.malformed", f"`{name}` holds a list of rules.")
        nodes = tuple(self.node(one, f"{path}.{name}.{at}", depth + 1) for at, one in enumerate(below))
        return Every(nodes) if name == "all" else Some(nodes)

    def _condition(self, given: dict[str, Any], path: str) -> Condition:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise RuleError(path, "rules.too_many", f"Rules may have {MAX_CONDITIONS} conditions.")
        for name in given:
            if name not in ("field", "op", "value"):
                raise RuleError(f"{path}.{name}", "rules.malformed", "A condition has `field`, `op` and `value`.")
        field, op = given["field"], given.get("op")
        if field == GROUP:
            return Condition(GROUP, None, self._operator(op, GROUP_OPERATORS, path), _groups(given.get("value"), path))
        kind = self._fields.get(field) if isinstance(field, str) else None
        if kind is None:
            raise RuleError(f"{path}.field", "rules.unknown_field", f"There is no contact field {str(field)[:50]!r}.")
        operator = self._operator(op, OPERATORS[kind], path)
        if operator in EMPTY:
            if given.get("value") is not None:
                raise RuleError(f"{path}.value", "rules.wrong_value", f"`{operator}` takes no value.")
            return Condition(field, kind, operator)
        return Condition(field, kind, operator, _value(kind, operator, given.get("value"), f"{path}.value"))

    @staticmethod
    def _operator(op: Any, known: tuple[str, ...], path: str) -> str:
        if not isinstance(op, str) or op not in known:
            raise RuleError(
                f"{path}.op", "rules.unknown_operator", f"{str(op)[:50]!r} is not one of {', '.join(known)}."
            )
        return op


def _value(kind: FieldType, op: str, value: Any, path: str) -> Any:
    if op.endswith("_days"):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_DAYS:
            raise RuleError(path, "rules.wrong_value", f"`{op}` takes a whole number of days.")
        return value
    if op == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise RuleError(path, "rules.wrong_value", "`between` takes a list of two values.")
        return tuple(_scalar(kind, one, path) for one in value)
    if op in ("in", "not_in"):
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
            raise RuleError(path, "rules.wrong_value", f"`{op}` takes a list of 1 to {MAX_VALUES} values.")
        return tuple(_scalar(kind, one, path) for one in value)
    return _scalar(kind, value, path)


def _scalar(kind: FieldType, value: Any, path: str) -> Any:
    if kind is FieldType.TEXT and isinstance(value, str) and "\x00" not in value and len(value) <= 1_000:
        return value
    if kind is FieldType.NUMBER and isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return Decimal(str(value))
    if kind is FieldType.BOOLEAN and isinstance(value, bool):
        return value
    if kind is FieldType.DATE and isinstance(value, str) and (day := _iso(value)):
        return day
    raise RuleError(path, "rules.wrong_value", f"Not a valid {kind}.")


def _iso(value: str) -> date | None:
    return to_date(value) if len(value) == 10 and value[4:5] == "-" else None


def _groups(value: Any, path: str) -> tuple[UUID, ...]:
    ids = value if isinstance(value, list) else [value]
    try:
        found = tuple(UUID(one) for one in ids if isinstance(one, str))
    except ValueError:
        found = ()
    if len(found) != len(ids) or not 1 <= len(ids) <= 100:
        raise RuleError(f"{path}.value", "rules.wrong_value", "`group` takes the id of a group, or a list of them.")
    return found


def group_ids(node: Node) -> set[UUID]:
    """Every group that the rules name."""
    if isinstance(node, Condition):
        return set(node.value) if node.kind is None else set()
    if isinstance(node, Not):
        return group_ids(node.rule)
    return set().union(*(group_ids(one) for one in node.rules))
