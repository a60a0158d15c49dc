"""The panel in a real browser, from registering to a report, in Polish and English; axe looks at every page."""

import re
import secrets

from api import poll
from browsing import leads_to, log_in, look_over
from journey import DOMAIN, SENDER_ID, Journey

PEOPLE = "Imię;Telefon;Miasto\nŁucja;600100201;Gdynia\nJan;600 100 202;Łódź\nZła;12;Hel\n"


def test_a_marketer_registers_imports_contacts_sends_sms_and_reads_the_report(open_panel, environ, tmp_path):
    page = open_panel("pl-PL")
    journey = Journey(environ)
    register(page, journey)

    file = tmp_path / "klienci.csv"
    file.write_text(PEOPLE, "utf-8")
    page.goto("/app/imports/new")
    leads_to(page, "Importuj kontakty")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("Kolumny pliku klienci.csv").wait_for()
    page.get_by_label("SMS", exact=True).check()
    look_over(page)
    page.get_by_role("button", name="Rozpocznij import").click()
    page.get_by_role("link", name="Wyślij im kampanię").wait_for()
    look_over(page)
    page.get_by_role("link", name="Wyślij im kampanię").click()

    leads_to(page, "Nowa kampania")
    page.get_by_label("Nazwa kampanii").fill("Jesień")
    page.get_by_role("button", name="Zapisz i dalej").click()
    leads_to(page, "Jesień")
    page.get_by_text("osoby z 2 wybranych dostaną wiadomość").wait_for()
    page.get_by_role("button", name="Zapisz i dalej").click()
    page.get_by_role("combobox", name="Nadawca").or_(page.get_by_label("Nadawca", exact=True)).first.click()
    page.get_by_role("option", name=SENDER_ID).click()
    page.get_by_label("Treść").fill("Cześć {{ first_name }}, rabat czeka!")
    page.get_by_text("Cześć Łucja, rabat czeka!").wait_for()
    look_over(page)
    page.get_by_role("button", name="Zapisz i dalej").click()
    page.get_by_role("button", name="Wyślij teraz").click()
    page.get_by_role("dialog").get_by_role("button", name="Wyślij teraz").click()

    page.get_by_text("Godzina po godzinie").wait_for()
    page.locator("dl div", has_text="Dostarczone").get_by_text("100%").or_(page.get_by_text("100%")).first.wait_for()
    look_over(page)
    texts = {one["text"] for one in journey.received_sms() if "rabat czeka" in one.get("text", "")}
    assert {"Cześć Łucja, rabat czeka!", "Cześć Jan, rabat czeka!"} <= texts


def test_the_other_pages_in_english_on_a_phone_in_the_dark_and_a_log_out_that_holds(open_panel, journey):
    page = open_panel("en-GB", width=360, colours="dark")
    log_in(page, journey)
    journey.api.post("/v1/contacts", {"first_name": "Ann", "phone": "+48600100203"})
    headings = {
        "contacts": "Contacts", "groups": "Groups", "groups/combine": "Make groups of groups",
        "fields": "Fields", "imports": "Imports", "campaigns": "Campaigns",
        "campaigns/new": "New campaign", "templates": "Templates", "templates/new": "New template",
        "archive": "Archive", "files": "Files", "links": "Links", "conversations": "Replies",
        "messages": "Message log", "senders": "Senders", "account": "Account", "account/users": "Users",
        "account/keys": "API keys", "account/security": "Security", "account/webhooks": "Webhooks",
        "account/profile": "Your details",
        "account/roles": "Roles", "account/rules": "Access rules", "account/partners": "SMPP and SMTP",
        "account/jobs": "Long work",
        "account/invoices": "Invoices", "account/trial": "Trial numbers", "account/audit": "Who did what",
        "segments": "Segments", "compare": "Compare campaigns", "forms": "Sign-up forms", "privacy": "Privacy",
        "unsubscribe-pages": "Unsubscribe pages", "keywords": "SMS keywords",
        "report-schedules": "Reports by mail", "operator": "Operators",
    }  # fmt: skip
    application = journey.api.post("/v1/push/applications", {"name": "shop", "title": "Shop"})["id"]
    webhook = journey.api.post("/v1/webhooks", {"url": "https://shop.example/", "events": ["message.delivered"]})["id"]
    headings |= {f"senders/push/{application}": "Devices of Shop", f"account/webhooks/{webhook}": "Webhooks"}
    headings |= pages_of_one_thing(journey)
    for place, heading in headings.items():
        page.goto(f"/app/{place}")
        leads_to(page, heading)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place

    invites_to_a_viber_bot(page, journey)
    page.goto("/app/contacts")
    page.get_by_role("link", name="Ann").click()
    leads_to(page, "Ann")
    page.get_by_role("button", name=re.compile("Account of")).click()
    page.get_by_role("menuitem", name="Log out").click()
    leads_to(page, "Log in")
    page.goto("/app/contacts")
    leads_to(page, "Log in")
    page.goto("/app/forgotten")
    leads_to(page, "Forgotten password")


