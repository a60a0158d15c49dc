"""Mails of the platform's own are written with what comes with an event: every value is a text by then."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from email_gateway.content.compose import render
from email_gateway.content.prepare import Kind, prepare
from email_gateway.domain.senders import SYSTEM_ACCOUNT
from email_gateway.usecases.system import TEMPLATES, load_template

FILES = sorted(file.name for file in (resources.files("email_gateway") / TEMPLATES).iterdir() if file.name[0] != "_")
NAMES = re.compile(r"[a-z][a-z_]+")


def written(template: str, locale: str, **given: str) -> str:
    content = load_template(template, locale)
    prepared = prepare({"from_email": "wici@wici.example", "from_name": "Wici", **content}, Kind.SYSTEM, SYSTEM_ACCOUNT)
    assert prepared.document is not None, prepared.problems
    named = {name: "7" for part in re.findall(r"{[{%].*?[}%]}", str(content)) for name in NAMES.findall(part)}
    return str(render(prepared.document, {**named, **given})["text"])


@pytest.mark.parametrize("file", FILES)
def test_every_mail_is_written_from_texts(file: str) -> None:
    template, locale, _ = file.split(".")

    assert written(template, locale)


@pytest.mark.parametrize(("locale", "said"), [("pl", "po 7 dniach"), ("en", "after 7 days")])
def test_an_invitation_says_how_long_it_is_good(locale: str, said: str) -> None:
    assert said in written("invitation", locale, url="https://wici.example/invitation/t", hours_valid="168")
