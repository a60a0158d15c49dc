"""What each provider checks and says; no sockets here."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import orjson

from wici_simulators.http_messages import LOST, Request, Response, as_json, jwt_part
from wici_simulators.push.browsers import Browser
from wici_simulators.push.settings import Settings

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
FCM_STATUS = {
    "UNREGISTERED": (404, "NOT_FOUND"),
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED"),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED"),
    "UNAVAILABLE": (503, "UNAVAILABLE"),
    "INTERNAL": (500, "INTERNAL"),
}
APNS_STATUS = {
    "BadDeviceToken": 400, "DeviceTokenNotForTopic": 400, "TopicDisallowed": 400, "BadTopic": 400,
    "Unregistered": 410, "ExpiredToken": 410, "ExpiredProviderToken": 403, "InvalidProviderToken": 403,
    "TooManyProviderTokenUpdates": 429, "TooManyRequests": 429, "InternalServerError": 500, "ServiceUnavailable": 503,
}  # fmt: skip
LARGEST = 4_096


class Providers:
    """All three, and what they have taken."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.messages: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self._tokens: dict[str, float] = {}
        self._browsers: dict[str, Browser] = {}
        self._throttled: Counter[str] = Counter()

    def answer(self, request: Request, origin: str) -> Response:
        """:param origin: where callers reach this server."""
        provider, answer = self._answer(request, origin)
        if provider:
            self.counts[f"{provider} {answer.status}"] += 1
        return answer

    def _answer(self, request: Request, origin: str) -> tuple[str | None, Response]:
        path = request.path.partition("?")[0]
        if request.method == "POST" and path == "/token":
            return "token", self._token(request, origin)
        if request.method == "POST" and path.startswith("/v1/projects/") and path.endswith("/messages:send"):
            return "fcm", self._fcm(request)
        if request.method == "POST" and path.startswith("/3/device/"):
            return "apns", self._apns(request, path.removeprefix("/3/device/"))
        if request.method == "POST" and path.startswith("/push/"):
            return "web", self._web(request, path.removeprefix("/push/"), origin)
        return None, self._control(request, path, origin)

    # --- Google

    def _token(self, request: Request, origin: str) -> Response:
        """RFC 7523: what the assertion says is checked, its signature by whoever has the public key (the tests)."""
        form = parse_qs(request.body.decode("latin-1"))
        try:
            assertion = form["assertion"][0]
            header, claims = (jwt_part(assertion, place) for place in (0, 1))
            is_right = header["alg"] == "RS256" and claims["aud"] == f"{origin}/token" and claims["scope"] == SCOPE
            is_right = is_right and claims["exp"] > time.time() > claims["iat"] - 60
        except (KeyError, ValueError, IndexError, TypeError):
            is_right = False
        if not is_right:
            return as_json(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        token = f"ya29.{secrets.token_urlsafe(20)}"
        self._tokens[token] = time.monotonic() + self.settings.token_seconds
        self.messages.append({"provider": "token", "assertion": assertion})
        return as_json(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _fcm(self, request: Request) -> Response:
        if self._is_throttled("fcm"):
            return self._fcm_error("QUOTA_EXCEEDED")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) < time.monotonic():
            error = {"code": 401, "message": "Invalid authentication credentials.", "status": "UNAUTHENTICATED"}
            return as_json(401, {"error": error})
        try:
            message = orjson.loads(request.body)["message"]
            target = message.get("token") or message["topic"]
            is_sound = all(isinstance(value, str) for value in message.get("data", {}).values())
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._fcm_error("INVALID_ARGUMENT")
        size = len(orjson.dumps([message.get("notification"), message.get("data")]))
        if not is_sound or size > LARGEST:
            return self._fcm_error("INVALID_ARGUMENT")
        if (wanted := self.settings.answers.get(target)) is not None:
            return LOST if wanted == "lost" else self._fcm_error(wanted)
        name = f"projects/{request.path.split('/')[3]}/messages/0:{time.time_ns()}"
        self.messages.append({"provider": "fcm", "target": target, "message": message, "name": name})
        return as_json(200, {"name": name})

    def _fcm_error(self, code: str) -> Response:
        status, word = FCM_STATUS.get(code.partition("/")[0], (500, "INTERNAL"))
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        details: list[dict[str, Any]] = [{"@type": kind, "errorCode": code.partition("/")[0]}]
        if code.endswith("/token"):
            violation = {"field": "message.token", "description": "Invalid registration token"}
            bad = "type.googleapis.com/google.rpc.BadRequest"
            details = [{"@type": bad, "fieldViolations": [violation]}, *details]
        headers = {"retry-after": str(self.settings.retry_after)} if status in (429, 503) else {}
        error = {"code": status, "message": code, "status": word, "details": details}
        return as_json(status, {"error": error}, **headers)

    # --- Apple

    def _apns(self, request: Request, token: str) -> Response:
        if request.version != "2":
            return Response(505)
        apns_id = request.headers.get("apns-id") or str(uuid4())
        if self._is_throttled("apns"):
            return self._apns_error("ServiceUnavailable", apns_id)
        provider_token = request.headers.get("authorization", "").removeprefix("bearer ")
        problem = _provider_token_problem(provider_token) or self._apns_problem(request, apns_id)
        problem = problem or self.settings.answers.get(token)
        if problem is not None:
            return LOST if problem == "lost" else self._apns_error(problem, apns_id)
        headers = {name: value for name, value in request.headers.items() if name.startswith("apns-")}
        self.messages.append(
            {
                "provider": "apns", "target": token, "headers": headers, "payload": orjson.loads(request.body),
                "provider_token": provider_token,
            }
        )  # fmt: skip
        return Response(200, b"", {"apns-id": apns_id})

    def _apns_problem(self, request: Request, apns_id: str) -> str | None:
        if len(request.body) > LARGEST:
            return "PayloadTooLarge"
        if not request.headers.get("apns-topic"):
            return "MissingTopic"
        try:
            UUID(apns_id)
            aps = orjson.loads(request.body)["aps"]
        except (ValueError, KeyError, TypeError):
            return "PayloadEmpty"
        kind, priority = request.headers.get("apns-push-type"), request.headers.get("apns-priority", "10")
        if kind not in ("alert", "background"):
            return "InvalidPushType"
        if priority not in ("1", "5", "10") or (kind == "background" and priority == "10"):
            return "BadPriority"
        if len(request.headers.get("apns-collapse-id", "").encode()) > 64:
            return "BadCollapseId"
        return None if "alert" in aps or kind == "background" else "PayloadEmpty"

    def _apns_error(self, reason: str, apns_id: str) -> Response:
        body: dict[str, Any] = {"reason": reason}
        status = 413 if reason == "PayloadTooLarge" else APNS_STATUS.get(reason, 400)
        if status == 410:
            body["timestamp"] = int(time.time() * 1000)
        headers = {"retry-after": str(self.settings.retry_after)} if status == 503 else {}
        return as_json(status, body, **{"apns-id": apns_id}, **headers)

    # --- browsers

    def _web(self, request: Request, browser_id: str, origin: str) -> Response:
        headers = {"retry-after": str(self.settings.retry_after)}
        if self._is_throttled("web"):
            return Response(429, b"", headers)
        browser = self._browsers.get(browser_id)
        if browser is None:
            return Response(404)
        if (wanted := self.settings.answers.get(browser_id)) is not None:
            return LOST if wanted == "lost" else Response(int(wanted), b"", headers if wanted in ("429", "503") else {})
        if not request.headers.get("ttl", "").isdecimal():
            return Response(400, b"TTL is missing")
        authorization = request.headers.get("authorization", "")
        if not authorization.startswith("vapid t="):
            return Response(401)
        if jwt_part(authorization.removeprefix("vapid t="), 1).get("aud") != origin:
            return Response(403)
        if request.headers.get("content-encoding") != "aes128gcm" or len(request.body) > LARGEST:
            return Response(413 if len(request.body) > LARGEST else 415)
        try:
            payload = browser.decrypted(request.body)
        except ValueError:
            return Response(400, b"what came cannot be decrypted")
        kept = {name: request.headers.get(name) for name in ("ttl", "urgency", "topic", "authorization")}
        self.messages.append({"provider": "web", "target": browser_id, "headers": kept, "payload": payload})
        return Response(201, b"", {"location": f"{origin}/message/{len(self.messages)}"})

    def _is_throttled(self, provider: str) -> bool:
        self._throttled[provider] += 1
        return self._throttled[provider] <= self.settings.throttle

    # --- who looks at it

    def _control(self, request: Request, path: str, origin: str) -> Response:
        query = {name: values[0] for name, values in parse_qs(request.path.partition("?")[2]).items()}
        if request.method == "GET" and path == "/":
            return as_json(200, {"counts": dict(self.counts), "messages": len(self.messages)})
        if request.method == "GET" and path == "/messages":
            after, limit = int(query.get("after", 0)), int(query.get("limit", 1_000))
            return as_json(200, {"items": self.messages[after : after + limit]})
        if request.method == "GET" and path == "/settings":
            return as_json(200, asdict(self.settings))
        if request.method == "POST" and path == "/browsers":
            browser_id, browser = secrets.token_urlsafe(12), Browser()
            self._browsers[browser_id] = browser
            return as_json(201, {"endpoint": f"{origin}/push/{browser_id}", "keys": browser.keys})
        if request.method == "POST" and path == "/settings":
            try:
                self.settings.change(orjson.loads(request.body))
            except ValueError as error:
                return as_json(400, {"error": str(error)})
            self._throttled.clear()
            return as_json(200, {})
        return Response(404)


def _provider_token_problem(token: str) -> str | None:
    if not token:
        return "MissingProviderToken"
    try:
        header, claims = jwt_part(token, 0), jwt_part(token, 1)
        if header["alg"] != "ES256" or not header["kid"] or not claims["iss"]:
            return "InvalidProviderToken"
        return "ExpiredProviderToken" if time.time() - claims["iat"] > 3_600 else None
    except (KeyError, ValueError, IndexError, TypeError):
        return "InvalidProviderToken"
