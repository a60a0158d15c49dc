"""The free plan ends after thirty days: nothing is sent any more, and the answer says why."""

import psycopg
import pytest
from api import Refused
from journey import DOMAIN, Journey


def test_nothing_is_sent_once_the_plan_has_ended(environ):
    journey = Journey(environ)
    journey.register()
    journey.become_operator()
    journey.end_trial()
    journey.connect_simulators()
    journey.authorise_senders()
    address = {"from": {"email": f"sklep@{DOMAIN}"}, "to": [{"email": "ala@poczta.example"}]}
    messages = {
        "/v1/sms": {"from": "Wici", "to": ["+48600100200"], "text": "Hej"},
        "/v1/emails": {**address, "subject": "Hej", "text": "Hej"},
    }
    for path, message in messages.items():
        assert journey.api.post(path, message)["messages"]
    assert journey.api.get("/v1/account/usage")["contacts"] == {"limit": 100, "used": 0}

    with psycopg.connect(environ["IDENTITY_DATABASE_URL"], autocommit=True) as identity:
        identity.execute("UPDATE accounts SET plan_ends_at = now() WHERE id = %s", [journey.account_id])

    for path, message in messages.items():
        with pytest.raises(Refused) as refused:
            journey.api.post(path, message)
        assert (refused.value.status, refused.value.code) == (402, "plan.ended")
    journey.operator.put(
        f"/v1/operator/accounts/{journey.account_id}/plan", {"plan": "starter", "reason": "Contract signed"}
    )
    assert journey.api.post("/v1/sms", messages["/v1/sms"])["messages"]