def invites_to_a_viber_bot(page, journey):
    bot = journey.api.post("/v1/viber/bots", {"name": "shop", "title": "Shop"})["id"]
    known = {"auth_token": f"token-{secrets.token_hex(12)}", "uri": f"shop-{secrets.token_hex(4)}"}
    decision = {"decision": "activate", "reason": "Contract", **known}
    journey.operator.post(f"/v1/operator/viber/bots/{bot}/decision", decision)
    page.goto("/app/senders?channel=viber")
    leads_to(page, "Senders")
    page.get_by_role("button", name="Invite to Shop").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Contact").fill("Ann")
    page.get_by_role("option", name="Ann").click()
    look_over(page)
    dialog.get_by_role("button", name="Make the link").click()
    dialog.get_by_text(f"viber://pa?chatURI={known['uri']}").wait_for()
    look_over(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def pages_of_one_thing(journey):
    """Headings of the pages that show one thing, which is made here, by their addresses."""
    make = journey.api.post
    rules = {"field": "city", "op": "eq", "value": "Gdynia"}
    segment = make("/v1/segments", {"name": "Seaside", "rules": rules})["id"]
    text = make("/v1/templates", {"name": "Hello", "channel": "sms", "content": {"text": "Hi"}})["id"]
    mail = {"subject": "Hi", "html": "<p>Hi</p>"}
    mail_id = make("/v1/templates", {"name": "Letter", "channel": "email", "content": mail})["id"]
    form = make("/v1/forms", {"name": "Newsletter", "consent_texts": {"en": "Yes."}, "language": "en"})["id"]
    number = make("/v1/whatsapp/senders", {"name": "shop", "title": "Shop", "phone": "+48500700800"})["id"]
    groups = [make("/v1/groups", {"name": name})["id"] for name in ("Customers", "Partners")]
    union = {"operation": "union", "group_ids": groups, "name": "Everybody"}
    combination = make("/v1/groups/combine", union)["id"]
    sms = {"from": SENDER_ID, "to": ["+48600100203"], "text": "Hi"}
    message = make("/v1/sms", sms)["messages"][0]["id"]
    poll(lambda: list(journey.api.pages("/v1/messages", address="+48600100203")), bool, seconds=60)
    return {
        "segments/new": "New segment", f"segments/{segment}": "Seaside", f"segments/{segment}/contacts": "Seaside",
        f"templates/{text}": "Hello", f"templates/{mail_id}": "Letter", f"forms/{form}": "Newsletter",
        f"senders/whatsapp/{number}": "Shop", f"messages/{message}": re.compile(r"\+48"),
        "conversations/+48600100203": re.compile(r"\+48"), f"groups/combine/{combination}": "New groups",
    }  # fmt: skip


def register(page, journey):
    """In the browser; the operator then gives the account a plan and its senders."""
    page.goto("/")
    leads_to(page, "Zaloguj się")
    page.get_by_role("link", name="Pierwszy raz? Załóż konto").click()
    leads_to(page, "Załóż konto")
    login, password = f"panel{secrets.token_hex(4)}", secrets.token_urlsafe(18)
    page.get_by_label("Nazwa konta").fill(login)
    page.get_by_label("Login").fill(login)
    page.get_by_label("E-mail").fill(f"{login}@{DOMAIN}")
    page.get_by_label("Hasło", exact=False).first.fill(password)
    page.get_by_label("Akceptuję regulamin").check()
    page.get_by_role("button", name="Załóż konto").click()
    leads_to(page, f"Dzień dobry, {login}")
    adopt(journey, login, password)


def adopt(journey, login, password):
    """The journey goes on with an account that was made elsewhere."""
    session = journey.public.post("/v1/sessions", {"login": login, "password": password, "device": "journey"})
    journey.login, journey.password = login, password
    journey.account_id = session["me"]["account_id"]
    journey.api = journey.public.with_token(session["access_token"])
    journey.become_operator()
    journey.give_plan()
    journey.connect_simulators()
    journey.authorise_senders()
