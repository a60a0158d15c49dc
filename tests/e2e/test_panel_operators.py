"""The panel of those who run the platform, in a real browser: log-in, each page, an invoice, traffic."""

import json
import os
import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from api import poll
from browsing import leads_to, look_over
from journey import SENDER_ID
from whole_system import ROOT

PHONE = 360


@pytest.mark.parametrize(("locale", "width", "colours"), [("pl-PL", 1440, "light"), ("en-GB", PHONE, "dark")])
def test_an_operator_looks_at_every_page(open_panel, environ, journey, locale, width, colours):
    journey.api.post("/v1/sender-domains", {"domain": f"{locale.lower()}.example"})
    page, words = open_panel(locale, width=width, colours=colours), words_in(locale)
    log_in(page, environ, words)
    for name, label in words["operator"]["tabs"].items():
        if width == PHONE:
            page.get_by_label(words["operator"]["title"], exact=True).select_option(name)
        else:
            page.get_by_role("tab", name=label, exact=True).click()
        leads_to(page, label)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_an_operator_issues_an_invoice(open_panel, environ, journey):
    journey.api.patch("/v1/account", {"company": {"name": "Sklep", "address": "ul. Długa 1, 80-001 Gdańsk"}})
    page = open_panel("pl-PL")
    log_in(page, environ, words_in("pl-PL"))
    page.get_by_label("Szukaj po nazwie").fill(journey.login)
    page.get_by_role("button", name=f"Nowa faktura dla {journey.login}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Za co").fill("Szkolenie")
    dialog.get_by_label("Cena netto", exact=False).fill("250,50")
    dialog.get_by_label("Powód", exact=False).fill("Zamówienie")
    dialog.get_by_role("button", name="Nowa faktura").click()
    dialog.wait_for(state="hidden")
    page.get_by_role("tab", name="Faktury", exact=True).click()
    page.get_by_role("link", name="FV/", exact=False).first.click()
    page.get_by_text("Szkolenie").wait_for()
    number = page.get_by_role("heading", level=1).inner_text()
    leads_to(page, number)
    page.set_viewport_size({"width": PHONE, "height": 900})
    leads_to(page, number)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_an_operator_goes_from_an_account_to_its_traffic(open_panel, environ, journey):
    journey.api.post("/v1/sms", {"from": SENDER_ID, "to": ["+48600100204"], "text": "Hi"})
    today = datetime.now(UTC).date()
    asked = {"account_id": journey.account_id, "from": str(today - timedelta(days=1)), "to": str(today)}
    poll(lambda: journey.operator.get("/v1/operator/traffic", **asked)["items"], is_all_delivered, seconds=60)
    page = open_panel("pl-PL")
    log_in(page, environ, words_in("pl-PL"))
    page.get_by_label("Szukaj po nazwie").fill(journey.login)
    page.get_by_role("link", name=f"Ruch kont: {journey.login}").click()
    leads_to(page, "Ruch kont")
    page.get_by_role("cell", name="1 (100%)").first.wait_for()
    page.get_by_role("link", name=journey.login).first.wait_for()
    look_over(page)
    page.get_by_role("tab", name="SMS u operatorów").click()
    leads_to(page, "SMS u operatorów")
    page.get_by_role("cell", name="simulator").first.wait_for()
    look_over(page)
    page.set_viewport_size({"width": PHONE, "height": 900})
    look_over(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def is_all_delivered(items):
    return bool(items) and all(one["delivered"] == one["messages"] for one in items[0]["channels"])


def words_in(locale):
    return json.loads((ROOT / f"panel/src/i18n/{locale[:2]}.json").read_text())


def log_in(page, environ, words):
    """As an operator who is new: with the one-time password, a code, and a password of their own."""
    login = f"dyzur{secrets.token_hex(4)}"
    command = [sys.executable, "-m", "identity.commands.operators", "add", login, f"{login}@wici.example", "--json"]
    made = json.loads(subprocess.run(command, env={**os.environ, **environ}, capture_output=True, check=True).stdout)
    page.goto("/app/operator")
    leads_to(page, words["operator"]["title"])
    page.get_by_label(words["login"]["login"]).fill(login)
    page.get_by_label(words["login"]["password"], exact=False).first.fill(made["password"])
    page.get_by_label(words["login"]["code"], exact=False).fill(pyotp.TOTP(made["totp_secret"]).now())
    enter = page.get_by_role("button", name=words["login"]["submit"])
    enter.click()
    page.get_by_label(words["security"]["newPassword"], exact=False).first.fill(secrets.token_urlsafe(18))
    enter.click()
    leads_to(page, words["operator"]["tabs"]["accounts"])
