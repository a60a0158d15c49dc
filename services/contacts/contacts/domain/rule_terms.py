"""What rules of segments may say: fields, operators and the values that they take; for the parser and for editors."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from contacts.domain.values import FieldType

MAX_DEPTH = 12
MAX_CONDITIONS = 200
MAX_VALUES = 1_000
MAX_DAYS = 36_500
MAX_IDS = 100
MAX_TIMES = 1_000


class Kind(StrEnum):
    """What a condition is about: a value of a type, or something that a contact has or had."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    GROUP = "group"
    ARCHIVE = "archive"
    ENGAGEMENT = "engagement"


EMPTY = ("is_empty", "is_not_empty")
ENGAGEMENTS = ("delivered", "bounced", "opened", "clicked", "unsubscribed", "complained")
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", *EMPTY),
    Kind.NUMBER: ("eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "not_in", *EMPTY),
    Kind.DATE: (
        "eq", "ne", "before", "after", "between", "last_days", "next_days", "older_than_days",
        "anniversary_in_days", "anniversary_within_days", "anniversary_in_months", "month_in", *EMPTY,
    ),
    Kind.BOOLEAN: ("eq", "ne", *EMPTY),
    Kind.GROUP: ("in", "not_in"),
    Kind.ARCHIVE: ("in", "not_in"),
    Kind.ENGAGEMENT: (*ENGAGEMENTS, *(f"not_{kind}" for kind in ENGAGEMENTS)),
}  # fmt: skip
NEGATIVE = {
    "ne": "eq", "not_in": "in", "not_contains": "contains", "is_not_empty": "is_empty",
    **{f"not_{kind}": kind for kind in ENGAGEMENTS},
}  # fmt: skip
BUILT_IN: dict[str, Kind] = {
    **dict.fromkeys(("email", "phone", "external_id", "first_name", "last_name", "company", "city"), Kind.TEXT),
    **dict.fromkeys(
        (
            "birth_date",
            "created_at",
            "updated_at",
            "sms_consent_at",
            "email_consent_at",
            "push_consent_at",
            "whatsapp_consent_at",
            "viber_consent_at",
            "rcs_consent_at",
        ),
        Kind.DATE,
    ),
    "sms_consent": Kind.BOOLEAN,
    "email_consent": Kind.BOOLEAN,
    "push_consent": Kind.BOOLEAN,
    "whatsapp_consent": Kind.BOOLEAN,
    "viber_consent": Kind.BOOLEAN,
    "rcs_consent": Kind.BOOLEAN,
    "group": Kind.GROUP,
    "archived": Kind.ARCHIVE,
    "engagement": Kind.ENGAGEMENT,
}


def fields_of(custom: Mapping[str, FieldType]) -> dict[str, Kind]:
    """Every field that rules may name, the account's own among them."""
    return {**{key: Kind(kind.value) for key, kind in custom.items()}, **BUILT_IN}


def value_of(kind: Kind, op: str) -> str:
    """The form of the value that an operator takes, in a word for editors."""
    if op in EMPTY:
        return "none"
    if kind is Kind.ENGAGEMENT:
        return "engagement"
    if kind is Kind.GROUP:
        return "group_ids"
    if kind is Kind.ARCHIVE:
        return "channels"
    if op.endswith("_days"):
        return "days"
    if op in ("anniversary_in_months", "month_in"):
        return "months" if op == "anniversary_in_months" else "month_list"
    return f"{kind}_{'pair' if op == 'between' else 'list'}" if op in ("between", "in", "not_in") else str(kind)


def described(custom: Mapping[str, FieldType], labels: Mapping[str, str]) -> dict[str, Any]:
    """Fields with their operators, and the limits: what a rule editor needs to offer only what is accepted."""
    return {
        "fields_": [
            {
                "name": name,
                "label": labels.get(name, name),
                "type": kind,
                "is_custom": name not in BUILT_IN,
                "operators": [{"op": op, "value": value_of(kind, op)} for op in OPERATORS[kind]],
            }
            for name, kind in sorted(fields_of(custom).items(), key=lambda item: (item[0] not in BUILT_IN, item[0]))
        ],
        "limits": {
            "depth": MAX_DEPTH,
            "conditions": MAX_CONDITIONS,
            "values": MAX_VALUES,
            "ids": MAX_IDS,
            "days": MAX_DAYS,
            "times": MAX_TIMES,
        },
    }
