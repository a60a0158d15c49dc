"""Rules of segments as SQL over a contact `c`: our own words and bound parameters, nothing of a customer's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from chassis.words import ACCENTED, FOLDED_FROM, FOLDED_TO, PLAIN
from contacts.domain.anniversaries import days_in_month, days_within
from contacts.domain.rule_terms import NEGATIVE, Kind
from contacts.domain.rules import KEPT_SPELLING, Condition, Engaged, Every, Node, Not, Some
from contracts.channel import CHANNELS
from contracts.ids import with_steps


@dataclass(frozen=True)
class Filter:
    """SQL over a contact `c`, with its bound parameters."""

    sql: str
    parameters: dict[str, Any]


def compiled(node: Node, slots: Mapping[str, str], today: date, zone: str, *, prefix: str = "") -> Filter:
    """SQL that holds for exactly the contacts that the rules describe.

    :param slots: where the account's own fields are kept, by key.
    :param today: of the account. :param zone: in which its days are reckoned: `Europe/Warsaw`.
    :param prefix: of the parameters' names, where several filters stand in one statement.
    """
    compiler = _Compiler(slots, today, zone, prefix)
    return Filter(compiler.node(node), compiler.parameters)


_CASTS = {Kind.TEXT: "text", Kind.NUMBER: "numeric", Kind.DATE: "date", Kind.BOOLEAN: "boolean"}
_COMPARED = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "before": "<", "after": ">"}
_TEXT: dict[str, Callable[[str, str], str]] = {
    "contains": lambda field, value: f"strpos({field}, {value}) > 0",
    "starts_with": lambda field, value: f"starts_with({field}, {value})",
    "ends_with": lambda field, value: f"right({field}, length({value})) = {value}",
}
_UNACCENTED = str.maketrans(ACCENTED, PLAIN)
_MOMENTS = (
    "created_at", "updated_at", "sms_consent_at", "email_consent_at", "push_consent_at", "whatsapp_consent_at",
    "viber_consent_at", "rcs_consent_at",
)  # fmt: skip
_ADDRESS: dict[str, str] = {channel: facts.address_field for channel, facts in CHANNELS.items()}


class _Compiler:
    def __init__(self, slots: Mapping[str, str], today: date, zone: str, prefix: str) -> None:
        self._slots = slots
        self._today = today
        self._zone = zone
        self._prefix = prefix
        self.parameters: dict[str, Any] = {}

    def node(self, node: Node) -> str:
        if isinstance(node, Condition):
            condition = self._holds(node, NEGATIVE.get(node.op, node.op))
            return f"NOT {condition}" if node.op in NEGATIVE else condition
        if isinstance(node, Not):
            return f"NOT ({self.node(node.rule)})"
        # What is read off the contact itself comes first: it often spares looking up the rest.
        nodes = sorted(node.rules, key=_cost)
        if isinstance(node, Every):
            return "(" + " AND ".join(map(self.node, nodes)) + ")"
        assert isinstance(node, Some)
        return "(" + " OR ".join(map(self.node, nodes)) + ")"

    def _holds(self, one: Condition, op: str) -> str:
        """SQL that is true or false, never null: so that NOT is its exact opposite."""
        if one.kind is Kind.GROUP:
            # The caller has seen that the groups are the account's, so that the index alone answers.
            groups = self._bind(list(one.value), "uuid[]")
            return f"(c.id IN (SELECT m.contact_id FROM group_members m WHERE m.group_id = ANY({groups})))"
        if one.kind is Kind.ARCHIVE:
            return "(" + " OR ".join(map(self._archived, one.value)) + ")"
        if one.kind is Kind.ENGAGEMENT:
            return self._engaged(op, one.value)
        field = self._field(one)
        if op == "is_empty":
            return f"({field} IS NULL)"
        return f"coalesce({self._compare(field, one, op)}, false)"

    def _archived(self, channel: str) -> str:
        return (
            f"coalesce(c.{_ADDRESS[channel]} IN (SELECT a.address FROM archive a WHERE a.account_id = :account"
            f" AND a.channel = {self._bind(str(channel), 'text')} AND a.restored_at IS NULL), false)"
        )

    def _engaged(self, kind: str, asked: Engaged) -> str:
        rows = f"FROM engagement e WHERE e.account_id = :account AND e.kind = {self._bind(kind, 'text')}"
        if asked.last_days is not None:
            rows += f" AND e.day >= {self._bind(self._shifted(-asked.last_days), 'date')}"
        if asked.channels:
            rows += f" AND e.channel = ANY({self._bind([*map(str, asked.channels)], 'text[]')})"
        if asked.campaigns:
            campaigns = [one for each in asked.campaigns for one in with_steps(UUID(str(each)))]
            rows += f" AND e.campaign_id = ANY({self._bind(campaigns, 'uuid[]')})"
        engaged = f"SELECT unnest(e.contact_ids) AS contact_id {rows}"
        if asked.at_least > 1:
            times = self._bind(asked.at_least, "bigint")
            engaged = f"SELECT t.contact_id FROM ({engaged}) t GROUP BY 1 HAVING count(*) >= {times}"
        return f"(c.id IN ({engaged}))"

    def _field(self, one: Condition) -> str:
        if one.field in self._slots:
            slot = self._bind(self._slots[one.field], "text")
            return f"CAST(c.custom ->> {slot} AS {_CASTS[one.kind]})"
        if one.field in _MOMENTS:
            return f"CAST(c.{one.field} AT TIME ZONE {self._bind(self._zone, 'text')} AS date)"
        return f"c.{one.field}"

    def _compare_text(self, field: str, op: str, value: Any, *, accents: bool) -> str:
        field = f'{field} COLLATE "default"'  # ids are compared by code point, which knows no case beyond ASCII
        column = f"lower({field})" if accents else f"translate(lower({field}), '{FOLDED_FROM}', '{FOLDED_TO}')"
        if op == "in":
            return f"{column} = ANY({self._bind([_folded(one, accents) for one in value], 'text[]')})"
        bound = self._bind(_folded(value, accents), "text")
        return _TEXT[op](column, bound) if op in _TEXT else f"{column} {_COMPARED[op]} {bound}"

    def _compare(self, field: str, one: Condition, op: str) -> str:
        kind, value = one.kind, one.value
        cast = _CASTS[kind]
        if kind is Kind.TEXT and one.field not in KEPT_SPELLING:
            return self._compare_text(field, op, value, accents=one.accents)
        if op in _TEXT:
            return _TEXT[op](field, self._bind(value, "text"))
        if op in _COMPARED:
            return f"{field} {_COMPARED[op]} {self._bind(value, cast)}"
        if op == "in":
            return f"{field} = ANY({self._bind(list(value), cast + '[]')})"
        if op == "between":
            return f"{field} BETWEEN {self._bind(value[0], cast)} AND {self._bind(value[1], cast)}"
        if op == "month_in":
            return f"date_part('month', {field}) = ANY({self._bind(list(value), 'float8[]')})"
        if op.startswith("anniversary_"):
            return self._anniversary(field, op, value)
        return self._relative(field, op, value)

    def _relative(self, field: str, op: str, days: int) -> str:
        today = self._bind(self._today, "date")
        if op == "last_days":
            return f"{field} BETWEEN {self._bind(self._shifted(-days), 'date')} AND {today}"
        if op == "next_days":
            return f"{field} BETWEEN {today} AND {self._bind(self._shifted(days), 'date')}"
        assert op == "older_than_days"
        return f"{field} < {self._bind(self._shifted(-days), 'date')}"

    def _anniversary(self, field: str, op: str, value: int) -> str:
        if op == "anniversary_in_months":
            days = days_in_month((self._today.month - 1 + value) % 12 + 1)
        else:
            days = days_within(self._today, value if op == "anniversary_in_days" else 0, value)
        day = f"date_part('month', {field}) * 100 + date_part('day', {field})"
        return f"{day} = ANY({self._bind(days, 'float8[]')})"

    def _shifted(self, days: int) -> date:
        return self._today + timedelta(days=days)

    def _bind(self, value: Any, cast: str) -> str:
        name = f"{self._prefix}v{len(self.parameters)}"
        self.parameters[name] = value
        return f"CAST(:{name} AS {cast})"


def _folded(value: str, accents: bool) -> str:
    """What the column's side is folded to: a character at a time, as PostgreSQL's lower() does."""
    lower = "".join(character.lower()[0] for character in value)
    return lower if accents else lower.translate(_UNACCENTED)


def _cost(node: Node) -> int:
    """How many sets of contacts have to be made to judge this, at most."""
    if isinstance(node, Condition):
        return int(node.kind in (Kind.GROUP, Kind.ARCHIVE, Kind.ENGAGEMENT))
    return _cost(node.rule) if isinstance(node, Not) else sum(map(_cost, node.rules))
