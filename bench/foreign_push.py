"""Web Push read by programs of others: what our wire sends, decrypted and verified by `web-push-testing` (npm).

    python bench/foreign_push.py [--messages 200]

Installs web-push-testing, with its `http_ece` and `jsonwebtoken`, into `.run/cache`, runs it as browsers' push service, and
sends to browsers that it has made up: payloads of every length up to the longest that there is. It must have read each as
it was, with the application's key checked (RFC 8291, RFC 8292); a subscription that has expired must be told as gone.
Ends with 3 where npm has no packages, with 1 where something was read otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from channel.providers.answers import Verdict
from chassis.testing import free_port, wait_until
from push_gateway.content.payloads import WEB_MAX
from push_gateway.wires import keys, web

FOLDER = Path(__file__).parents[1] / ".run/cache/foreign-push"
PACKAGES = ("web-push-testing@1.2.2", "http_ece@1.2.1")
BROWSERS = 5


@asynccontextmanager
async def place() -> AsyncIterator[None]:
    yield


def install() -> bool:
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(FOLDER), *PACKAGES]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=300).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


async def run(port: int, messages: int) -> int:
    public, pem = keys.new_vapid()
    account = web.WebAccount(pem, "mailto:a@shop.example")
    async with httpx.AsyncClient(timeout=30) as client:
        service = f"http://localhost:{port}"

        async def asked(path: str, body: dict[str, Any]) -> Any:
            return (await client.post(f"{service}/{path}", json=body)).json()["data"]

        wanted = {"userVisibleOnly": "true", "applicationServerKey": public}
        browsers = [await asked("subscribe", wanted) for _ in range(BROWSERS)]
        wire, dice = web.Web(client), random.Random(8291)
        sent: list[list[str]] = [[] for _ in browsers]
        refused = 0
        for number in range(messages):
            length = dice.choice((1, 2, 100, 1_000, WEB_MAX - 1, WEB_MAX, dice.randrange(1, WEB_MAX)))
            body, to = "".join(dice.choices("ab ąę!", k=length)).encode()[:length], number % BROWSERS
            text = body.decode("utf-8", "ignore")
            sent[to].append(text)
            browser = browsers[to]
            answer = await wire.send(account, browser["endpoint"], browser["keys"], {"TTL": "60"}, text.encode(), place)
            refused += answer.verdict is not Verdict.ACCEPTED
        read = [(await asked("get-notifications", {"clientHash": one["clientHash"]}))["messages"] for one in browsers]
        await client.post(f"{service}/expire-subscription/{browsers[0]['clientHash']}")
        gone = await wire.send(account, browsers[0]["endpoint"], browsers[0]["keys"], {"TTL": "60"}, b"x", place)
    is_equal = read == sent and not refused and gone.verdict is Verdict.GONE
    print(
        f"sent to {BROWSERS} browsers of web-push-testing: {messages}, refused {refused}, read as they were: {read == sent}"
    )
    print(f"an expired subscription is told as {gone.verdict} ({gone.code})")
    return 0 if is_equal else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=200)
    options = parser.parse_args()
    if not install():
        print("npm has no packages here.")
        return 3
    port = free_port()
    server = [
        "node", "-e",
        "const {PushApiModel} = require('web-push-testing/src/PushApiModel');"
        f"new (require('web-push-testing/src/server'))(new PushApiModel(), {port}).startServer()",
    ]  # fmt: skip
    running = subprocess.Popen(server, cwd=FOLDER, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(port), timeout=120, what="web-push-testing")
        return asyncio.run(run(port, options.messages))
    finally:
        running.kill()
        running.wait(10)


def _answers(port: int) -> bool:
    try:
        return httpx.post(f"http://localhost:{port}/status").status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())
