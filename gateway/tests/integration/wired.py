"""Real services and a real gateway around them, small enough to see through."""

import hashlib
import os
import time

from marshmallow import fields

from api_gateway.app import create_app
from api_gateway.config import Config
from api_gateway.routes import health, tracking, whatsapp_hooks
from api_gateway.routing import ANYONE, Route
from api_gateway.tracking import lookups
from api_gateway.wiring import build
from chassis.config import load
from contracts.errors import Conflict, Unauthenticated
from contracts.schema import Schema

OPERATOR = hashlib.sha256(b"0perator").hexdigest()
ACCOUNT = "0193a6f2-0000-7000-8000-00000000000a"


class Greeting(Schema):
    name = fields.String(required=True)
    seconds = fields.Float()


ROUTES = [
    Route("POST", "/v1/greetings", rpc="contacts.greet", permission=ANYONE, summary="Greet", request=Greeting),
    Route(
        "POST", "/v1/slow-greetings", rpc="contacts.greet", permission=ANYONE, summary="Greet", request=Greeting,
        idempotent=True, deadline=1.0,
    ),
    Route("GET", "/v1/conflicts", rpc="contacts.refuse", permission=ANYONE, summary="Refuse"),
    Route("GET", "/v1/crashes", rpc="contacts.crash", permission=ANYONE, summary="Crash"),
    Route("GET", "/v1/nobody", rpc="reporting.nobody", permission=ANYONE, summary="Nobody"),
    Route(
        "GET", "/v1/operator/greetings", rpc="contacts.refuse", permission=ANYONE, summary="Refuse", operator=True
    ),
    *health.ROUTES,
    *tracking.ROUTES,
    *whatsapp_hooks.ROUTES,
]  # fmt: skip


def app():
    """What gunicorn asks for: the gateway over these few routes."""
    lookups.PATIENCE_SECONDS = float(os.environ.get("WIRED_PATIENCE", lookups.PATIENCE_SECONDS))
    return create_app(build(load(Config, os.environ)), ROUTES)


if os.environ.get("WIRED_SERVICES"):
    from chassis.service import Health, rpc

    class IdentityService:
        name = "identity"
        health = Health()
        asked = 0
        ended = False

        @rpc
        def authenticate(self, actor, payload):
            IdentityService.asked += 1
            if IdentityService.ended:
                raise Unauthenticated("session.invalid", "This session has ended.")
            principal = {"account_id": ACCOUNT, "kind": "session", "permissions": ["contacts"], "expires_at": None}
            if payload["token"] == OPERATOR:
                principal |= {"account_id": None, "operator_id": ACCOUNT, "kind": "operator"}
            return {"principal": principal}

        @rpc
        def end_session(self, actor, payload):
            IdentityService.ended = payload["ended"]
            return {"asked": IdentityService.asked}

    class OttGatewayService:
        name = "ott_gateway"

        @rpc
        def get_hook(self, actor, payload):
            return {"sender_id": ACCOUNT, "app_secret": "s" * 32, "verify_token": "verify-me"}

    class ContactsService:
        name = "contacts"

        @rpc
        def greet(self, actor, payload):
            time.sleep(payload.get("seconds", 0))
            return {"greeting": f"Cześć, {payload['name']}!", "request_key": actor["request_key"]}

        @rpc
        def refuse(self, actor, payload):
            raise Conflict("greeting.refused", "Not today.", {"limit": 3})

        @rpc
        def crash(self, actor, payload):
            raise ZeroDivisionError("the secret of the house")
