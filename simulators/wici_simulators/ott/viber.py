"""What Viber's REST API for bots checks and says; its webhooks leave by `tell`."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson

from wici_simulators.http_messages import LOST, Request, Response, as_json
from wici_simulators.ott.settings import Settings

Tell = Callable[[dict[str, str], dict[str, Any], float], None]
"""To this hook (`url`, and the `secret` that signs), after so many seconds."""
TOO_MANY, NOT_REGISTERED, NOT_SUBSCRIBED, WEBHOOK_NOT_SET = 12, 5, 6, 10
_WORDS = {
    0: "ok", 1: "invalidUrl", 2: "invalidAuthToken", 3: "badData", 5: "receiverNotRegistered",
    6: "receiverNotSubscribed", 10: "webhookNotSet", 12: "tooManyRequests",
}  # fmt: skip
_MOST = {"text": 7_000, "picture": 768}


class Viber:
    """Every bot that has said where its reports go, and what was taken.

    :param ask: posts to a hook at once, signed, and returns the status: whether it is one of ours.
    """

    def __init__(self, settings: Settings, tell: Tell, ask: Callable[[dict[str, str], dict[str, Any]], int]) -> None:
        self.settings, self._tell, self._ask = settings, tell, ask
        self.messages: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self._hooks: dict[str, dict[str, str]] = {}
        self._people: dict[tuple[str, str], bool] = {}
        self._throttled = 0

    def answer(self, request: Request) -> Response | None:
        """None: what is asked is none of Viber's."""
        path = request.path.partition("?")[0]
        if not path.startswith("/pa/"):
            return None
        token = request.headers.get("x-viber-auth-token", "")
        if len(token) < 8:
            return _said(2)
        try:
            body = orjson.loads(request.body)
            answer = self._set_webhook(token, body) if path == "/pa/set_webhook" else self._send(token, body)
        except (ValueError, KeyError, TypeError, AttributeError):
            answer = _said(3)
        self.counts[f"{path} {answer.status}"] += 1
        return answer

    def _set_webhook(self, token: str, body: dict[str, Any]) -> Response:
        hook = {"url": str(body["url"]), "secret": token}
        if self._ask(hook, {"event": "webhook", **_stamp()}) != 200:
            return _said(1)
        self._hooks[token] = hook
        return _said(0, event_types=body.get("event_types", []))

    def _send(self, token: str, body: dict[str, Any]) -> Response:
        if self._throttled < self.settings.throttle:
            self._throttled += 1
            return _said(TOO_MANY)
        if token not in self._hooks:
            return _said(WEBHOOK_NOT_SET)
        receiver, wanted = str(body["receiver"]), self.settings.answers.get(str(body["receiver"]))
        if wanted == "garbage":
            return Response(200, b"<html>ok</html>", {"content-type": "text/html"})
        if wanted == "502":
            return Response(502, b"<html>Bad Gateway</html>", {"content-type": "text/html"})
        status = int(wanted) if wanted and wanted.isdecimal() else self._status(token, receiver, body)
        if status:
            return _said(status)
        number = _number()
        self.messages.append({"to": receiver, "token": number, "body": body, "at": time.time()})
        self._report(token, receiver, number)
        return LOST if wanted == "lost" else _said(0, message_token=number, chat_hostname="SN-CHAT-01_")

    def _status(self, token: str, receiver: str, body: dict[str, Any]) -> int:
        kind = body["type"]
        if not 0 < len(body["sender"]["name"]) <= 28 or kind not in _MOST or len(body.get("text", "")) > _MOST[kind]:
            return 3
        if (kind == "text" and not body["text"]) or (kind == "picture" and not body["media"]):
            return 3
        if not self.settings.windows:  # everybody has subscribed
            return 0
        is_subscribed = self._people.get((token, receiver))
        return NOT_REGISTERED if is_subscribed is None else 0 if is_subscribed else NOT_SUBSCRIBED

    def _report(self, token: str, receiver: str, number: int) -> None:
        fails = receiver in self.settings.fails
        words = ["failed"] if fails else ["delivered", *(["seen"] if self.settings.reads else [])]
        if self.settings.reversed:
            words.reverse()
        for place, word in enumerate(words, 1):
            told = {"event": word, **_stamp(number), "user_id": receiver}
            told |= {"desc": "failure description"} if fails else {}
            for _ in range(2 if self.settings.doubled else 1):
                self._tell(self._hooks[token], told, self.settings.report_delay * place)

    def act(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A person does something at the bot of `token`: opens (with a `context`), subscribes, unsubscribes, or writes
        a `text`, with the `tracking_data` of what they answer; `message_token` where it is told once more."""
        token, viber_id, act = str(asked["token"]), str(asked["viber_id"]), str(asked["act"])
        key = (token, viber_id)
        user = {"id": viber_id, "name": "Anna", "country": "PL", "language": "pl", "api_version": 10}
        told: dict[str, Any] = {"event": act, **_stamp(asked.get("message_token"))}
        if act == "conversation_started":
            told |= {"type": "open", "user": user, "subscribed": self._people.get(key, False)}
            told |= {"context": asked["context"]} if asked.get("context") else {}
            self._people.setdefault(key, False)
        elif act == "unsubscribed":
            told["user_id"], self._people[key] = viber_id, False
        elif act == "subscribed":
            told["user"], self._people[key] = user, True
        else:
            message = {"type": "text", "text": str(asked["text"]), "tracking_data": str(asked.get("tracking_data", ""))}
            told |= {"event": "message", "sender": user, "message": message}
            self._people[key] = True
        self._tell(self._hooks[token], told, 0.0)
        return told


def _number() -> int:
    return 4_912_661_846_655_238_145 + secrets.randbelow(10**15)


def _stamp(number: int | None = None) -> dict[str, int]:
    return {"timestamp": int(time.time() * 1_000), "message_token": number or _number()}


def _said(status: int, **more: Any) -> Response:
    """Viber answers everything with 200."""
    return as_json(200, {"status": status, "status_message": _WORDS.get(status, "General error"), **more})
