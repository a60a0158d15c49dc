"""Rules of segments as SQL over a contact `c`: our own words and bound parameters, nothing of a customer's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from contacts.domain.rules import GROUP, Condition, Every, Node, Not, Some
from contacts.domain.values import FieldType


@dataclass(frozen=True)
class Filter:
    """SQL over a contact `c`, with its bound parameters."""

    sql: str
    parameters: dict[str, Any]


def compiled(node: Node, slots: Mapping[str, str], today: date, *, prefix: str = "") -> Filter:
    """SQL that holds for exactly the contacts that the rules describe.

    :param slots: where the account's own fields are kept, by key.
    :param prefix: of the parameters' names, where several filters stand in one statement.
    """
    compiler = _Compiler(slots, today, prefix)
    return Filter(compiler.node(node), compiler.parameters)


_NEGATIVE = {"ne": "eq", "not_in": "in", "not_contains": "contains", "is_not_empty": "is_empty"}
_CASTS = {FieldType.TEXT: "text", FieldType.NUMBER: "numeric", FieldType.DATE: "date", FieldType.BOOLEAN: "boolean"}
_COMPARED = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "before": "<", "after": ">"}
_TEXT: dict[str, Callable[[str, str], str]] = {
    "contains": lambda field, value: f"strpos({field}, {value}) > 0",
    "starts_with": lambda field, value: f"starts_with({field}, {value})",
    "ends_with": lambda field, value: f"right({field}, length({value})) = {value}",
}


class _Compiler:
    def __init__(self, slots: Mapping[str, str], today: date, prefix: str) -> None:
        self._slots = slots
        self._today = today
        self._prefix = prefix
        self.parameters: dict[str, Any] = {}

    def node(self, node: Node) -> str:
        if isinstance(node, Condition):
            return self._condition(node)
        if isinstance(node, Not):
            return f"NOT ({self.node(node.rule)})"
        if isinstance(node, Every):
            return "(" + " AND ".join(self.node(one) for one in node.rules) + ")"
        assert isinstance(node, Some)
        return "(" + " OR ".join(self.node(one) for one in node.rules) + ")"

    def _condition(self, one: Condition) -> str:
        if one.op in _NEGATIVE:
            return f"NOT {self._holds(one, _NEGATIVE[one.op])}"
        return self._holds(one, one.op)

    def _holds(self, one: Condition, op: str) -> str:
        """SQL that is true or false, never null: so that NOT is its exact opposite."""
        if one.field == GROUP:
            return (
                "(c.id IN (SELECT m.contact_id FROM group_members m WHERE m.account_id = :account"
                f" AND m.group_id = ANY({self._bind(list(one.value), 'uuid[]')})))"
            )
        assert one.kind is not None
        field = self._field(one)
        if op == "is_empty":
            return f"({field} IS NULL)"
        return f"coalesce({self._compare(field, one.kind, op, one.value)}, false)"

    def _field(self, one: Condition) -> str:
        if one.field in self._slots:
            slot = self._bind(self._slots[one.field], "text")
            return f"CAST(c.custom ->> {slot} AS {_CASTS[one.kind or FieldType.TEXT]})"
        if one.field == "created_at":
            return "CAST(c.created_at AT TIME ZONE 'UTC' AS date)"
        return f"c.{one.field}"

    def _compare(self, field: str, kind: FieldType, op: str, value: Any) -> str:
        cast = _CASTS[kind]
        if op in _TEXT:
            return _TEXT[op](field, self._bind(value, "text"))
        if op in _COMPARED:
            return f"{field} {_COMPARED[op]} {self._bind(value, cast)}"
        if op == "in":
            return f"{field} = ANY({self._bind(list(value), cast + '[]')})"
        if op == "between":
            return f"{field} BETWEEN {self._bind(value[0], cast)} AND {self._bind(value[1], cast)}"
        return self._relative(field, op, timedelta(days=value))

    def _relative(self, field: str, op: str, days: timedelta) -> str:
        today = self._today
        if op == "last_days":
            return f"{field} BETWEEN {self._bind(_shifted(today, -days), 'date')} AND {self._bind(today, 'date')}"
        if op == "next_days":
            return f"{field} BETWEEN {self._bind(today, 'date')} AND {self._bind(_shifted(today, days), 'date')}"
        if op == "older_than_days":
            return f"{field} < {self._bind(_shifted(today, -days), 'date')}"
        assert op == "anniversary_in_days"
        return f"to_char({field}, 'MM-DD') = {self._bind(format(_shifted(today, days), '%m-%d'), 'text')}"

    def _bind(self, value: Any, cast: str) -> str:
        name = f"{self._prefix}v{len(self.parameters)}"
        self.parameters[name] = value
        return f"CAST(:{name} AS {cast})"


def _shifted(day: date, by: timedelta) -> date:
    return day + by
