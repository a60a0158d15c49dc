"""Columns of a contact from a request: addresses in their one spelling, values of their type, every error named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contacts.domain import emails, phones, values
from contacts.usecases import views
from contracts.errors import FieldError, Invalid


def columns_of(request: Mapping[Any, Any], custom: list[Any], region: str, now: datetime) -> dict[str, Any]:
    """Columns of a contact from a request; only those that it gives.

    :raises Invalid: naming every field that is wrong.
    """
    columns: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name in views.PLAIN:
        if name in request:
            columns[name] = _plain(name, request[name], region, now, errors)
    if request.get("fields_"):
        columns["custom"] = _custom(request["fields_"], custom, errors)
    for channel, consent in (request.get("consents") or {}).items():
        stated = consent or {"granted": None}
        columns[f"{channel}_consent"] = stated["granted"]
        columns[f"{channel}_consent_source"] = stated.get("source", "api") if consent else None
        columns[f"{channel}_consent_at"] = stated.get("at", now) if consent else None
    if errors:
        raise Invalid("request.invalid", "Some fields are not valid.", None, errors)
    return columns


def _plain(name: str, value: Any, region: str, now: datetime, errors: list[FieldError]) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if name == "email":
        read: Any = emails.normalise(value)
    elif name == "phone":
        read = phones.to_e164(value, region)
    elif name == "birth_date":
        read = value if value.year >= 1900 and value <= now.date() else None
    else:
        read = values.to_text(value)
    if read is None:
        errors.append({"field": name, "code": f"{name}.invalid", "detail": f"Not a valid {name.replace('_', ' ')}."})
    return read


def _custom(values_by_key: Mapping[Any, Any], custom: list[Any], errors: list[FieldError]) -> dict[str, Any]:
    by_key = {field["key"]: field for field in custom}
    slots: dict[str, Any] = {}
    for key, value in values_by_key.items():
        field = by_key.get(key)
        if field is None:
            errors.append(
                {
                    "field": f"fields.{key}",
                    "code": "contact_field.not_found",
                    "detail": "There is no such contact field.",
                }
            )
            continue
        try:
            slots[field["slot"]] = values.typed(value, values.FieldType(field["kind"]))
        except ValueError as error:
            errors.append({"field": f"fields.{key}", "code": "contact_field.wrong_type", "detail": str(error)})
    return slots
