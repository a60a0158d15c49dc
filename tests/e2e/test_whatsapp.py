"""A whole journey of WhatsApp: a number, templates, a single message, a campaign, who read it, an answer, a STOP."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from api import Api, Refused, poll
from journey import Journey

APP_SECRET, VERIFY = secrets.token_hex(16), secrets.token_hex(8)


@pytest.fixture
def whatsapp(environ: dict[str, str]) -> Api:
    return Api(f"http://127.0.0.1:{environ['WICI_OTT_PORT']}")


def set_up(journey: Journey, whatsapp: Api) -> tuple[str, str]:
    """A number that is asked for, set up by the operator, and reports to the gateway; its id, and Meta's of it."""
    asked = {"name": "shop", "title": "Sklep", "phone": "+48500700800"}
    sender = journey.api.post("/v1/whatsapp/senders", asked)
    number = f"10{secrets.randbelow(10**12):012d}"
    known = {
        "phone_number_id": number, "business_account_id": number, "access_token": f"EAA{secrets.token_hex(8)}",
        "app_secret": APP_SECRET, "verify_token": VERIFY,
    }  # fmt: skip
    decided = journey.operator.post(
        f"/v1/operator/whatsapp/senders/{sender['id']}/decision",
        {"decision": "activate", "reason": "Contract", **known},
    )
    assert "access_token" not in decided and "app_secret" not in decided
    hook = f"{journey.environ['WICI_PUBLIC_URL']}{decided['hook_path']}"
    whatsapp.post("/hooks", {number: {"url": hook, "app_secret": APP_SECRET}})
    templates = f"/v1/whatsapp/senders/{sender['id']}/templates"
    poll(lambda: journey.api.get(templates), lambda page: bool(page["items"]), seconds=60)
    return sender["id"], number


def refused(journey: Journey, message: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Refused) as error:
        journey.api.post("/v1/whatsapp", {"from": "shop", "to": ["+48600100201"], **message}, key=secrets.token_hex(4))
    (found,) = error.value.problem["errors"]
    assert (error.value.status, found["field"], found["code"]) == (422, field, code)


def test_whatsapp_from_the_number_to_the_report(environ: dict[str, str], whatsapp: Api) -> None:
    journey = Journey(environ)
    journey.register()
    journey.become_operator()
    journey.give_plan()
    api = journey.api
    _, number = set_up(journey, whatsapp)
    stem = f"+4860{secrets.randbelow(10**5):05d}"
    anna, ola, ewa = (f"{stem}{place:02d}" for place in range(3))

    refused(journey, {"template": {"name": "no_such", "language": "pl"}}, "template.name", "whatsapp.template_unknown")
    refused(
        journey, {"template": {"name": "too_new", "language": "pl"}}, "template.name", "whatsapp.template_not_approved"
    )
    few = {"template": {"name": "parcel_here", "language": "pl", "body": []}}
    refused(journey, few, "template.body", "whatsapp.template_body")

    single = {"from": "shop", "to": [anna], "template": {"name": "parcel_here", "language": "pl", "body": ["{{ 12 }}"]}}
    message = api.post("/v1/whatsapp", single, key="w1")["messages"][0]
    assert api.post("/v1/whatsapp", single, key="w1")["messages"][0] == message
    found = poll(lambda: api.get(f"/v1/whatsapp/{message['id']}"), lambda one: bool(one["read_at"]), seconds=60)
    assert found["state"] == "delivered"

    group = api.post("/v1/groups", {"name": "WhatsApp"})["id"]
    for place, phone in enumerate((anna, ola, ewa)):
        agreed = {"consents": {"whatsapp": {"granted": phone != ewa, "source": "sklep"}}}
        api.post("/v1/contacts", {"phone": phone, "first_name": f"Łucja{place}", "group_ids": [group], **agreed})
    whatsapp.post("/inbound", {"number": number, "from": ola, "text": "STOP"})
    archived = poll(lambda: api.get("/v1/archive?channel=whatsapp"), lambda page: bool(page["items"]), seconds=60)
    assert [(one["address"], one["reason"]) for one in archived["items"]] == [(ola, "stop")]

    draft = {
        "name": "Paczki", "channel": "whatsapp", "sender": "shop", "audience": {"groups": [group]},
        "content": {"template": {"name": "parcel_here", "language": "pl", "body": ["{{ first_name }}"]}},
    }  # fmt: skip
    campaign_id = str(api.post("/v1/campaigns", draft)["id"])
    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    report = poll(lambda: journey.report(campaign_id), lambda one: one["counts"].get("read") == 1, seconds=90)
    assert (report["recipients"], report["counts"]["delivered"]) == (1, 1), "neither who said STOP nor who said no"

    ours = [one for one in whatsapp.get("/messages?limit=100000")["items"] if one["number"] == number]
    values = [one["body"]["template"]["components"][0]["parameters"][0]["text"] for one in ours]
    assert ([one["to"] for one in ours], values) == ([anna, anna], ["{{ 12 }}", "Łucja0"])

    whatsapp.post("/inbound", {"number": number, "from": anna, "text": "Dziękuję!", "answers": ours[-1]["wamid"]})
    written = poll(
        lambda: api.get(f"/v1/inbound-whatsapp?phone=%2B{anna[1:]}"), lambda one: bool(one["items"]), seconds=60
    )
    assert written["items"][0]["text"] == "Dziękuję!" and written["items"][0]["message_id"]
    text = api.post("/v1/whatsapp", {"from": "shop", "to": [anna, ewa], "text": "Proszę!"}, key="w2")["messages"]
    poll(lambda: api.get(f"/v1/whatsapp/{text[0]['id']}"), lambda one: one["state"] == "delivered", seconds=60)
    closed = poll(lambda: api.get(f"/v1/whatsapp/{text[1]['id']}"), lambda one: one["state"] == "rejected", seconds=60)
    assert closed["code"] == "whatsapp.131047", "who has not written gets no text"
