"""What sms-gateway can do, a function each: load, decide, save, announce."""

from sms_gateway.usecases.carriers import (
    create_carrier,
    create_route,
    delete_carrier,
    delete_route,
    list_carriers,
    list_routes,
    update_carrier,
    update_route,
)
from sms_gateway.usecases.contents import count_parts, prepare_content, render_preview
from sms_gateway.usecases.desk import Desk, account_of
from sms_gateway.usecases.erasure import erase_account
from sms_gateway.usecases.privacy import erase_person, export_person
from sms_gateway.usecases.senders import accept_sender, decide_sender, list_senders, request_sender
from sms_gateway.usecases.sending import get_message, plan_send, plan_test, store_sends

__all__ = [
    "Desk",
    "accept_sender",
    "account_of",
    "count_parts",
    "create_carrier",
    "create_route",
    "decide_sender",
    "delete_carrier",
    "delete_route",
    "erase_account",
    "erase_person",
    "export_person",
    "get_message",
    "list_carriers",
    "list_routes",
    "list_senders",
    "plan_send",
    "plan_test",
    "prepare_content",
    "render_preview",
    "request_sender",
    "store_sends",
    "update_carrier",
    "update_route",
]
