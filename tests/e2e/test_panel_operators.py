"""The panel of those who run the platform, in a real browser: their log-in, each of their pages, an invoice."""

import json
import os
import secrets
import subprocess
import sys

import pyotp
from browsing import leads_to

TABS = (
    "Konta", "Nadawcy SMS", "Agenci RCS", "Numery WhatsApp", "Boty Viber", "Operatorzy SMS", "Trasy",
    "Wstrzymane numery", "Ceny SMS", "Trasy poczty", "Domeny poczty", "Pule adresów IP", "Plany",
    "Faktury", "Kto co zrobił",
)  # fmt: skip
PHONE = 360


def test_an_operator_looks_at_every_page_and_issues_an_invoice(open_panel, environ, journey):
    journey.api.post("/v1/sender-domains", {"domain": "nowa.example"})
    journey.api.patch("/v1/account", {"company": {"name": "Sklep", "address": "ul. Długa 1, 80-001 Gdańsk"}})
    page = open_panel("pl-PL")
    log_in(page, environ)
    for name in TABS:
        page.get_by_role("tab", name=name, exact=True).click()
        leads_to(page, name)

    page.get_by_role("tab", name="Konta", exact=True).click()
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
    page.set_viewport_size({"width": PHONE, "height": 900})
    leads_to(page, page.get_by_role("heading", level=1).inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def log_in(page, environ):
    """As an operator who is new: with the one-time password, a code, and a password of their own."""
    login = f"dyzur{secrets.token_hex(4)}"
    command = [sys.executable, "-m", "identity.commands.operators", "add", login, f"{login}@wici.example", "--json"]
    made = json.loads(subprocess.run(command, env={**os.environ, **environ}, capture_output=True, check=True).stdout)
    page.goto("/app/operator")
    leads_to(page, "Operatorzy")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Hasło", exact=False).first.fill(made["password"])
    page.get_by_label("Kod", exact=False).fill(pyotp.TOTP(made["totp_secret"]).now())
    page.get_by_role("button", name="Zaloguj się").click()
    page.get_by_label("Nowe hasło", exact=False).first.fill(secrets.token_urlsafe(18))
    page.get_by_role("button", name="Zaloguj się").click()
    leads_to(page, "Konta")
