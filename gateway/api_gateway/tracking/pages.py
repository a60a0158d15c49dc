"""The few pages that people see: Wici's own words in Polish or English, an account's in its own languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from werkzeug.datastructures import LanguageAccept

from api_gateway import html_pages
from api_gateway.tracking.brands import Page

# What the buttons add to the address: the threads that serve links read no body.
LEAVE, EVERYTHING, REASON = "leave", "all", "reason"

_TEXTS: dict[str, dict[str, str]] = {
    "pl": {
        "gone_title": "Ten odnośnik nie działa",
        "gone": "Odnośnik jest niepełny lub nieprawidłowy. Otwórz go ponownie z otrzymanej wiadomości.",
        "ended_title": "Ten odnośnik już nie działa",
        "ended": "Nadawca nie korzysta już z tego odnośnika.",
        "suspended_title": "Ten odnośnik nie działa",
        "suspended": "Operator platformy zatrzymał konto, z którego wysłano tę wiadomość.",
        "soon_title": "Jeszcze chwila",
        "soon": "Ten odnośnik zacznie działać za kilka sekund. Strona otworzy się sama.",
        "later_title": "Spróbuj ponownie za chwilę",
        "later": "Nie udało się teraz zapisać rezygnacji. Spróbuj ponownie za minutę.",
    },
    "en": {
        "gone_title": "This link does not work",
        "gone": "The link is incomplete or wrong. Please open it again from the message that you got.",
        "ended_title": "This link has ended",
        "ended": "The sender no longer uses this link.",
        "suspended_title": "This link does not work",
        "suspended": "The operator of this platform has stopped the account that sent the message.",
        "soon_title": "One moment",
        "soon": "This link will work in a few seconds. The page opens by itself.",
        "later_title": "Please try again in a moment",
        "later": "Your wish could not be stored just now. Please try again in a minute.",
    },
}


_OWN: dict[str, dict[str, str]] = {
    "pl": {
        "title": "Rezygnacja z wiadomości",
        "text": "Czy na pewno nie chcesz otrzymywać kolejnych wiadomości od tego nadawcy?",
        "leave": "Wypisz mnie",
        "done_title": "Gotowe",
        "done": "Nie wyślemy Ci więcej wiadomości od tego nadawcy.",
        "thanks": "Dziękujemy.",
    },
    "en": {
        "title": "Unsubscribe",
        "text": "Are you sure that you want no more messages from this sender?",
        "leave": "Unsubscribe me",
        "done_title": "Done",
        "done": "You will get no more messages from this sender.",
        "thanks": "Thank you.",
    },
}


def language_of(accept_language: LanguageAccept) -> str:
    """`pl` or `en`; Polish where the browser says nothing."""
    return accept_language.best_match(["pl", "en"], default="pl") or "pl"


def page(name: str, language: str, status: int) -> Response:
    """A page that only says something: `gone`, `ended`, `suspended`, `soon` or `later`."""
    texts = _TEXTS[language]
    return html_pages.page("notice", language, status, title=texts[f"{name}_title"], text=texts[name], link=None)


def branded(name: str, brand: Page | None, accept_language: LanguageAccept, status: int) -> Response:
    """As `page`, in the account's brand where it has one; the words are Wici's."""
    language = language_of(accept_language)
    if brand is None:
        return page(name, language, status)
    texts = _TEXTS[language]
    return _branded(brand, language, title=texts[f"{name}_title"], text=texts[name], status=status)


def ask(brand: Page | None, accept_language: LanguageAccept) -> Response:
    """The page with the buttons, which post to where it was shown. Nothing else has to be sent, and no script runs."""
    language, texts = _texts(brand, accept_language)
    buttons = [("", texts["leave"])]
    if texts.get("leave_all"):
        buttons.append((f"?{LEAVE}={EVERYTHING}", texts["leave_all"]))
    return _branded(brand, language, title=texts["title"], text=texts["text"], buttons=buttons)


def done(brand: Page | None, accept_language: LanguageAccept) -> Response:
    """It is done; the account may ask why, a button for each reason."""
    language, texts = _texts(brand, accept_language)
    buttons = [(f"?{REASON}={key}", reason) for key, reason in sorted((texts.get("reasons") or {}).items())]
    why = texts["why"] if buttons else ""
    return _branded(brand, language, title=texts["done_title"], text=texts["done"], why=why, buttons=buttons)


def thanks(brand: Page | None, accept_language: LanguageAccept) -> Response:
    """A reason was given."""
    language, texts = _texts(brand, accept_language)
    return _branded(brand, language, title=texts["done_title"], text=texts["thanks"])


def has_reason(brand: Page | None, reason: str) -> bool:
    """Whether the account's page offers it."""
    return brand is not None and any(reason in (texts.get("reasons") or {}) for texts in brand["texts"].values())


def _texts(brand: Page | None, accept_language: LanguageAccept) -> tuple[str, Mapping[str, Any]]:
    """The account's own texts in the language that the browser would rather have, else Wici's."""
    own = brand["texts"] if brand else None
    if not own:
        language = language_of(accept_language)
        return language, _OWN[language]
    last = next((one for one in ("en", "pl") if one in own), min(own))
    language = accept_language.best_match(sorted(own), default=last) or last
    return language, own[language]


def _branded(
    brand: Page | None,
    language: str,
    *,
    title: str,
    text: str,
    why: str = "",
    buttons: Sequence[tuple[str, str]] = (),
    status: int = 200,
) -> Response:
    look = brand["brand"] if brand else None
    shown: dict[str, Any] = {"title": title, "text": text, "why": why, "buttons": buttons, "brand": look}
    return html_pages.page("unsubscribe", language, status, pictures="data:", **shown)
