"""The panel's built files, where the gateway is given their folder; in a deployment a web server of its own has them.

Pages are under `/app`, each the same document; what it loads is under `/assets`, named by its content. They are no
part of the API: without the folder their addresses are unknown.
"""

from __future__ import annotations

import mimetypes
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as PlainResponse

DOCUMENT = "index.html"
# Nothing of another host. Mantine sets sizes by `style`; the preview of a mail is a frame that inherits all of this.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_UNCHANGING = "public, max-age=31536000, immutable"


def install(app: Flask, folder: str) -> None:
    """Serve the files of `folder`; nothing where it is not named or nothing is built there."""
    root = Path(folder).resolve()
    if not folder or not (root / DOCUMENT).is_file():
        return
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}

    def start() -> PlainResponse:
        return redirect("/app", 302)

    def page(place: str = "") -> Response:
        answer = _file(files[DOCUMENT])
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Cache-Control"] = "no-cache"
        return answer.make_conditional(request)

    def asset(name: str) -> Response:
        if (path := files.get(f"assets/{name}")) is None:
            raise NotFound
        answer = _file(path)
        answer.headers["Cache-Control"] = _UNCHANGING
        return answer.make_conditional(request)

    def icon() -> Response:
        answer = _file(files["favicon.svg"])
        answer.headers["Cache-Control"] = "public, max-age=86400"
        return answer.make_conditional(request)

    app.add_url_rule("/", "panel.start", start)
    app.add_url_rule("/app", "panel.page", page)
    app.add_url_rule("/app/<path:place>", "panel.page", page)
    app.add_url_rule("/assets/<name>", "panel.asset", asset)
    if "favicon.svg" in files:
        app.add_url_rule("/favicon.svg", "panel.icon", icon)


def _file(path: Path) -> Response:
    content, etag = _read(path, path.stat().st_mtime_ns)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = {"text/javascript": "application/javascript"}.get(kind, kind)
    answer = Response(content, content_type=kind if kind.startswith("image/") else f"{kind}; charset=utf-8")
    answer.set_etag(etag, weak=True)
    return answer


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int) -> tuple[bytes, str]:
    content = path.read_bytes()
    return content, sha256(content).hexdigest()[:32]
