"""A whole journey of RCS: an agent, a single message, a campaign, who has no RCS, readings, taps, STOP, the report."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from api import Api, Refused, poll
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from journey import Journey

TOKEN = "SJENCPGJESMGUFPY"
SUGGESTIONS = [{"type": "reply", "text": "Tak", "postback": "yes"}, {"type": "reply", "text": "Nie"}]


@pytest.fixture
def google(environ: dict[str, str]) -> Api:
    return Api(f"http://127.0.0.1:{environ['WICI_RCS_PORT']}")


def with_agent(journey: Journey, google: Api, gateway: str) -> dict[str, Any]:
    """Requested, not usable yet, set up by an operator, and known to Google with its webhook."""
    agent = journey.api.post("/v1/rcs/agents", {"name": "shop", "title": "Sklep", "purpose": "Paczki"})
    one = f"/v1/operator/rcs/agents/{agent['id']}"
    with pytest.raises(Refused) as refused:
        journey.operator.post(f"{one}/decision", {"decision": "activate", "reason": "Test"})
    assert refused.value.status == 409
    key = rsa.generate_private_key(65_537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    credentials = {
        "google_id": agent["id"], "client_email": "rcs@shop.example", "private_key": key.decode(),
        "client_token": TOKEN, "reason": "Test",
    }  # fmt: skip
    made = journey.operator.put(f"{one}/credentials", credentials)
    assert "private_key" not in made and "client_token" not in made
    journey.operator.post(f"{one}/decision", {"decision": "activate", "reason": "Test"})
    url = f"{gateway}/hooks/rcs/{made['hook']}"
    asked = requests.post(url, json={"clientToken": TOKEN, "secret": "1234567890"}, timeout=10)
    assert (asked.status_code, asked.text) == (200, "1234567890")
    google.post(
        "/settings", {"hooks": {agent["id"]: {"url": url, "client_token": TOKEN}}, "taps": True, "without": ["9"]}
    )
    return dict(agent)


def test_rcs_from_the_agent_to_the_report(environ: dict[str, str], google: Api) -> None:
    journey = Journey(environ)
    journey.register()
    journey.become_operator()
    journey.give_plan()
    journey.end_trial()
    api = journey.api
    agent = with_agent(journey, google, f"http://127.0.0.1:{environ['WICI_GATEWAY_PORT']}")
    group = api.post("/v1/groups", {"name": "RCS"})["id"]
    people = [f"+4860077{number:04d}" for number in range(5, 10)]
    for phone in people:
        consents = {"rcs": {"granted": True, "source": "test"}}
        api.post("/v1/contacts", {"phone": phone, "first_name": "Łucja", "group_ids": [group], "consents": consents})

    single = {"from": "shop", "to": [people[0]], "kind": "basic", "text": "Kod {{ 12 }}"}
    message = api.post("/v1/rcs", single, key="r1")["messages"][0]
    assert api.post("/v1/rcs", single, key="r1")["messages"][0] == message
    poll(lambda: api.get(f"/v1/rcs/{message['id']}"), lambda found: found["state"] == "delivered", seconds=60)
    for wrong, field in (({"text": "x" * 161}, "text"), ({"suggestions": SUGGESTIONS}, "suggestions")):
        with pytest.raises(Refused) as refused:
            api.post("/v1/rcs", {**single, **wrong}, key="r2")
        assert refused.value.status == 422 and field in str(refused.value.problem)

    draft = {
        "name": "Wyprzedaż", "channel": "rcs", "sender": "shop", "audience": {"groups": [group]},
        "content": {"kind": "single", "text": "Hej {{ first_name }}", "suggestions": SUGGESTIONS},
    }  # fmt: skip
    campaign_id = str(api.post("/v1/campaigns", draft)["id"])
    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    wanted = {"submitted": 4, "delivered": 4, "rejected": 1, "read": 4, "unique_taps": 4}

    def counts() -> dict[str, int]:
        found = journey.report(campaign_id)["counts"]
        return {name: found[name] for name in wanted}

    poll(counts, lambda found: found == wanted, seconds=60)
    ours = [one for one in google.get("/messages?limit=100000")["items"] if one["agentId"] == agent["id"]]
    assert sorted(one["phone"] for one in ours) == sorted([people[0], *people[:4]])
    failed = [one for one in journey.messages(campaign_id) if one["state"] == "rejected"]
    assert [(one["address"], one["code"]) for one in failed] == [(people[4], "rcs.not_reachable")]

    google.post("/say", {"agentId": agent["id"], "phone": people[1], "event": {"text": "STOP"}})
    poll(lambda: list(api.pages("/v1/archive?channel=rcs")), bool, seconds=60)
    inbox = list(api.pages("/v1/inbound-rcs"))
    assert [(one["from"], one["wish"], one["campaign_id"]) for one in inbox if one["kind"] == "text"] == [
        (people[1], "stop", campaign_id)
    ]
    assert {one["postback"] for one in inbox if one["kind"] == "tap"} == {"yes"}
    assert [one["address"] for one in api.pages("/v1/archive?channel=sms")] == [], "a STOP to RCS says nothing of SMS"

    erasure = api.post("/v1/privacy/erasures", {"phone": people[0]})["id"]
    poll(lambda: api.get(f"/v1/privacy/erasures/{erasure}"), lambda found: found["state"] == "done", seconds=90)
    assert api.get(f"/v1/rcs/{message['id']}")["to"] == "erased"
