"""A campaign over several channels, shown: RCS where the phone has it, WhatsApp where there is consent, Viber for those
who have come to the bot, SMS for the rest, and one report of all four."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from api import Api, poll
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from journey import SENDER_ID, Journey

TOKEN = "SJENCPGJESMGUFPY"
PEOPLE = 60
SECONDS = 120.0


def private_key() -> str:
    """A new one, as a service account has it (PKCS #8)."""
    made = rsa.generate_private_key(65_537, 2048)
    kept = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return made.private_bytes(*kept).decode()


def set_up_rcs(journey: Journey) -> None:
    """An agent of the account, which an operator has set up, known to the simulated Google."""
    google = Api(f"http://127.0.0.1:{journey.environ['WICI_RCS_PORT']}")
    agent = journey.api.post("/v1/rcs/agents", {"name": "shop", "title": "Sklep", "purpose": "Wyprzedaże"})
    one = f"/v1/operator/rcs/agents/{agent['id']}"
    credentials = {
        "google_id": agent["id"], "client_email": "rcs@shop.example", "private_key": private_key(),
        "client_token": TOKEN, "reason": "Journey",
    }  # fmt: skip
    made = journey.operator.put(f"{one}/credentials", credentials)
    journey.operator.post(f"{one}/decision", {"decision": "activate", "reason": "Journey"})
    hook = {"url": f"{journey.public.base_url}/hooks/rcs/{made['hook']}", "client_token": TOKEN}
    google.post("/settings", {"hooks": {agent["id"]: hook}, "without": ["8", "9"]})


def set_up_whatsapp(journey: Journey) -> None:
    """A number of the account with its templates, known to the simulated Meta."""
    meta = Api(f"http://127.0.0.1:{journey.environ['WICI_OTT_PORT']}")
    asked = {"name": "shop", "title": "Sklep", "phone": "+48500700800"}
    sender = journey.api.post("/v1/whatsapp/senders", asked)
    number, app_secret = f"10{secrets.randbelow(10**12):012d}", secrets.token_hex(16)
    known = {
        "phone_number_id": number, "business_account_id": number, "access_token": f"EAA{secrets.token_hex(8)}",
        "app_secret": app_secret, "verify_token": secrets.token_hex(8),
    }  # fmt: skip
    decision = {"decision": "activate", "reason": "Journey", **known}
    decided = journey.operator.post(f"/v1/operator/whatsapp/senders/{sender['id']}/decision", decision)
    meta.post("/hooks", {number: {"url": f"{journey.public.base_url}{decided['hook_path']}", "app_secret": app_secret}})
    templates = f"/v1/whatsapp/senders/{sender['id']}/templates"
    poll(lambda: journey.api.get(templates), lambda page: bool(page["items"]), seconds=SECONDS)


@dataclass(frozen=True)
class Bot:
    """A bot of the account's on Viber. :ivar token: by which the simulated Viber knows it."""

    id: str
    token: str


def set_up_viber(journey: Journey) -> Bot:
    """A bot of the account, which an operator has set up, and to which Viber reports."""
    token = f"token-{secrets.token_hex(12)}"
    bot = str(journey.api.post("/v1/viber/bots", {"name": "shop", "title": "Sklep"})["id"])
    decision = {"decision": "activate", "reason": "Journey", "auth_token": token, "uri": f"bot-{token[-8:]}"}
    journey.operator.post(f"/v1/operator/viber/bots/{bot}/decision", decision)
    poll(lambda: journey.api.get("/v1/viber/bots"), lambda page: bool(page["items"][0]["hook_at"]), seconds=SECONDS)
    return Bot(bot, token)


def subscribe(journey: Journey, bot: Bot, contact_id: str) -> None:
    """The contact opens an invitation to the bot, and subscribes."""
    viber = Api(f"http://127.0.0.1:{journey.environ['WICI_OTT_PORT']}")
    link = journey.api.post(f"/v1/viber/bots/{bot.id}/invitations", {"contact_id": contact_id})["link"]
    person = {"token": bot.token, "viber_id": f"viber-{contact_id}"}
    viber.post("/viber/acts", {**person, "act": "conversation_started", "context": link.partition("context=")[2]})
    viber.post("/viber/acts", {**person, "act": "subscribed"})


def people(journey: Journey, bot: Bot) -> str:
    """Sixty people, all of whom take SMS, every other WhatsApp, two of three RCS, and every fifth has come to the bot;
    the id of their group."""
    group_id = str(journey.api.post("/v1/groups", {"name": "Kilka kanałów"})["id"])
    stem = f"+4866{secrets.randbelow(10**5):05d}"
    for place in range(PEOPLE):
        agreed = {"sms": True, "whatsapp": place % 2 == 0, "rcs": place % 3 != 0}
        consents = {name: {"granted": granted, "source": "demo"} for name, granted in agreed.items()}
        contact = {"phone": f"{stem}{place:02d}", "first_name": f"Łucja{place}", "group_ids": [group_id]}
        made = journey.api.post("/v1/contacts", {**contact, "consents": consents})
        if place % 5 == 0:
            subscribe(journey, bot, made["id"])
    poll(
        lambda: list(journey.api.pages("/v1/contacts", group_id=group_id)),
        lambda found: sum(one["viber"] is not None for one in found) == PEOPLE // 5,
        seconds=SECONDS,
    )
    return group_id


def draft(journey: Journey, group_id: str) -> str:
    steps: list[dict[str, Any]] = [
        {"channel": "rcs", "sender": "shop", "content": {"kind": "single", "text": "Cześć {{ first_name }}! −20 %"}},
        {
            "channel": "whatsapp",
            "sender": "shop",
            "content": {"template": {"name": "parcel_here", "language": "pl", "body": ["{{ first_name }}"]}},
        },
        {"channel": "viber", "sender": "shop", "content": {"text": "Cześć {{ first_name }}! −20 %"}},
        {"channel": "sms", "sender": SENDER_ID, "content": {"text": "Czesc {{ first_name }}! -20 %"}},
    ]
    asked = {"name": "Wyprzedaż, kanałami po kolei", "steps": steps, "audience": {"groups": [group_id]}}
    return str(journey.api.post("/v1/campaigns", asked)["id"])


def wait_over(journey: Journey, campaign_id: str, seconds: float = SECONDS) -> dict[str, Any]:
    """The one report, once nobody is on the way any more and it is known what it cost."""
    path = f"/v1/campaigns/{campaign_id}/steps"

    def is_over(report: dict[str, Any]) -> bool:
        return report["to_come"] == 0 and not report["by_state"]["running"] and report["cost"] is not None

    found: dict[str, Any] = poll(lambda: journey.api.get(path), is_over, seconds=seconds)
    return found
