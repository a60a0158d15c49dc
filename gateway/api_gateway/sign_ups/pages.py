"""The pages of a sign-up: the form, what is wrong in it, and what became of it; nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

from flask import Response

from api_gateway.sign_ups.html_forms import CONSENT, LANGUAGE, TRAP, VERSION
from api_gateway.sign_ups.texts import LABELS, TEXTS

_INPUTS = {"email": "email", "phone": "tel", "date": "date", "number": "text", "text": "text"}
_AUTOCOMPLETE = {
    "email": "email", "phone": "tel", "first_name": "given-name", "last_name": "family-name",
    "company": "organization", "city": "address-level2", "birth_date": "bday",
}  # fmt: skip
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow"><title>{title}</title><style>
body{{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1d2129}}
main{{max-width:34rem;margin:6vh auto;padding:2rem;background:#fff;border-radius:.75rem;box-shadow:0 1px 6px #0002}}
h1{{font-size:1.5rem;margin-top:0}}
label{{display:block;margin-top:1rem}}
input:not([type=checkbox]){{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #5a6270;
border-radius:.4rem}}
.tick{{display:flex;gap:.6rem;align-items:flex-start}}
.tick span{{white-space:pre-line}}
.wrong{{color:#b3261e;margin:.2rem 0 0}}
.other{{position:absolute;left:-100vw}}
button{{font:inherit;margin-top:1.4rem;padding:.7rem 1.4rem;border:0;border-radius:.5rem;background:#12519c;color:#fff;
cursor:pointer}}
:focus-visible{{outline:3px solid #1d2129;outline-offset:2px}}
</style></head><body><main><h1>{title}</h1>
{body}
</main></body></html>
"""


def own_language(language: str) -> str:
    """The language of our own words: Polish for Poles, English for everybody else."""
    return "pl" if language == "pl" else "en"


def answer(title: str, body: str, language: str, status: int, *, leads_to: str | None = None) -> Response:
    """A page under a policy of its own.

    :param body: html that is safe already. :param leads_to: where its form may end up, besides here.
    """
    page = Response(
        _PAGE.format(language=escape(language), title=escape(title), body=body),
        status,
        content_type="text/html; charset=utf-8",
    )
    # Browsers hold the redirect after a form to `form-action` too.
    elsewhere = f" {urlsplit(leads_to).scheme}://{urlsplit(leads_to).netloc}" if leads_to else ""
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'{elsewhere}; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    page.headers["Content-Language"] = language
    page.headers["X-Robots-Tag"] = "noindex"
    page.vary.add("Accept-Language")
    return page


def notice(name: str, language: str, status: int, *, more: str = "") -> Response:
    """A page that only says something: `received`, `done`, `already`, `expired`, `gone`, `later`, `slow`, `changed`."""
    texts = TEXTS[own_language(language)]
    return answer(texts[f"{name}_title"], f"<p>{escape(texts[name])}</p>{more}", own_language(language), status)


def ask(found: Mapping[str, Any]) -> Response:
    """The page with the button. Mail scanners follow links, so looking at it changes nothing."""
    texts = TEXTS[own_language(found["language"])]
    body = (
        f"<p>{escape(texts['ask'].format(account=found['account_name'] or found['title']))}</p>"
        f'<blockquote lang="{escape(found["language"])}" style="white-space:pre-line">{escape(found["consent_text"])}'
        f'</blockquote><form method="post"><button type="submit">{escape(texts["confirm"])}</button></form>'
    )
    return answer(found["title"], body, own_language(found["language"]), 200, leads_to=found["confirmed_url"])


def again(form_id: str | None, language: str) -> str:
    """A link to the form, for whoever comes too late."""
    if form_id is None:
        return ""
    return f'<p><a href="/f/{escape(form_id)}">{escape(TEXTS[own_language(language)]["again"])}</a></p>'


def form(
    described: Mapping[str, Any],
    language: str,
    *,
    given: Mapping[str, Any] | None = None,
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The form itself; after a mistake with what was typed, and beside each field what is wrong with it."""
    given, wrong = given or {}, wrong or {}
    texts = TEXTS[own_language(language)]
    alert = f'<p role="alert" class="wrong">{escape(texts["mistakes"])}</p>' if wrong else ""
    fields = "\n".join(_field(field, language, given, wrong) for field in described["fields"])
    consent = _wrong(CONSENT, wrong, texts)
    body = (
        f'{alert}<form method="post" action="/v1/forms/{escape(described["id"])}/submissions" accept-charset="utf-8">\n'
        f"{fields}\n"
        f'<label class="tick"><input type="checkbox" name="{CONSENT}" value="true" required{_marks(CONSENT, wrong)}>'
        f'<span lang="{escape(language)}">{escape(described["consent_texts"][language])}</span></label>{consent}\n'
        f'<div class="other" aria-hidden="true"><label>Website<input name="{TRAP}" tabindex="-1" autocomplete="off">'
        "</label></div>\n"
        f'<input type="hidden" name="{VERSION}" value="{int(described["consent_version"])}">'
        f'<input type="hidden" name="{LANGUAGE}" value="{escape(language)}">\n'
        f'<button type="submit">{escape(texts["send"])}</button></form>'
    )
    return answer(described["title"], body, own_language(language), status, leads_to=described["submitted_url"])


def _field(field: Mapping[str, Any], language: str, given: Mapping[str, Any], wrong: Mapping[str, str]) -> str:
    key, texts = field["key"], TEXTS[own_language(language)]
    label = field["labels"].get(language) or LABELS[own_language(language)].get(key, key.replace("_", " "))
    note = "" if field["required"] else f" <small>({escape(texts['optional'])})</small>"
    required = " required" if field["required"] else ""
    if field["type"] == "boolean":
        ticked = " checked" if given.get(key) in ("true", True) else ""
        box = f'<input type="checkbox" name="{escape(key)}" value="true"{ticked}{required}{_marks(key, wrong)}>'
        return f'<label class="tick">{box}<span>{escape(label)}{note}</span></label>{_wrong(key, wrong, texts)}'
    kind = _INPUTS.get(field["type"], "text")
    extra = f' autocomplete="{_AUTOCOMPLETE[key]}"' if key in _AUTOCOMPLETE else ""
    extra += ' inputmode="decimal"' if field["type"] == "number" else ""
    value = escape(str(given.get(key, "")))
    return (
        f'<label for="f-{escape(key)}">{escape(label)}{note}</label><input id="f-{escape(key)}" name="{escape(key)}"'
        f' type="{kind}" value="{value}" maxlength="1000"{extra}{required}{_marks(key, wrong)}>'
        f"{_wrong(key, wrong, texts)}"
    )


def _marks(key: str, wrong: Mapping[str, str]) -> str:
    return f' aria-invalid="true" aria-describedby="w-{escape(key)}"' if key in wrong else ""


def _wrong(key: str, wrong: Mapping[str, str], texts: Mapping[str, str]) -> str:
    if key not in wrong:
        return ""
    said = texts["missing" if wrong[key] in ("form.answer_missing", "form.consent_missing") else "invalid"]
    return f'<p class="wrong" id="w-{escape(key)}">{escape(said)}</p>'
