"""The few pages that people see: Wici's own words in Polish or English, an account's in its own languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import Response
from werkzeug.datastructures import LanguageAccept

from api_gateway import html_pages
from api_gateway.tracking.brands import Page
from api_gateway.tracking.preferences import PublicList

# What the buttons add to the address; `LISTS` says that the ticked ones, `LIST` in the body, are left.
LEAVE, EVERYTHING, LISTS, REASON, LIST = "leave", "all", "lists", "reason", "list"

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
        "lists": "Możesz też zrezygnować tylko z niektórych list:",
        "leave_lists": "Wypisz mnie z zaznaczonych list",
        "lists_done": "Nie ma Cię już na wybranych listach.",
        "lists_none": "Zaznacz co najmniej jedną listę.",
    },
    "en": {
        "title": "Unsubscribe",
        "text": "Are you sure that you want no more messages from this sender?",
        "leave": "Unsubscribe me",
        "done_title": "Done",
        "done": "You will get no more messages from this sender.",
        "thanks": "Thank you.",
        "lists": "You may also leave some of the lists alone:",
        "leave_lists": "Take me off the ticked lists",
        "lists_done": "You are no longer on the lists that you chose.",
        "lists_none": "Please tick at least one list.",
    },
}


class Words(NamedTuple):
    """What is said in a language that may not be the page's."""

    text: str
    language: str


class ListShown(NamedTuple):
    """A list with its box: `is_ticked` where it was the message's."""

    id: str
    name: str
    description: str
    language: str
    is_ticked: bool


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


def ask(
    brand: Page | None,
    accept_language: LanguageAccept,
    lists: Sequence[PublicList] = (),
    *,
    none_was_ticked: bool = False,
) -> Response:
    """The page with the buttons, and with the lists that may be left, a box for each.

    They post to the link's own address, whatever query the page was shown under: a mistake's has `leave=lists`. Nothing
    else has to be sent, and no script runs.
    """
    language, texts = _texts(brand, accept_language)
    buttons = [("", texts["leave"])]
    if texts.get("leave_all"):
        buttons.append((f"?{LEAVE}={EVERYTHING}", texts["leave_all"]))
    more: dict[str, Any] = {}
    if lists:
        more = {name: _words(name, texts, language, accept_language) for name in ("lists", "leave_lists")}
        more["boxes"] = [_box(one, accept_language) for one in lists]
        if none_was_ticked:
            more["mistake"] = _words("lists_none", texts, language, accept_language)
    return _branded(brand, language, title=texts["title"], text=texts["text"], buttons=buttons, **more)


def _box(one: PublicList, accept_language: LanguageAccept) -> ListShown:
    language = _best(one.texts, accept_language)
    said = one.texts[language]
    return ListShown(str(one.group_id), said["name"], said.get("description") or "", language, one.is_of_send)


def _words(name: str, texts: Mapping[str, Any], language: str, accept_language: LanguageAccept) -> Words:
    """The account's own, else Wici's: in the page's language where that is ours, too."""
    if texts.get(name):
        return Words(texts[name], language)
    ours = language if language in _OWN else language_of(accept_language)
    return Words(_OWN[ours][name], ours)


def done(brand: Page | None, accept_language: LanguageAccept) -> Response:
    """It is done; the account may ask why, a button for each reason."""
    language, texts = _texts(brand, accept_language)
    buttons = [(f"?{REASON}={key}", reason) for key, reason in sorted((texts.get("reasons") or {}).items())]
    why = texts["why"] if buttons else ""
    return _branded(brand, language, title=texts["done_title"], text=texts["done"], why=why, buttons=buttons)


def lists_left(brand: Page | None, accept_language: LanguageAccept) -> Response:
    """The lists are left. Nobody asks why: reasons are of those who leave a channel."""
    language, texts = _texts(brand, accept_language)
    words = _words("lists_done", texts, language, accept_language)
    return _branded(brand, language, title=texts["done_title"], text=words.text, text_language=words.language)


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
    language = _best(own, accept_language)
    return language, own[language]


def _best(by_language: Mapping[str, Any], accept_language: LanguageAccept) -> str:
    """The language that is wanted most; else English, Polish or the first by name."""
    last = next((one for one in ("en", "pl") if one in by_language), min(by_language))
    return accept_language.best_match(sorted(by_language), default=last) or last


def _branded(
    brand: Page | None,
    language: str,
    *,
    title: str,
    text: str,
    why: str = "",
    buttons: Sequence[tuple[str, str]] = (),
    status: int = 200,
    text_language: str = "",
    **more: Any,
) -> Response:
    """:param more: `lists`, `leave_lists`, `boxes` and `mistake` of a page with lists."""
    look = brand["brand"] if brand else None
    shown: dict[str, Any] = {"title": title, "text": text, "why": why, "buttons": buttons, "brand": look}
    shown |= {"text_language": text_language or language, "boxes": (), "mistake": None} | more
    return html_pages.page("unsubscribe", language, status, pictures="data:", **shown)
