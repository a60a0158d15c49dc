"""Columns of a contact from a request: addresses in their one spelling, values of their type, every error named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contacts.domain import emails, phones, values
from contacts.usecases import views
from contracts.errors import FieldError, Invalid


def normalised(request: Mapping[Any, Any], custom: list[Any], region: str, now: datetime) -> dict[str, Any]:
    """Columns of a contact from a request; only those that it gives.

    :raises Invalid: naming every field that is wrong.
    """
    given: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name in views.PLAIN:
        if name in request:
            given[name] = _plain(name, request[name], region, now, errors)
    if request.get("fields_"):
        given["custom"] = _custom(request["fields_"], custom, errors)
    for channel, consent in (request.get("consents") or {}).items():
        told = consent or {"granted": None}
        given[f"{channel}_consent"] = told["granted"]
        given[f"{channel}_consent_source"] = told.get("source", "api") if consent else None
        given[f"{channel}_consent_at"] = told.get("at", now) if consent else None
    if errors:
        raise Invalid("request.invalid", "Some fields are not valid.", None, errors)
    return given


def _plain(name: str, value: Any, region: str, now: datetime, errors: list[FieldError]) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if name == "email":
        found: Any = emails.normalise(value)
    elif name == "phone":
        found = phones.to_e164(value, region)
    elif name == "birth_date":
        found = value if value.year >= 1900 and value <= now.date() else None
    else:
        found = values.to_text(value)
    if found is None:
        errors.append({"field": name, "code": f"{name}.invalid", "detail": f"Not a valid {name.replace('_', ' ')}."})
    return found


def _custom(given: Mapping[Any, Any], custom: list[Any], errors: list[FieldError]) -> dict[str, Any]:
    by_key = {field["key"]: field for field in custom}
    slots: dict[str, Any] = {}
    for key, value in given.items():
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
