"""What accounts and operators change in sms-gateway is told to the audit trail, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chassis.broker import Broker
from chassis.ids import new_id
from chassis.rpc_client import RpcClient
from chassis.testing import nameko_command
from chassis.testing_clients import PatientClient
from contracts.errors import Conflict, Invalid
from contracts.events import SMS_GATEWAY_ACT

SERVICE = "sms_gateway.service:SmsGatewayService"


def test_senders_carriers_and_routes_are_told_of_with_the_operators_reason(
    launch: Callable[..., Any], amqp_url: str, broker: Broker, acts_told: Callable[..., list[Any]]
) -> None:
    launch(SERVICE, command=nameko_command(SERVICE, amqp_url), service="sms_gateway")
    client, account_id, operator_id = PatientClient(RpcClient(broker)), str(new_id()), str(new_id())
    account = {"account_id": account_id, "api_key_id": str(new_id()), "address": "192.0.2.7", "request_id": "r1"}
    operator = {"account_id": None, "operator_id": operator_id, "address": "192.0.2.9"}

    def call(method: str, actor: Any, /, **payload: Any) -> Any:
        return client.call(f"sms_gateway.{method}", actor, payload)

    sender = call("request_sender_id", account, sender="Wici")["id"]
    with pytest.raises(Conflict):
        call("request_sender_id", account, sender="Wici")
    with pytest.raises(Invalid):
        call("decide_sender_id", operator, sender_id=sender, decision="verify")
    assert (
        call("decide_sender_id", operator, sender_id=sender, decision="verify", reason="Papers seen")["reason"] is None
    )
    call("accept_sender_id", account, sender_id=sender)
    assert call("decide_sender_id", operator, sender_id=sender, decision="reject", reason="Abuse")["reason"] == "Abuse"
    where = {"name": "act", "host": "192.0.2.77", "port": 2775, "system_id": "wici", "password": "hunter2"}
    carrier = call("create_carrier", operator, **where, enabled=False, reason="Contract 12")["id"]
    call("update_carrier", operator, carrier_id=carrier, password="hunter3", rate=5, reason="New password")
    route = call("create_route", operator, carrier_id=carrier, prefix="+4879", enabled=False, reason="Test")["id"]
    call("update_route", operator, route_id=route, share=3, reason="More")
    call("delete_route", operator, route_id=route, reason="No more")
    call("delete_carrier", operator, carrier_id=carrier, reason="The contract ended")

    told = acts_told(SMS_GATEWAY_ACT, {sender, carrier, route}, until="carrier.deleted")

    assert [(act["action"], act["target_id"], act["reason"]) for act in told] == [
        ("sender_id.requested", sender, None),
        ("sender_id.decided", sender, "Papers seen"),
        ("sender_id.accepted", sender, None),
        ("sender_id.decided", sender, "Abuse"),
        ("carrier.created", carrier, "Contract 12"),
        ("carrier.changed", carrier, "New password"),
        ("route.created", route, "Test"),
        ("route.changed", route, "More"),
        ("route.deleted", route, "No more"),
        ("carrier.deleted", carrier, "The contract ended"),
    ]
    assert [str(act["account_id"]) for act in told[:4]] == [account_id] * 4, "the account sees what was decided of it"
    assert {act["account_id"] for act in told[4:]} == {None}
    assert str(told[0]["api_key_id"]) == account["api_key_id"] and told[0]["address"] == "192.0.2.7"
    assert str(told[1]["operator_id"]) == operator_id
    assert told[5]["details"] == {"name": "act", "fields": ["password", "rate"]}
    assert "hunter" not in str(told)
