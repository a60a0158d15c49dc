"""What Meta's Cloud API checks and says; no sockets here."""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

import orjson

from wici_simulators.http_messages import LOST, Request, Response, as_json
from wici_simulators.ott.settings import Settings

WINDOW_SECONDS = 86_400.0
TEMPLATES: list[dict[str, Any]] = [
    {
        "name": "hello_world", "language": "en_US", "status": "APPROVED", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Welcome and congratulations!"}],
    },
    {
        "name": "parcel_here", "language": "pl", "status": "APPROVED", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Paczka czeka w skrytce {{1}}"}],
    },
    {
        "name": "sale", "language": "pl", "status": "APPROVED", "category": "MARKETING",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Hej {{1}}"},
            {"type": "BODY", "text": "Wyprzedaż do {{1}}: {{2}}"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "URL", "text": "Sklep", "url": "https://shop.example/{{1}}"},
                    {"type": "QUICK_REPLY", "text": "Stop"},
                ],
            },
        ],
    },
    {
        "name": "too_new", "language": "pl", "status": "PENDING", "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Nowość"}],
    },
]  # fmt: skip
THROTTLED = {130429, 131056, 80007, 4}
_PATH = re.compile(r"/v\d+\.\d+/(\d+)/(messages|message_templates)\Z").match

Tell = Callable[[str, dict[str, Any], float], None]


