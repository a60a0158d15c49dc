"""The pages of a sign-up: the form, what is wrong in it, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response

from api_gateway import html_pages
from api_gateway.sign_ups.html_forms import CONSENT, LANGUAGE, TRAP, VERSION
from api_gateway.sign_ups.texts import LABELS, TEXTS

_INPUTS = {
    "email": "email", "phone": "tel", "date": "date", "number": "text", "text": "text", "boolean": "checkbox",
}  # fmt: skip
_AUTOCOMPLETE = {
    "email": "email", "phone": "tel", "first_name": "given-name", "last_name": "family-name",
    "company": "organization", "city": "address-level2", "birth_date": "bday",
}  # fmt: skip
_NAMES = {"consent": CONSENT, "trap": TRAP, "version": VERSION, "language": LANGUAGE}
_MISSING = frozenset({"form.answer_missing", "form.consent_missing"})


def own_language(language: str) -> str:
    """The language of our own words: Polish for Poles, English for everybody else."""
    return "pl" if language == "pl" else "en"


def notice(name: str, language: str, status: int, *, form_id: str | None = None) -> Response:
    """A page that only says something: `received`, `trial`, `done`, `already`, `expired`, `gone`, `later`, …

    :param form_id: of the form that it links to, so that a person can start again.
    """
    texts = TEXTS[own_language(language)]
    return html_pages.page(
        "notice",
        own_language(language),
        status,
        title=texts[f"{name}_title"],
        text=texts[name],
        link=f"/f/{form_id}" if form_id else None,
        link_text=texts["again"],
    )


def ask(sign_up: Mapping[str, Any]) -> Response:
    """The page with the button. Mail scanners follow links, so looking at it changes nothing."""
    texts = TEXTS[own_language(sign_up["language"])]
    return html_pages.page(
        "sign_up_confirmation",
        own_language(sign_up["language"]),
        200,
        form_targets=_targets(sign_up["confirmed_url"]),
        title=sign_up["title"],
        text=texts["ask"].format(account=sign_up["account_name"] or sign_up["title"]),
        consent_language=sign_up["language"],
        consent_text=sign_up["consent_text"],
        button=texts["confirm"],
    )


def form(
    described: Mapping[str, Any],
    language: str,
    *,
    typed: Mapping[str, Any] | None = None,
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The form itself; after a mistake with what was typed, and beside each field what is wrong with it."""
    texts = TEXTS[own_language(language)]
    return html_pages.page(
        "sign_up_form",
        own_language(language),
        status,
        form_targets=_targets(described["submitted_url"]),
        title=described["title"],
        texts=texts,
        names=_NAMES,
        form_id=described["id"],
        fields=[_field(field, language, (typed or {}).get(field["key"], "")) for field in described["fields"]],
        mistakes={name: texts["missing" if code in _MISSING else "invalid"] for name, code in (wrong or {}).items()},
        consent_language=language,
        consent_text=described["consent_texts"][language],
        consent_version=int(described["consent_version"]),
    )


def _targets(leads_to: str | None) -> str:
    """Where a form may lead: browsers hold the redirect after it to `form-action` too."""
    if not leads_to:
        return "'self'"
    address = urlsplit(leads_to)
    return f"'self' {address.scheme}://{address.netloc}"


def _field(field: Mapping[str, Any], language: str, value: Any) -> dict[str, Any]:
    key = field["key"]
    return {
        "key": key,
        "label": field["labels"].get(language) or LABELS[own_language(language)].get(key, key.replace("_", " ")),
        "type": _INPUTS.get(field["type"], "text"),
        "is_number": field["type"] == "number",
        "autocomplete": _AUTOCOMPLETE.get(key),
        "required": field["required"],
        "value": value,
    }
