"""A small HTTP side: what the carrier received, and its settings.

GET  /                    a page for people
GET  /counts              counts, as JSON
GET  /messages?after=0&limit=1000    one record a submit_sm, in arrival order
GET  /whole               messages with their parts joined
GET  /arrivals            when the first message to each number came, of those that the setting `timed` names
GET  /settings            POST /settings {"rejected_share": 0.01, …}
POST /reset               forget all messages
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from wici_simulators.smsc.server import Carrier

_MAX_HEAD, _MAX_BODY, _MAX_PAGE = 16_384, 65_536, 50_000
_PAGE = """<!doctype html><meta charset=utf-8><title>Simulated SMSC</title>
<style>body{font:16px system-ui;margin:2em;max-width:60em}td{padding:.2em 1em .2em 0}
pre{background:#eee;padding:1em}</style>
<h1>Simulated SMSC</h1><pre id=counts></pre><h2>Last messages</h2><table id=rows></table>
<script>
async function show(){
  const counts = await (await fetch('counts')).json();
  document.getElementById('counts').textContent = JSON.stringify(counts, null, 2);
  const after = Math.max(0, counts.submitted - 20);
  const page = await (await fetch('messages?limit=20&after=' + after)).json();
  const table = document.getElementById('rows'); table.replaceChildren();
  for (const m of page.items.reverse()) {
    const row = table.insertRow();
    for (const cell of [m.to, m.from, m.state, m.text]) row.insertCell().textContent = cell;
  }
}
show(); setInterval(show, 2000);
</script>"""


class Refused(Exception):
    """Becomes an answer with its status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


async def serve(carrier: Carrier, host: str, port: int) -> asyncio.Server:
    """Start the HTTP side."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(_exchange(carrier, reader, writer), 30)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(handle, host, port, limit=_MAX_HEAD)


async def _exchange(carrier: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    status, kind = 200, "application/json"
    try:
        method, target, body = await _request(reader)
        answer = _answer(carrier, method, target, body)
        if isinstance(answer, str):
            kind, content = "text/html; charset=utf-8", answer.encode()
        else:
            content = orjson.dumps(answer)
    except Refused as refused:
        status, content = refused.status, orjson.dumps({"error": str(refused)})
    head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + content)
    await writer.drain()


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    request_line = head[0].split(" ")
    if len(request_line) != 3:
        raise Refused(400, "no request line")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    size = headers.get("content-length", "0")
    if not size.isdigit() or int(size) > _MAX_BODY:
        raise Refused(413, f"a body of at most {_MAX_BODY} octets")
    return request_line[0], request_line[1], await reader.readexactly(int(size))


def _answer(carrier: Carrier, method: str, target: str, body: bytes) -> Any:
    path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
    match method, path:
        case "GET", _:
            return _shown(carrier, path, query)
        case "POST", "/settings":
            return _change(carrier, body)
        case "POST", "/answers":
            return _from_phone(carrier, body)
        case "POST", "/reset":
            carrier.ledger.reset()
            carrier.waiting.clear()
            for bind in carrier.binds:
                bind.unanswered.clear()
            return {}
    raise Refused(404, "no such page")


def _shown(carrier: Carrier, path: str, query: dict[str, list[str]]) -> Any:
    match path:
        case "/":
            return _PAGE
        case "/counts":
            binds = [{"system_id": bind.system_id, "kind": bind.kind} for bind in carrier.binds if bind.kind]
            waiting = sum(len(queue) for queue in carrier.waiting.values())
            on_the_way = sum(len(bind.unanswered) for bind in carrier.binds)
            return {**carrier.ledger.counts(), "receipts_waiting": waiting + on_the_way, "binds": binds}
        case "/messages":
            after, limit = _number(query, "after", 0), min(_number(query, "limit", 1000), _MAX_PAGE)
            items, next_after = carrier.ledger.page(after, limit)
            return {"items": items, "next_after": next_after}
        case "/whole":
            return {"items": carrier.ledger.whole()}
        case "/arrivals":
            return carrier.ledger.arrivals
        case "/settings":
            return carrier.settings.as_json()
    raise Refused(404, "no such page")


def _from_phone(carrier: Carrier, body: bytes) -> Any:
    try:
        said = orjson.loads(body)
        phone, number, text = (said[name] for name in ("from", "to", "text"))
        if len(text.encode("utf-16-be")) > 140:
            raise ValueError("at most 70 characters")
        is_sent = carrier.answer(phone, number, text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(422, f"from, to and text: {error}") from None
    if not is_sent:
        raise Refused(409, "nobody is bound who receives")
    return {}


def _number(query: dict[str, list[str]], name: str, default: int) -> int:
    value = query.get(name, [str(default)])[0]
    if not value.isdigit():
        raise Refused(422, f"{name} is a number")
    return int(value)


def _change(carrier: Carrier, body: bytes) -> Any:
    try:
        wanted = orjson.loads(body)
        if not isinstance(wanted, dict):
            raise ValueError("an object of settings")
        carrier.settings.change(wanted)
    except ValueError as error:
        raise Refused(422, str(error)) from None
    return carrier.settings.as_json()
