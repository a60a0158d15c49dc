"""A segment by rules and a mail by drag and drop, sent from the panel and seen where it arrives."""

import secrets
from email import message_from_bytes, policy

from api import poll
from browsing import leads_to, log_in, look_over
from journey import DOMAIN


def test_a_segment_gets_a_mail_that_was_built_by_drag_and_drop(open_panel, journey):
    city = f"Gdynia{secrets.token_hex(4)}"
    here, elsewhere = (f"p{secrets.token_hex(6)}@{DOMAIN}" for _ in range(2))
    for address, place in ((here, city), (elsewhere, "Hel")):
        person = {"first_name": "Łucja", "email": address, "city": place}
        journey.api.post("/v1/contacts", {**person, "consents": {"email": {"granted": True, "source": "form"}}})
    page = open_panel("en-GB")
    log_in(page, journey)

    make_segment(page, city)
    begin_campaign(page, city)
    build_mail(page)
    page.get_by_role("button", name="Send now").click()
    page.get_by_role("dialog").get_by_role("button", name="Send now").click()
    page.get_by_text("Hour by hour").wait_for()

    html = received_html(journey, here)
    assert "To the sale, Łucja" in html
    assert "Built by <b>hand</b>" in html
    assert elsewhere not in {mail["address"] for mail in journey.received_mail()}


def make_segment(page, city):
    page.goto("/app/segments/new")
    leads_to(page, "New segment")
    page.get_by_label("Name", exact=False).first.fill(f"From {city}")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("textbox", name="Value").fill(city)
    page.get_by_text("contact fits").wait_for()
    page.get_by_role("button", name="Add rules inside").click()
    page.get_by_text("Finish the rules").wait_for()
    page.get_by_role("textbox", name="Value").last.fill("Hel")
    page.get_by_text("contacts fit").wait_for()  # nobody lives in both
    look_over(page)
    page.get_by_role("button", name="Remove these rules").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove these rules").click()
    page.get_by_text("contact fits").wait_for()
    page.get_by_role("button", name="Save").click()
    leads_to(page, f"From {city}")
    page.get_by_role("link", name="See the contacts").click()
    leads_to(page, f"Contacts of From {city}")
    page.go_back()
    leads_to(page, f"From {city}")


def begin_campaign(page, city):
    page.get_by_role("link", name="Send them a campaign").click()
    leads_to(page, "New campaign")
    page.get_by_label("Campaign name").fill(f"For {city}")
    page.get_by_role("radio", name="E-mail").check()
    page.get_by_role("button", name="Save and continue").click()
    leads_to(page, f"For {city}")
    page.get_by_text("person of 1 chosen gets it now").wait_for()
    page.get_by_role("button", name="Save and continue").click()


def build_mail(page):
    properties = page.get_by_role("region", name="Properties")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_role("button", name="Write a subject: without one nothing is sent.").click()
    assert page.evaluate("document.activeElement.dataset.path") == "subject"
    look_over(page)
    page.get_by_label("From (e-mail address)").fill(f"sklep@{DOMAIN}")
    page.get_by_label("Subject").fill("Sale")
    text = page.frame_locator("iframe.gjs-frame").get_by_text("Write your text here.")
    blocks = page.get_by_role("region", name="Blocks")
    # At the very border of a column an element is put into it, too.
    drag(page, blocks.get_by_role("button", name="Line"), text)
    page.get_by_role("region", name="Parts of the mail").get_by_role("button", name="Line").wait_for()
    drag(page, blocks.get_by_role("button", name="Button"), text)
    page.get_by_label("Leads to").fill("https://shop.example/?a=1&b=2")
    properties.get_by_label("Text", exact=True).fill("To the sale, {{ first_name }}")
    page.get_by_role("button", name="Text: Write your text here.").click()
    properties.get_by_label("Text", exact=True).fill("Built by <b>hand</b>")
    look_over(page)
    page.get_by_role("button", name="Save and continue").click()


def drag(page, block, place):
    """As a hand does it: down on the block, some steps to the place, up where the mail shows that it can be dropped."""
    place.wait_for()
    block.scroll_into_view_if_needed()
    start, end = block.bounding_box(), place.bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 20)
    page.mouse.down()
    for steps in (12, 4):
        page.mouse.move(end["x"] + 60 + steps, end["y"] + end["height"] - 2, steps=steps)
    page.locator(".gjs-placeholder:visible").wait_for()
    page.mouse.up()


def received_html(journey, address):
    mails = poll(lambda: [mail for mail in journey.received_mail() if mail["address"] == address], bool, seconds=60)
    raw = journey.simulators.mailbox.get(f"/messages/{mails[0]['number']}/raw")
    return message_from_bytes(raw, policy=policy.default).get_body(("html",)).get_content()
