"""The few pages that people see, in Polish or English by their browser's wish."""

from __future__ import annotations

from html import escape

from werkzeug.datastructures import LanguageAccept

_TEXTS: dict[str, dict[str, str]] = {
    "pl": {
        "ask_title": "Rezygnacja z wiadomości",
        "ask": "Czy na pewno nie chcesz otrzymywać kolejnych wiadomości od tego nadawcy?",
        "button": "Wypisz mnie",
        "done_title": "Gotowe",
        "done": "Nie wyślemy Ci więcej wiadomości od tego nadawcy.",
        "gone_title": "Ten odnośnik nie działa",
        "gone": "Odnośnik jest niepełny lub nieprawidłowy. Otwórz go ponownie z otrzymanej wiadomości.",
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
        "later_title": "Please try again in a moment",
        "later": "Your wish could not be stored just now. Please try again in a minute.",
    },
}
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow"><title>{title}</title><style>
body{{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1d2129}}
main{{max-width:32rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:.75rem;box-shadow:0 1px 6px #0002}}
h1{{font-size:1.5rem;margin-top:0}}
button{{font:inherit;padding:.7rem 1.4rem;border:0;border-radius:.5rem;background:#b3261e;color:#fff;cursor:pointer}}
button:focus-visible{{outline:3px solid #1d2129}}
</style></head><body><main><h1>{title}</h1><p>{text}</p>{form}</main></body></html>
"""


def language_of(accept_language: LanguageAccept) -> str:
    """`pl` or `en`; Polish where the browser says nothing."""
    return accept_language.best_match(["pl", "en"], default="pl") or "pl"


def page(name: str, language: str) -> str:
    """One of `ask`, `done`, `gone`, `later`. The form posts to the address it was shown at."""
    texts = _TEXTS[language]
    form = (
        f'<form method="post"><button type="submit">{escape(texts["button"])}</button></form>' if name == "ask" else ""
    )
    return _PAGE.format(language=language, title=escape(texts[f"{name}_title"]), text=escape(texts[name]), form=form)
