"""One message over push and SMS, on the real channels, as its sender and the message log see it."""

from __future__ import annotations

from typing import Any

import pytest
from api import Refused, poll
from journey import Journey


def test_a_message_goes_on_to_sms_where_push_does_not_reach(environ: dict[str, str]) -> None:
    journey = Journey(environ)
    journey.prepare()
    api = journey.api
    api.post("/v1/push/applications", {"name": "shop", "title": "Shop", "web_contact": "a@shop.example"})
    contact = api.post("/v1/contacts", {"phone": "+48600100777", "first_name": "Łucja"})
    push = {"channel": "push", "from": "shop", "content": {"title": "Paczka", "body": "Skrytka 12"}}
    sms = {"channel": "sms", "from": "Wici", "content": {"text": "Paczka czeka: skrytka 12"}}
    message = {"to": {"contact_id": contact["id"]}, "steps": [push, sms], "external_id": f"p-{journey.login}"}

    made = api.post("/v1/messages", message, key="c1")
    assert api.post("/v1/messages", message, key="c1")["id"] == made["id"]

    found: dict[str, Any] = poll(
        lambda: api.get(f"/v1/messages/{made['id']}"),
        lambda shown: shown["chain"]["state"] == "reached" and shown["delivered_at"],
        seconds=60,
    )
    assert (found["id"], found["channel"], found["address"]) == (made["id"], "sms", "+48600100777")
    assert [step["state"] for step in found["chain"]["steps"]] == ["impossible", "reached"]
    assert found["chain"]["steps"][0]["code"] == "contact.no_address"
    assert {"submitted", "delivered"} <= {moment["kind"] for moment in found["timeline"]}
    assert {moment["step"] for moment in found["timeline"]} == {2} and found["timeline"][0]["text"]
    (listed,) = api.pages(f"/v1/message-chains?external_id=p-{journey.login}")
    assert (listed["id"], listed["reached_by"]) == (made["id"], "sms")
    # Topics and devices are addresses of push, too; nobody listens there.
    nobody = {**message, "to": {"push": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40", "phone": "+48600100777"}}
    other = api.post("/v1/messages", nobody, key="c2")
    found = poll(
        lambda: api.get(f"/v1/messages/{other['id']}"), lambda shown: shown["chain"]["state"] == "reached", seconds=60
    )
    assert found["chain"]["steps"][0]["code"] == "push.no_device"
    assert {moment["step"] for moment in found["timeline"]} >= {1}
    for wrong, field in (
        ({"steps": [push, {**sms, "from": "Obcy"}]}, "steps.1.from"),
        ({"steps": [{**push, "from": "none"}, sms]}, "steps.0.from"),
        ({"steps": [push, {**sms, "content": {"text": " "}}]}, "steps.1.content.text"),
        ({"steps": [{**push, "go_on": {"not_delivered_minutes": 5}}, sms]}, "steps.0.go_on.not_delivered_minutes"),
    ):
        with pytest.raises(Refused) as refused:
            api.post("/v1/messages", {**message, **wrong}, key=field)
        assert refused.value.status == 422
        assert [error["field"] for error in refused.value.problem["errors"]] == [field]
