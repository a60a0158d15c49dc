"""The channels that the storm writes to: who their people are, what one message looks like, what its provider took."""

from __future__ import annotations

import hmac
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cross_channel
from api import Api, poll
from journey import DOMAIN, SENDER_ID, Journey

Received = Counter[tuple[str, str]]  # (address, mark) -> times
HTML = '<p>Dzień dobry {mark}</p><p><a href="{{{{ unsubscribe_url }}}}">Wypisz się</a></p>'
FEW = 20  # people who have come by a browser's subscription or an invitation
AGREED = 60  # people whose consent was written down one by one: a list declares it for SMS and e-mail alone
PAGE = 5_000
SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Tested:
    """One channel under load.

    :param sender: of a campaign. :param content: of a campaign, by its mark.
    :param people: in the group that its campaigns go to.
    :param single: the body of one message, by its number and mark, and the address that the ledger has of it.
    :param received: what the provider took, by address and mark.
    """

    name: str
    service: str
    path: str
    sender: Any
    content: Callable[[str], dict[str, Any]]
    group_id: str
    people: int
    single: Callable[[int, str], tuple[str, dict[str, Any]]]
    received: Callable[[], Received]


def every_channel(journey: Journey, group_id: str, people: int) -> list[Tested]:
    """All of them, set up for the journey's account; `group_id` is of so many people with phone and e-mail."""
    cross_channel.set_up_rcs(journey)
    cross_channel.set_up_whatsapp(journey)
    _simulator(journey, "RCS").post("/settings", {"without": []})
    wide = [Tested(**each, group_id=group_id, people=people) for each in (sms(journey), email(journey))]
    agreed = _agreed(journey)
    narrow = [Tested(**each, group_id=agreed, people=AGREED) for each in (rcs(journey), whatsapp(journey))]
    return [*wide, *narrow, _push(journey), _viber(journey)]


def _agreed(journey: Journey) -> str:
    """People who take RCS and WhatsApp; the id of their group."""
    group_id = str(journey.api.post("/v1/groups", {"name": "Za zgodą"})["id"])
    consents = {name: {"granted": True, "source": "chaos"} for name in ("rcs", "whatsapp")}
    for number in range(AGREED):
        contact = {"phone": f"+48604{number:06d}", "group_ids": [group_id], "consents": consents}
        journey.api.post("/v1/contacts", contact)
    return group_id


def _phone(number: int) -> str:
    """Spread over a hundred ranges of numbers: of one that many new numbers are written to, the rest is held (0155)."""
    return f"+48602{number * 7919 % 1_000_000:06d}"


def sms(journey: Journey) -> dict[str, Any]:
    return {
        "name": "sms", "service": "sms_gateway", "path": "/v1/sms", "sender": SENDER_ID,
        "content": lambda mark: {"text": mark},
        "single": lambda number, mark: (
            _phone(number), {"from": SENDER_ID, "to": [_phone(number)], "text": mark},
        ),
        "received": lambda: Counter((part["to"], part["text"]) for part in journey.received_sms()),
    }  # fmt: skip


def email(journey: Journey) -> dict[str, Any]:
    sender = {"email": f"sklep@{DOMAIN}", "name": "Sklep"}

    def single(_number: int, mark: str) -> tuple[str, dict[str, Any]]:
        address = f"{mark}@poczta.example"
        return address, {"from": sender, "to": [{"email": address}], "subject": mark, "text": mark}

    return {
        "name": "email", "service": "email_gateway", "path": "/v1/emails", "single": single,
        "sender": {"from_email": sender["email"], "from_name": sender["name"]},
        "content": lambda mark: {"subject": mark, "html": HTML.format(mark=mark)},
        "received": lambda: Counter((mail["address"], mail["subject"]) for mail in journey.received_mail()),
    }  # fmt: skip


def rcs(journey: Journey) -> dict[str, Any]:
    def received() -> Received:
        taken = _taken(_simulator(journey, "RCS"))
        return Counter((one["phone"], str(one["body"]["contentMessage"].get("text"))) for one in taken)

    return {
        "name": "rcs", "service": "rcs_gateway", "path": "/v1/rcs", "sender": "shop", "received": received,
        "content": lambda mark: {"kind": "basic", "text": mark},
        "single": lambda number, mark: (
            _phone(number), {"from": "shop", "to": [_phone(number)], "kind": "basic", "text": mark},
        ),
    }  # fmt: skip


