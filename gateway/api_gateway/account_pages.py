"""The pages behind the links of account mails, for an installation without a panel: what they say and show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from api_gateway import html_pages

TEXTS: dict[str, dict[str, str]] = {
    "pl": {
        "login": "Login",
        "password": "Nowe hasło",
        "again": "Nowe hasło jeszcze raz",
        "password_reset_title": "Nowe hasło",
        "password_reset": "Ustaw nowe hasło: co najmniej 12 znaków. Sesje się zakończą, a klucze API stracą ważność.",
        "password_reset_button": "Ustaw hasło",
        "password_reset_done_title": "Hasło ustawione",
        "password_reset_done": "Możesz się zalogować nowym hasłem.",
        "invitation_title": "Zaproszenie do Wici",
        "invitation": "Aby zacząć, ustaw hasło: co najmniej 12 znaków.",
        "invitation_button": "Przyjmij zaproszenie",
        "invitation_done_title": "Zaproszenie przyjęte",
        "invitation_done": "Możesz się zalogować.",
        "email_change_title": "Potwierdź adres e-mail",
        "email_change": "Potwierdź, że ten adres jest Twój i ma należeć do Twojego konta w Wici.",
        "email_change_button": "Potwierdzam adres",
        "email_change_done_title": "Adres potwierdzony",
        "email_change_done": "Nic więcej nie trzeba robić. Dziękujemy!",
        "different": "Hasła się różnią.",
        "password.too_short": "Hasło jest za krótkie: potrzeba co najmniej 12 znaków.",
        "password.common": "To hasło jest jednym z najczęściej odgadywanych. Wybierz inne.",
        "password.holds_login": "To hasło jest prawie takie jak login. Wybierz inne.",
        "invalid": "To hasło nie może zostać użyte. Wybierz inne.",
        "gone_title": "Ten odnośnik nie działa",
        "gone": "Odnośnik jest niepełny, stracił ważność albo został już użyty.",
        "slow_title": "Zbyt wiele prób",
        "slow": "Odczekaj minutę i spróbuj ponownie.",
        "unreadable_title": "Nie udało się tego odczytać",
        "unreadable": "Wyślij formularz jeszcze raz.",
        "later_title": "Spróbuj ponownie później",
        "later": "Nie udało się tego teraz zapisać. Odnośnik z wiadomości pozostaje ważny.",
    },
    "en": {
        "login": "Login",
        "password": "New password",
        "again": "New password once more",
        "password_reset_title": "A new password",
        "password_reset": "Set a new password of at least 12 characters. Sessions end, and API keys are revoked.",
        "password_reset_button": "Set the password",
        "password_reset_done_title": "The password is set",
        "password_reset_done": "You can log in with the new password.",
        "invitation_title": "An invitation to Wici",
        "invitation": "To begin, set a password of at least 12 characters.",
        "invitation_button": "Accept the invitation",
        "invitation_done_title": "The invitation is accepted",
        "invitation_done": "You can log in now.",
        "email_change_title": "Confirm the e-mail address",
        "email_change": "Confirm that this address is yours and belongs to your account in Wici.",
        "email_change_button": "Confirm the address",
        "email_change_done_title": "The address is confirmed",
        "email_change_done": "There is nothing more to do. Thank you!",
        "different": "The passwords differ.",
        "password.too_short": "The password is too short: at least 12 characters are needed.",
        "password.common": "This password is among those that are guessed first. Please choose another.",
        "password.holds_login": "This password is little more than the login. Please choose another.",
        "invalid": "This password cannot be used. Please choose another.",
        "gone_title": "This link does not work",
        "gone": "The link is incomplete, has expired, or has been used.",
        "slow_title": "Too many attempts",
        "slow": "Please wait a minute and try again.",
        "unreadable_title": "That could not be read",
        "unreadable": "Please send the form once more.",
        "later_title": "Please try again later",
        "later": "It could not be saved just now. The link of the message stays valid.",
    },
}


def notice(name: str, language: str, status: int) -> Response:
    """A page that only says something: `password_reset_done`, `gone`, `slow`, `later`, `unreadable`"""
    texts = TEXTS[language]
    said = {"title": texts[f"{name}_title"], "text": texts[name]}
    return html_pages.page("notice", language, status, **said, link=None, link_text="")


def ask(
    purpose: str, language: str, *, link: Mapping[str, Any] | None, mistake: str | None = None, status: int = 200
) -> Response:
    """The page with the button, and the fields of a password where `link` says whose it is.

    Mail scanners follow links, so looking at it changes nothing. What was typed is never shown again.

    :param mistake: a code of what is wrong with the password, or `different`.
    """
    texts = TEXTS[language]
    return html_pages.page(
        "account_link",
        language,
        status,
        title=texts[f"{purpose}_title"],
        text=texts[purpose],
        texts=texts,
        login=link and link["login"],
        mistake=mistake and texts.get(mistake, texts["invalid"]),
        button=texts[f"{purpose}_button"],
    )