class Whatsapp:
    """Every number that there may be, and what was taken.

    :param tell: `tell(phone_number_id, value, delay)`: to where reports of the number go, after so many seconds.
    """

    def __init__(self, settings: Settings, tell: Tell) -> None:
        self.settings, self._tell = settings, tell
        self.messages: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.templates: dict[str, list[dict[str, Any]]] = {}
        self._written: dict[tuple[str, str], float] = {}
        self._throttled = 0

    def answer(self, request: Request, origin: str) -> Response | None:
        """None: what is asked is none of Meta's."""
        path, _, query = request.path.partition("?")
        found = _PATH(path)
        if found is None:
            return None
        if not request.headers.get("authorization", "").startswith("Bearer EAA"):
            return _error(401, 190, "Invalid OAuth access token")
        answer = self._send(found[1], request) if found[2] == "messages" else self._list(found[1], query)
        self.counts[f"{found[2]} {answer.status}"] += 1
        return answer

    def _list(self, business_account_id: str, query: str) -> Response:
        asked = parse_qs(query)
        limit, after = int(asked.get("limit", ["25"])[0]), int(asked.get("after", ["0"])[0] or 0)
        known = self.templates.get(business_account_id, TEMPLATES)
        some, end = known[after : after + limit], after + limit
        paging: dict[str, Any] = {"cursors": {"before": str(after), "after": str(end)}}
        if end < len(known):
            paging["next"] = "https://graph.facebook.com/next"
        return as_json(200, {"data": some, "paging": paging})

    def _send(self, number: str, request: Request) -> Response:
        if self._throttled < self.settings.throttle:
            self._throttled += 1
            return _error(429, 130429, "Rate limit hit")
        try:
            body = orjson.loads(request.body)
            to, kind = str(body["to"]), str(body["type"])
            part = body[kind]
            is_right = body["messaging_product"] == "whatsapp" and isinstance(part, dict)
        except (ValueError, KeyError, TypeError):
            is_right = False
        if not is_right:
            return _error(400, 100, "Invalid parameter")
        problem = self._problem(number, to, kind, part)
        if problem is not None:
            return _error(400, problem, "Refused")
        return self._wanted(number, to, body)

    def _wanted(self, number: str, to: str, body: dict[str, Any]) -> Response:
        wanted = self.settings.answers.get(f"+{to}")
        if wanted == "garbage":
            return Response(200, b"<html>ok</html>", {"content-type": "text/html"})
        if wanted == "502":
            return Response(502, b"<html>Bad Gateway</html>", {"content-type": "text/html"})
        if wanted is not None and wanted.isdecimal():
            return _error(429 if int(wanted) in THROTTLED else 400, int(wanted), "As it is set")
        wamid = f"wamid.{secrets.token_urlsafe(30)}"
        self.messages.append({"number": number, "to": f"+{to}", "wamid": wamid, "body": body, "at": time.time()})
        self._report(number, to, wamid, body.get("biz_opaque_callback_data"))
        if wanted == "lost":  # taken, and nobody hears of it
            return LOST
        contact = {"input": to, "wa_id": to}
        taken = [{"id": wamid, "message_status": "accepted"}]
        return as_json(200, {"messaging_product": "whatsapp", "contacts": [contact], "messages": taken})

    def _problem(self, number: str, to: str, kind: str, part: dict[str, Any]) -> int | None:
        if not to.isdecimal():
            return 131009
        if kind == "template":
            return self._template_problem(part)
        if kind == "text" and not 0 < len(str(part.get("body", ""))) <= 4096:
            return 100
        if kind == "interactive" and len(part["action"]["buttons"]) > 3:
            return 131009
        written = self._written.get((number, to), 0.0)
        is_open = time.time() - written < WINDOW_SECONDS
        return None if is_open or not self.settings.windows else 131047

    def _template_problem(self, part: dict[str, Any]) -> int | None:
        known = {(one["name"], one["language"]): one for some in (*self.templates.values(), TEMPLATES) for one in some}
        template = known.get((part["name"], part["language"]["code"]))
        if template is None:
            return 132001
        if template["status"] in ("PAUSED", "DISABLED"):
            return 132015 if template["status"] == "PAUSED" else 132016
        if template["status"] != "APPROVED":
            return 132001
        body = next(one["text"] for one in template["components"] if one["type"] == "BODY")
        given = [one for one in part.get("components", []) if one["type"] == "body"]
        return None if len(given[0]["parameters"] if given else []) == body.count("{{") else 132000

    # --- what is told of it

    def _report(self, number: str, to: str, wamid: str, opaque: Any) -> None:
        code = self.settings.fails.get(f"+{to}")
        words = ["sent", "failed"] if code else ["sent", "delivered", *(["read"] if self.settings.reads else [])]
        statuses = [self._status(word, to, wamid, opaque, code) for word in words]
        if self.settings.reversed:
            statuses.reverse()
        for place, status in enumerate(statuses, 1):
            for _ in range(2 if self.settings.doubled else 1):
                self._tell(number, {"statuses": [status]}, self.settings.report_delay * place)

    @staticmethod
    def _status(word: str, to: str, wamid: str, opaque: Any, code: str | None) -> dict[str, Any]:
        status: dict[str, Any] = {
            "id": wamid, "status": word, "timestamp": str(int(time.time())), "recipient_id": to,
            "biz_opaque_callback_data": opaque,
        }  # fmt: skip
        if word == "failed":
            status["errors"] = [{"code": int(code or 131000), "title": "Failed"}]
        return status

    def write(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A person writes to a number: `number`, `from`, and `text`, or a `button` with a `payload`; `answers` names
        the message that it answers, `wamid` its own id where it is to be told once more."""
        number, phone = str(asked["number"]), str(asked["from"]).removeprefix("+")
        self._written[number, phone] = time.time()
        wamid = str(asked.get("wamid") or f"wamid.{secrets.token_urlsafe(30)}")
        message: dict[str, Any] = {"from": phone, "id": wamid, "timestamp": str(int(time.time())), "type": "text"}
        if "button" in asked:
            reply = {"id": asked.get("payload", ""), "title": asked["button"]}
            message |= {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
        else:
            message["text"] = {"body": str(asked.get("text", ""))}
        if asked.get("answers"):
            message["context"] = {"from": number, "id": asked["answers"]}
        contacts = [{"profile": {"name": "Anna"}, "wa_id": phone}]
        self._tell(number, {"contacts": contacts, "messages": [message]}, 0.0)
        return {"wamid": wamid}

    def shown(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "taken": len(self.messages), "settings": asdict(self.settings)}


def _error(status: int, code: int, message: str) -> Response:
    error = {
        "message": f"(#{code}) {message}", "type": "OAuthException", "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": message}, "fbtrace_id": secrets.token_hex(8),
    }  # fmt: skip
    return as_json(status, {"error": error})