def whatsapp(journey: Journey) -> dict[str, Any]:
    def template(mark: str) -> dict[str, Any]:
        return {"template": {"name": "parcel_here", "language": "pl", "body": [mark]}}

    def received() -> Received:
        taken = _simulator(journey, "OTT").get("/messages", limit=10**7)["items"]
        return Counter((one["to"], _said(one["body"])) for one in taken)

    def _said(body: Mapping[str, Any]) -> str:
        components = body.get("template", {}).get("components")
        return str(components[0]["parameters"][0]["text"]) if components else ""

    return {
        "name": "whatsapp", "service": "ott_gateway", "path": "/v1/whatsapp", "sender": "shop", "received": received,
        "content": template,
        "single": lambda number, mark: (_phone(number), {"from": "shop", "to": [_phone(number)], **template(mark)}),
    }  # fmt: skip


def _push(journey: Journey) -> Tested:
    """To browsers, each of a contact of its own; the ledger has the device of a single message, else the contact."""
    application = journey.api.post(
        "/v1/push/applications", {"name": "shop", "title": "Sklep", "web_contact": f"a@{DOMAIN}"}
    )
    browsers = _simulator(journey, "PUSH")
    group_id = str(journey.api.post("/v1/groups", {"name": "Aplikacja"})["id"])
    whose: dict[str, str] = {}  # what the provider knows them by -> contact
    for place in range(FEW):
        person = f"{journey.login}-{place}"
        journey.api.post("/v1/contacts", {"external_id": person, "group_ids": [group_id]})
        browser = browsers.post("/browsers", {})
        proof = hmac.digest(application["proof_key"].encode(), f"external_id:{person}".encode(), "sha256").hex()
        device = journey.public.post(
            "/v1/devices",
            {
                "app_key": application["app_key"], "platform": "web", "token": browser["endpoint"],
                "keys": browser["keys"], "contact": {"external_id": person, "proof": proof},
            },
        )  # fmt: skip
        whose[browser["endpoint"].rpartition("/")[2]] = device["contact_id"]
    contacts = sorted(whose.values())

    def received() -> Received:
        ours = (one for one in _taken(browsers) if one.get("target") in whose)
        return Counter((whose[one["target"]], one["payload"]["body"]) for one in ours)

    return Tested(
        name="push", service="push_gateway", path="/v1/push", sender="shop", group_id=group_id, people=FEW,
        content=lambda mark: {"title": "Sklep", "body": mark},
        single=lambda number, mark: (
            contacts[number % FEW],
            {"from": "shop", "to": [contacts[number % FEW]], "title": "Sklep", "body": mark},
        ),
        received=received,
    )  # fmt: skip


def _viber(journey: Journey) -> Tested:
    """To contacts that have come by an invitation."""
    token, api, viber = f"token-{secrets.token_hex(12)}", journey.api, _simulator(journey, "OTT")
    bot = str(api.post("/v1/viber/bots", {"name": "shop", "title": "Sklep"})["id"])
    decision = {"decision": "activate", "reason": "Chaos", "auth_token": token, "uri": f"bot-{token[-8:]}"}
    journey.operator.post(f"/v1/operator/viber/bots/{bot}/decision", decision)
    poll(lambda: api.get("/v1/viber/bots"), lambda page: bool(page["items"][0]["hook_at"]), seconds=SECONDS)
    group_id = str(api.post("/v1/groups", {"name": "Viber"})["id"])
    whose: dict[str, str] = {}  # Viber's id -> contact
    for place in range(FEW):
        person = f"viber{place}"
        contact = api.post("/v1/contacts", {"email": f"{person}@{DOMAIN}", "group_ids": [group_id]})["id"]
        link = api.post(f"/v1/viber/bots/{bot}/invitations", {"contact_id": contact})["link"]
        begun = {"act": "conversation_started", "context": link.partition("context=")[2]}
        for act in (begun, {"act": "subscribed"}):
            viber.post("/viber/acts", {"token": token, "viber_id": person, **act})
        whose[person] = contact
    contacts = sorted(whose.values())
    for contact in contacts:
        poll(
            lambda contact=contact: api.get(f"/v1/contacts/{contact}"), lambda one: bool(one["viber"]), seconds=SECONDS
        )

    def received() -> Received:
        taken = viber.get("/viber/messages", limit=10**7)["items"]
        return Counter((whose[one["to"]], one["body"]["text"]) for one in taken if one["to"] in whose)

    return Tested(
        name="viber", service="viber_gateway", path="/v1/viber", sender="shop", group_id=group_id, people=FEW,
        content=lambda mark: {"text": mark},
        single=lambda number, mark: (
            contacts[number % FEW], {"from": "shop", "to": [contacts[number % FEW]], "text": mark},
        ),
        received=received,
    )  # fmt: skip


def _simulator(journey: Journey, which: str) -> Api:
    return Api(f"http://127.0.0.1:{journey.environ[f'WICI_{which}_PORT']}")


def _taken(simulator: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := simulator.get("/messages", after=len(found), limit=PAGE)["items"]:
        found += page
    return found
