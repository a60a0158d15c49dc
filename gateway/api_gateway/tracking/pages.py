"""The few pages that people see, in Polish or English by their browser's wish."""

from __future__ import annotations

from flask import Response
from werkzeug.datastructures import LanguageAccept

from api_gateway import html_pages

_TEXTS: dict[str, dict[str, str]] = {
    "pl": {
        "ask_title": "Rezygnacja z wiadomości",
        "ask": "Czy na pewno nie chcesz otrzymywać kolejnych wiadomości od tego nadawcy?",
        "button": "Wypisz mnie",
        "done_title": "Gotowe",
        "done": "Nie wyślemy Ci więcej wiadomości od tego nadawcy.",
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
        "ask_title": "Unsubscribe",
        "ask": "Are you sure that you want no more messages from this sender?",
        "button": "Unsubscribe me",
        "done_title": "Done",
        "done": "You will get no more messages from this sender.",
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


def language_of(accept_language: LanguageAccept) -> str:
    """`pl` or `en`; Polish where the browser says nothing."""
    return accept_language.best_match(["pl", "en"], default="pl") or "pl"


def page(name: str, language: str, status: int) -> Response:
    """One of `ask`, `done`, `gone`, `ended`, `suspended`, `soon`, `later`.

    The form of `ask` posts to where it was shown.
    """
    texts = _TEXTS[language]
    shown = {"title": texts[f"{name}_title"], "text": texts[name]}
    if name == "ask":
        return html_pages.page("unsubscribe", language, status, button=texts["button"], **shown)
    return html_pages.page("notice", language, status, link=None, **shown)
