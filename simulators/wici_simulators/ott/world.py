"""WhatsApp and Viber, what is set of them, and the webhooks that they send."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

import orjson

from wici_simulators.http_messages import Request, Response, as_json
from wici_simulators.ott.settings import Settings
from wici_simulators.ott.viber import Viber
from wici_simulators.ott.whatsapp import Whatsapp

# Meta asks again for days, less and less often; a demo is over in minutes.
TRIES, FIRST_WAIT = 12, 0.25


class World:
    """`wici_simulators.http_server.serve` asks it as it asks the push providers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.whatsapp = Whatsapp(settings, self._tell)
        self.viber = Viber(settings, self._send_later, _ask_viber_hook)
        self.told: Counter[str] = Counter()
        self._hooks: dict[str, dict[str, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, request: Request, origin: str) -> Response:
        return self.whatsapp.answer(request, origin) or self.viber.answer(request) or self._control(request)

    def _control(self, request: Request) -> Response:
        path, _, query = request.path.partition("?")
        try:
            asked = orjson.loads(request.body) if request.body else {}
            if path == "/messages":
                limit = int(parse_qs(query).get("limit", ["100"])[0])
                return as_json(200, {"items": self.whatsapp.messages[-limit:]})
            if path == "/viber/messages":
                limit = int(parse_qs(query).get("limit", ["100"])[0])
                return as_json(200, {"items": self.viber.messages[-limit:], "counts": dict(self.viber.counts)})
            if path == "/viber/acts":
                return as_json(200, self.viber.act(asked))
            if path == "/settings":
                self.settings.change(asked)
                return as_json(200, asdict(self.settings))
            if path == "/hooks":
                self._hooks |= {str(number): dict(hook) for number, hook in asked.items()}
                return as_json(200, {"numbers": sorted(self._hooks)})
            if path == "/templates":
                self.whatsapp.templates |= asked
                return as_json(200, {"business_accounts": sorted(self.whatsapp.templates)})
            if path == "/inbound":
                return as_json(200, self.whatsapp.write(asked))
            if path == "/":
                return as_json(200, {**self.whatsapp.shown(), "told": dict(self.told), "hooks": sorted(self._hooks)})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return as_json(400, {"error": str(error)})
        return as_json(404, {"error": "There is no such thing here."})

    # --- webhooks

    def _tell(self, number: str, value: dict[str, Any], delay: float) -> None:
        if (hook := self._hooks.get(number)) is None:
            return
        metadata = {"display_phone_number": number, "phone_number_id": number}
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        document = {"object": "whatsapp_business_account", "entry": [{"id": secrets.token_hex(4), "changes": [change]}]}
        body = orjson.dumps(document)
        signature = hmac.digest(hook["app_secret"].encode(), body, "sha256").hex()
        self._spawn(hook["url"], body, {"X-Hub-Signature-256": f"sha256={signature}"}, delay)

    def _send_later(self, hook: dict[str, str], told: dict[str, Any], delay: float) -> None:
        body = orjson.dumps(told)
        self._spawn(hook["url"], body, _viber_signature(hook, body), delay)

    def _spawn(self, url: str, body: bytes, headers: dict[str, str], delay: float) -> None:
        task = asyncio.get_running_loop().create_task(self._send(url, body, headers, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, url: str, body: bytes, signed: dict[str, str], delay: float) -> None:
        """Until somebody answers 200, as Meta and Viber do."""
        await asyncio.sleep(delay)
        headers = {"Content-Type": "application/json", **signed}
        for tries in range(TRIES):
            status = await asyncio.to_thread(_post, url, body, headers)
            self.told[str(status)] += 1
            if status == 200:
                return
            await asyncio.sleep(FIRST_WAIT * 2.0**tries)


def _viber_signature(hook: dict[str, str], body: bytes) -> dict[str, str]:
    return {"X-Viber-Content-Signature": hmac.digest(hook["secret"].encode(), body, "sha256").hex()}


def _ask_viber_hook(hook: dict[str, str], told: dict[str, Any]) -> int:
    """At once: whoever says where reports go is asked there before it is believed. 0: nobody answers."""
    body = orjson.dumps(told)
    return _post(hook["url"], body, {"Content-Type": "application/json", **_viber_signature(hook, body)})


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
