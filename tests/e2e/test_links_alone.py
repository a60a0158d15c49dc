"""Links with the broker and every service but the gateway frozen: they lead on, and what was done arrives once."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

import psutil
import requests
from api import poll
from whole_system import System

PHONES = ["+48600700901", "+48600700902"]
EMAIL = "ala@poczta.example"
TARGETS = ["https://sklep.example/promocja", "https://sklep.example/regulamin"]
HTML = f'<p><a href="{TARGETS[0]}">Promocja</a></p><p><a href="{{{{ unsubscribe_url }}}}">Wypisz mnie</a></p>'
TEXTS = {
    "title": "Schade", "text": "Wirklich?", "leave": "Keine E-Mails mehr", "leave_all": "Gar nichts mehr",
    "done_title": "Erledigt", "done": "Wir schreiben nicht mehr.", "why": "Warum?", "thanks": "Danke!",
    "reasons": {"too_many": "Zu viele"},
}  # fmt: skip
PAGE = {"name": "Sklep", "brand": {"name": "Sklep Łąka"}, "texts": {"de": TEXTS}}
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def prepared(journey: Any) -> str:
    public = {"de": {"name": "Neuigkeiten"}}
    group_id = str(journey.api.post("/v1/groups", {"name": "Klienci", "public": public})["id"])
    consents = {"sms": {"granted": True}, "email": {"granted": True}}
    for contact in ({"phone": PHONES[0], "email": EMAIL}, {"phone": PHONES[1]}):
        journey.api.post("/v1/contacts", {**contact, "consents": consents, "group_ids": [group_id]})
    return group_id


def sent_sms(journey: Any, group_id: str) -> tuple[str, dict[str, list[str]]]:
    """A campaign with two short links: its id, and each phone's links."""
    before = journey.simulators.smsc.get("/counts")["submitted"]
    draft = {
        "name": "Linki", "channel": "sms", "sender": "WICI", "audience": {"groups": [group_id]},
        "content": {"text": f"Rabat: {TARGETS[0]}, zasady: {TARGETS[1]}.", "short_links": True},
    }  # fmt: skip
    campaign_id = str(journey.api.post("/v1/campaigns", draft)["id"])
    sample = {"address": "", "fields": {}}
    preview = journey.api.post(f"/v1/campaigns/{campaign_id}/preview", {"sample": sample})["rendered"]
    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    journey.wait_settled(campaign_id)
    received = journey.received_sms(before)
    assert len(received) == preview["parts"] * len(PHONES)
    assert {len(each["text"]) for each in received} == {preview["characters"]}
    return campaign_id, {
        "+" + each["to"].lstrip("+"): re.findall(r"http\S+/s/\w{12}", each["text"]) for each in received
    }


def sent_email(journey: Any, group_id: str) -> tuple[str, dict[str, str]]:
    """A campaign's id, and the paths of its mail's links by kind."""
    mailbox = journey.simulators.mailbox
    mailbox.post("/settings", {"keep_raw": 1_000_000})
    before = len(journey.received_mail())
    campaign_id = journey.email_campaign(group_id, html=HTML)
    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    journey.wait_settled(campaign_id)
    (mail,) = journey.received_mail(before)
    raw = mailbox.get(f"/messages/{mail['number']}/raw")
    mailbox.post("/settings", {"keep_raw": 0})
    body = message_from_bytes(raw, policy=policy.default).get_body(("html",))
    assert body is not None
    return campaign_id, {kind: path for path, kind in re.findall(r"(/([tou])/[\w-]+)", body.get_content())}


@contextmanager
def all_but_the_gateway_frozen(system: System) -> Iterator[None]:
    """The gateway keeps its database, which is its own."""
    pids = [pid for name, pid in system.pids().items() if name not in ("api_gateway", "PostgreSQL")]
    frozen = [
        process for pid in pids for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    ]
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in frozen:
            process.send_signal(signal.SIGCONT)


