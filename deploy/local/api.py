"""A small client of the public API and of the simulators, for the demo, the end-to-end tests and the benchmarks.

Only the standard library, so that it also shows what a client in any language has to do.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 60.0


class Refused(Exception):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, method: str, path: str, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.code = problem.get("code", "")
        fields = "; ".join(f"{error['field']}: {error['detail']}" for error in problem.get("errors") or [])
        super().__init__(f"{method} {path}: {status} {self.code} {problem.get('detail', '')} {fields}".rstrip())


class Api:
    """Calls below one base address, with one token."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url, self.token = base_url.rstrip("/"), token

    def with_token(self, token: str) -> Api:
        return Api(self.base_url, token)

    def get(self, path: str, **query: Any) -> Any:
        chosen = {name.rstrip("_"): value for name, value in query.items() if value is not None}
        return self.request("GET", f"{path}?{urllib.parse.urlencode(chosen)}" if chosen else path)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return self.request("POST", path, body, {"Idempotency-Key": key} if key else None)

    def put(self, path: str, body: Any) -> Any:
        return self.request("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self.request("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The answer's JSON (or bytes where it is none); raises `Refused` for anything that is not 2xx."""
        sent = {"Accept": "application/json, */*;q=0.5", **(headers or {})}
        content = body
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(f"{self.base_url}{path}", data=content, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return _decoded(answer.read(), answer.headers.get_content_type())
        except urllib.error.HTTPError as error:
            raw = error.read()
            try:
                problem = json.loads(raw)
            except ValueError:
                problem = {"detail": raw[:200].decode("utf-8", "replace")}
            raise Refused(method, path, error.code, problem) from None

    def upload(self, path: str, file: Path, **parts: Any) -> Any:
        """A multipart/form-data POST (RFC 7578): `file`, and every other part as JSON."""
        boundary = uuid.uuid4().hex
        pieces = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n'
            f"Content-Type: application/json\r\n\r\n{json.dumps(value)}\r\n".encode()
            for name, value in parts.items()
        ]
        pieces.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n".encode()
            + file.read_bytes()
            + b"\r\n"
        )
        content = b"".join([*pieces, f"--{boundary}--\r\n".encode()])
        return self.request("POST", path, content, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list, page after page."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return


def _decoded(raw: bytes, media_type: str) -> Any:
    if not raw:
        return None
    return json.loads(raw) if media_type == "application/json" else raw


def poll(
    ask: Callable[[], Any], done: Callable[[Any], bool], *, seconds: float, every: float = 0.25,
    show: Callable[[Any], None] | None = None,
) -> Any:  # fmt: skip
    """Ask until `done(answer)`, showing each answer; raises `TimeoutError` with the last one after `seconds`.

    A 503 is waited out, too: a system that is busy is asked again.
    """
    ends, answer = time.monotonic() + seconds, None
    while True:
        try:
            answer = ask()
        except Refused as refused:
            if refused.status != 503 or time.monotonic() > ends:
                raise
        else:
            if show is not None:
                show(answer)
            if done(answer):
                return answer
        if time.monotonic() > ends:
            raise TimeoutError(f"not done within {seconds:g} s: {answer}")
        time.sleep(every)
