"""What Google checks and says; no sockets here but those of its webhook."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote
from uuid import UUID, uuid4

import orjson

from wici_simulators.http_messages import LOST, Request, Response, as_json, jwt_part
from wici_simulators.rcs.limits import problem_of, problem_of_ttl
from wici_simulators.rcs.settings import Settings
from wici_simulators.rcs.webhook import tell

SCOPE = "https://www.googleapis.com/auth/rcsbusinessmessaging"
STATUS = {
    "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429, "INTERNAL": 500, "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}  # fmt: skip
# Misbehaviour on the wire.
RAW = {
    "half": b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"name": "pho',
    "garbage": b"\x00\x17\xff what is this\r\n\r\n",
    "html": b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>",
}
CHECKED = range(500, 10_001)


class Platform:
    """Everything that it has taken, by message id."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.messages: dict[str, dict[str, Any]] = {}
        self.counts: Counter[str] = Counter()
        self._tokens: dict[str, float] = {}
        self._throttled = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, request: Request, origin: str) -> Response:
        """:param origin: where callers reach this server."""
        path, query = request.path.partition("?")[0], parse_qs(request.path.partition("?")[2])
        asked = {name: values[0] for name, values in query.items()}
        if request.method == "POST" and path == "/token":
            return self._token(request, origin)
        if path.startswith("/v1/"):
            answer = self._of_agent(request, unquote(path).removeprefix("/v1/").split("/"), asked)
            self.counts[str(answer.status)] += 1
            return answer
        return self._control(request, path, asked)

    def _token(self, request: Request, origin: str) -> Response:
        """RFC 7523, as `wici_simulators.push` has it for FCM."""
        form = parse_qs(request.body.decode("latin-1"))
        try:
            header, claims = (jwt_part(form["assertion"][0], place) for place in (0, 1))
            is_right = header["alg"] == "RS256" and claims["aud"] == f"{origin}/token" and claims["scope"] == SCOPE
            is_right = is_right and claims["exp"] > time.time() > claims["iat"] - 60
        except (KeyError, ValueError, IndexError, TypeError):
            is_right = False
        if not is_right:
            return as_json(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        token = f"ya29.{secrets.token_urlsafe(20)}"
        self._tokens[token] = time.monotonic() + self.settings.token_seconds
        return as_json(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    # --- the API

    def _of_agent(self, request: Request, path: list[str], asked: dict[str, str]) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) < time.monotonic():
            return self._error("UNAUTHENTICATED")
        self._throttled += 1
        if self._throttled <= self.settings.throttle:
            return self._error("RESOURCE_EXHAUSTED")
        match request.method, path:
            case "POST", ["users:batchGet"]:
                return self._check(request)
            case "GET", ["phones", phone, "capabilities"]:
                features = ["RICHCARD_STANDALONE", "RICHCARD_CAROUSEL", "ACTION_OPEN_URL", "ACTION_DIAL"]
                return as_json(200, {"features": features}) if self._has_rcs(phone) else self._error("NOT_FOUND")
            case "POST", ["phones", phone, "agentMessages"]:
                return self._message(request, phone, asked)
            case "POST", ["phones", phone, "agentEvents"]:
                return as_json(200, {"name": f"phones/{phone}/agentEvents/{asked.get('eventId')}"})
            case "DELETE", ["phones", phone, "agentMessages", message_id]:
                return self._revoke(phone, message_id)
        return self._error("NOT_FOUND")

    def _check(self, request: Request) -> Response:
        users = set(orjson.loads(request.body).get("users") or ())
        if len(users) not in CHECKED:
            return self._error("INVALID_ARGUMENT")
        self.counts["checked"] += len(users)
        found = sorted(phone for phone in users if self._has_rcs(phone))
        sample = len(users) * 3 // 4
        return as_json(
            200,
            {
                "reachableUsers": found, "totalRandomSampleUserCount": sample,
                "reachableRandomSampleUserCount": len(found) * 3 // 4,
            },
        )  # fmt: skip

    def _message(self, request: Request, phone: str, asked: dict[str, str]) -> Response:
        wanted = self.settings.answers.get(phone)
        if wanted == "hang":
            return Response(0, hangs=True)
        if wanted in RAW:
            return Response(0, raw=RAW[wanted])
        if wanted is not None and wanted != "lost":
            return self._error(wanted)
        if not self._has_rcs(phone):
            return self._error("NOT_FOUND")
        try:
            message_id, body = str(UUID(asked["messageId"])), orjson.loads(request.body)
            problem = problem_of(body["contentMessage"]) or problem_of_ttl(body.get("ttl"))
        except (ValueError, KeyError, TypeError) as error:
            problem = f"{type(error).__name__}"
        if problem is not None:
            return self._error("INVALID_ARGUMENT", problem)
        if message_id in self.messages:  # ignored: it has been sent
            self.messages[message_id]["repeats"] += 1
        else:
            self._take(message_id, phone, asked.get("agentId", ""), body)
        name = f"phones/{phone}/agentMessages/{message_id}"
        answer = as_json(200, {"name": name, "sendTime": _now(), "contentMessage": body["contentMessage"]})
        return LOST if wanted == "lost" else answer

    def _take(self, message_id: str, phone: str, agent_id: str, body: dict[str, Any]) -> None:
        taken = {
            "id": message_id, "phone": phone, "agentId": agent_id, "body": body, "state": "sent", "repeats": 0,
            "at": time.time(),
        }  # fmt: skip
        self.messages[message_id] = taken
        self._spawn(self._live(taken))

    def _revoke(self, phone: str, message_id: str) -> Response:
        message = self.messages.get(message_id)
        if message is None or message["phone"] != phone or message["state"] not in ("sent", "revoked"):
            return self._error("NOT_FOUND")
        message["state"] = "revoked"
        return as_json(200, {})

    def _has_rcs(self, phone: str) -> bool:
        return not phone.endswith(tuple(self.settings.without)) if self.settings.without else True

    def _error(self, status: str, message: str = "") -> Response:
        code = STATUS.get(status, 500)
        headers = {"retry-after": str(self.settings.retry_after)} if code in (429, 503) else {}
        return as_json(code, {"error": {"code": code, "message": message or status, "status": status}}, **headers)

    # --- what a phone does

    async def _live(self, message: dict[str, Any]) -> None:
        """Delivered, read and tapped at, or taken back when its time is over."""
        if not self.settings.early:
            await asyncio.sleep(self.settings.event_delay)
        ends = message["at"] + float(message["body"].get("ttl", "259200s").rstrip("s"))
        while message["state"] == "sent" and message["phone"].endswith(tuple(self.settings.offline) or ("-",)):
            if time.time() > ends:
                message["state"] = "expired"
                await self._tell(message, {"eventType": "TTL_EXPIRATION_REVOKED", "phoneNumber": message["phone"]})
                return
            await asyncio.sleep(0.05)
        if message["state"] != "sent":
            return
        message["state"] = "delivered"
        await self._tell(message, self._of_user(message, "DELIVERED"))
        if self.settings.reads:
            await self._tell(message, self._of_user(message, "READ"))
        first = next(_suggestions(message["body"]["contentMessage"]), None)
        if self.settings.taps and first is not None:
            inner = first.get("reply") or first["action"]
            tap = {"text": inner["text"], "postbackData": inner["postbackData"], "type": "REPLY"}
            said = {"senderPhoneNumber": message["phone"], "messageId": str(uuid4()), "suggestionResponse": tap}
            await self._tell({**message, "id": said["messageId"]}, said)

    def _of_user(self, message: dict[str, Any], kind: str) -> dict[str, Any]:
        return {"senderPhoneNumber": message["phone"], "eventType": kind}

    async def _tell(self, message: dict[str, Any], event: dict[str, Any]) -> None:
        known = {"messageId": message["id"], "eventId": str(uuid4()), "agentId": message["agentId"]}
        hook = self.settings.hooks.get(message["agentId"])
        if hook is None:
            return
        for _ in range(2 if self.settings.doubled else 1):
            self.counts[f"told {await tell(hook, {**known, **event, 'sendTime': _now()})}"] += 1

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- who looks at it

    def _control(self, request: Request, path: str, asked: dict[str, str]) -> Response:
        match request.method, path:
            case "GET", "/":
                states = Counter(message["state"] for message in self.messages.values())
                return as_json(200, {"counts": dict(self.counts), "messages": len(self.messages), "states": states})
            case "GET", "/messages":
                after, limit = int(asked.get("after", 0)), int(asked.get("limit", 1_000))
                return as_json(200, {"items": list(self.messages.values())[after : after + limit]})
            case "GET", "/settings":
                return as_json(200, asdict(self.settings))
            case "POST", "/settings":
                try:
                    self.settings.change(orjson.loads(request.body))
                except ValueError as error:
                    return as_json(400, {"error": str(error)})
                self._throttled = 0
                return as_json(200, {})
            case "POST", "/say":
                said = orjson.loads(request.body)
                whom = {"id": said.get("messageId") or str(uuid4()), "agentId": said["agentId"]}
                self._spawn(self._tell(whom, {"senderPhoneNumber": said["phone"], **said["event"]}))
                return as_json(202, {"messageId": whom["id"]})
        return Response(404)


def _suggestions(content: dict[str, Any]) -> Any:
    yield from content.get("suggestions") or ()
    card = (content.get("richCard") or {}).get("standaloneCard")
    if card:
        yield from card["cardContent"].get("suggestions") or ()
    for one in ((content.get("richCard") or {}).get("carouselCard") or {}).get("cardContents") or ():
        yield from one.get("suggestions") or ()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