def test_links_lead_on_alone_and_what_was_done_arrives_once(system: System, journey: Any) -> None:
    journey.simulators.smsc.post("/settings", {"undelivered_share": 0, "expired_share": 0, "rejected_share": 0})
    group_id = prepared(journey)
    sms_id, links = sent_sms(journey, group_id)
    email_id, paths = sent_email(journey, group_id)
    base = journey.environ["WICI_PUBLIC_URL"]
    page = journey.api.post("/v1/unsubscribe-pages", PAGE)
    assert page["is_default"]
    poll(lambda: unsubscribe_page(base + paths["u"]), lambda shown: "Sklep Łąka" in shown.text, seconds=30)
    box = f'value="{group_id}" checked'  # the list that the mail was sent to
    poll(lambda: unsubscribe_page(base + paths["u"]), lambda shown: box in shown.text, seconds=30)
    assert set(links) == set(PHONES) and len({link for some in links.values() for link in some}) == 4

    with all_but_the_gateway_frozen(system):
        short = [
            requests.get(links[PHONES[0]][n], headers=PERSON, allow_redirects=False, timeout=10) for n in (0, 1, 1)
        ]
        other = requests.get(links[PHONES[1]][0], headers=PERSON, allow_redirects=False, timeout=10)
        click = requests.get(base + paths["t"], headers=PERSON, allow_redirects=False, timeout=10)
        pixel = requests.get(base + paths["o"], headers=PERSON, timeout=10)
        # A worker that cannot look in time shows Wici's own page.
        asked = poll(lambda: unsubscribe_page(base + paths["u"]), lambda page: "Schade" in page.text, seconds=30)
        assert "Neuigkeiten" in asked.text
        left = requests.post(f"{base}{paths['u']}?leave=lists", data={"list": group_id}, timeout=10)
        leave = requests.post(base + paths["u"], data={"List-Unsubscribe": "One-Click"}, timeout=10)
        leave_all = requests.post(f"{base}{paths['u']}?leave=all", timeout=10)
        # As long as it cannot look, it does not know the reasons that the account's page offers.
        for _ in range(2):
            poll(lambda: why(base + paths["u"]), lambda page: "Danke" in page.text, seconds=30)
        guess = requests.get(f"{base}/s/{'A' * 12}", timeout=10)

    assert [answer.headers.get("Location") for answer in short] == [TARGETS[0], TARGETS[1], TARGETS[1]]
    assert (other.headers.get("Location"), click.headers.get("Location")) == (TARGETS[0], TARGETS[0])
    assert (pixel.headers["Content-Type"], leave.status_code, guess.status_code) == ("image/gif", 200, 404)
    assert asked.headers["Content-Language"] == "de"
    assert (leave_all.status_code, left.status_code) == (200, 200)
    journey.wait_engagement(email_id, {"opened": 1, "clicked": 1, "unsubscribed": 1})
    poll(lambda: clicks_by_link(journey, sms_id), lambda found: sum(found.values()) == 4, seconds=60)
    assert clicks_by_link(journey, sms_id) == {TARGETS[0]: 2, TARGETS[1]: 2}
    assert journey.report(email_id)["counts"]["unsubscribes"] == 1
    poll(lambda: archived(journey), lambda found: found == {EMAIL, PHONES[0]}, seconds=60)
    poll(lambda: journey.report(email_id), lambda report: report["left_lists"] == 1, seconds=60)
    poll(lambda: journey.api.get(f"/v1/groups/{group_id}"), lambda group: group["contacts"] == 1, seconds=60)
    place = f"/v1/unsubscribe-pages/{page['id']}"
    poll(lambda: journey.api.get(place)["reasons"], lambda given: given == {"too_many": 1}, seconds=60)


def unsubscribe_page(url: str) -> requests.Response:
    return requests.get(url, headers={"Accept-Language": "de, pl;q=0.5"}, timeout=10)


def why(url: str) -> requests.Response:
    return requests.post(f"{url}?reason=too_many", headers={"Accept-Language": "de"}, timeout=10)


def archived(journey: Any) -> set[str]:
    return {
        entry["address"] for channel in ("email", "sms") for entry in journey.api.pages("/v1/archive", channel=channel)
    }


def clicks_by_link(journey: Any, campaign_id: str) -> dict[str, int]:
    """People's and machines': two links in a second are a machine's."""
    found = journey.api.get(f"/v1/campaigns/{campaign_id}/report/links")["items"]
    return {each["url"]: each["clicks"] + each["machine_clicks"] for each in found}
