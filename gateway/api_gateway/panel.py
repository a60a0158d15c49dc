"""The panel's built files, where the gateway is given their folder; in a deployment a web server of its own has them.

Pages are under `/app`, each the same document; what it loads is under `/assets`, named by its content. They are no
part of the API: without the folder their addresses are unknown, and before it is built, too.
"""

from __future__ import annotations

import gzip
import mimetypes
import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as PlainResponse

SMALLEST = 9
DOCUMENT, ICON = "index.html", "favicon.svg"
# Nothing of another host. Mantine sets sizes by `style`; the preview of a mail is a frame that inherits all of this.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_UNCHANGING = "public, max-age=31536000, immutable"
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")  # of a built file: no way out of the folder


def install(app: Flask, folder: str) -> None:
    """Serve the files of `folder`; nothing where it is not named."""
    if not folder:
        return
    root = Path(folder).resolve()

    def start() -> PlainResponse:
        _existing(root / DOCUMENT)
        return redirect("/app", 302)

    def page(place: str = "") -> PlainResponse:  # which page it is, is the document's to find out
        answer = _file(root / DOCUMENT, "no-cache")
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    def asset(name: str) -> PlainResponse:
        if not _NAME.fullmatch(name):
            raise NotFound
        return _file(root / "assets" / name, _UNCHANGING)

    app.add_url_rule("/", "panel.start", start)
    app.add_url_rule("/app", "panel.page", page)
    app.add_url_rule("/app/", "panel.page", page)
    app.add_url_rule("/app/<path:place>", "panel.page", page)
    app.add_url_rule("/assets/<name>", "panel.asset", asset)
    app.add_url_rule(f"/{ICON}", "panel.icon", lambda: _file(root / ICON, "public, max-age=86400"))


def _file(path: Path, caching: str) -> PlainResponse:
    content, packed, etag = _read(path, _existing(path))
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    takes_packed = request.accept_encodings["gzip"] > 0
    answer = Response(
        packed if takes_packed else content,
        content_type=kind if kind.startswith("image/") else f"{kind}; charset=utf-8",
    )
    if takes_packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    answer.set_etag(etag, weak=True)
    answer.headers["Cache-Control"] = caching
    return answer.make_conditional(request)


def _existing(path: Path) -> int:
    """When the file was changed (ns); 404 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        raise NotFound from None


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int) -> tuple[bytes, bytes, str]:
    """The content, the same packed as small as it goes, for that is done once, and its ETag."""
    content = path.read_bytes()
    return content, gzip.compress(content, SMALLEST, mtime=0), sha256(content).hexdigest()[:32]
