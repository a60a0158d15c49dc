"""Reports by mail read well in both languages, whatever channels they are of."""

from __future__ import annotations

import pytest

from email_gateway.content.compose import render
from email_gateway.content.prepare import Kind, prepare
from email_gateway.domain.senders import SYSTEM_ACCOUNT
from email_gateway.usecases.system import load_template

EMAIL = {"sent": "12", "delivered": "11", "unique_opens": "5", "unique_clicks": "2", "unsubscribes": "1",
         "complaints": "0", "open_rate": "45.5%"}  # fmt: skip
SMS = {"submitted": "9", "delivered": "8", "unique_clicks": "0", "unsubscribes": "0", "cost": "1.26 PLN"}


def read(template: str, locale: str, fields: dict[str, str]) -> tuple[str, str]:
    prepared = prepare(
        {"from_email": "wici@wici.example", "from_name": "Wici", **load_template(template, locale)},
        Kind.SYSTEM,
        SYSTEM_ACCOUNT,
    )
    assert prepared.problems == []
    assert prepared.document is not None
    shown = render(prepared.document, {"login": "ala", **fields})
    assert shown["subject"] and shown["text"]
    return shown["subject"], shown["text"]


@pytest.mark.parametrize(
    ("locale", "subject", "opened"),
    [
        ("pl", "Raport kampanii: Żółw", "Otworzyło: 5 (45.5%)"),
        ("en", "Campaign report: Żółw", "Opened: 5 (45.5%)"),
    ],
)
def test_a_campaign_of_mail(locale: str, subject: str, opened: str) -> None:
    title, text = read("report_campaign", locale, {"name": "Żółw", **EMAIL})

    assert title == subject
    assert opened in text
    assert "PLN" not in text


@pytest.mark.parametrize("locale", ["pl", "en"])
def test_a_campaign_of_sms_and_a_period_of_both_channels_or_of_none(locale: str) -> None:
    _, text = read("report_campaign", locale, {"name": "Żółw", **SMS})
    assert "9" in text
    assert "1.26 PLN" in text
    days = {"first": "2026-11-23", "last": "2026-11-29"}

    subject, both = read("report_period", locale, {
        **days, **{f"email_{name}": value for name, value in EMAIL.items()},
        **{f"sms_{name}": value for name, value in SMS.items()},
    })  # fmt: skip
    _, nothing = read("report_period", locale, days)

    assert "2026-11-23" in subject
    assert "E-mail" in both and "SMS" in both and "1.26 PLN" in both
    assert "SMS" not in nothing
