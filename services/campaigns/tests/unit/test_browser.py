"""Pages as pictures: by a real Chromium where there is one, and what becomes of one that misbehaves."""

from __future__ import annotations

import http.server
import os
import shutil
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.pictures import __main__ as process
from campaigns.pictures import browser
from campaigns.usecases.pictures import NoBrowser

CHROMIUM = os.environ.get("WICI_CHROMIUM") or shutil.which("chromium") or ""


@pytest.fixture(scope="module")
def chromium() -> Iterator[str]:
    """With all the time that a busy machine takes."""
    patience = pytest.MonkeyPatch()
    patience.setattr(browser, "SECONDS", 600.0)
    if not CHROMIUM or not browser.is_usable(CHROMIUM):
        pytest.skip("no Chromium here that may make namespaces of its own")
    yield CHROMIUM
    patience.undo()


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_page_is_shown_as_high_as_it_is_and_no_higher_than_a_screen_or_three(chromium: str) -> None:
    low = browser.picture_of(chromium, "<p>Cześć</p>")
    high = browser.picture_of(chromium, "<div style='height:1234px'>a</div>")
    endless = browser.picture_of(chromium, "<div style='height:100000000px'>a</div>")

    assert [size_of(png)[0] for png in (low, high, endless)] == [browser.WIDTH] * 3
    assert size_of(low)[1] == browser.HEIGHT
    assert 1_234 <= size_of(high)[1] < 1_300
    assert size_of(endless)[1] == browser.TALLEST


def test_a_page_runs_no_script_and_reaches_nobody(chromium: str, tmp_path: Path) -> None:
    asked: list[str] = []

    class Listening(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    secret = tmp_path / "secret.html"
    secret.write_text("<body style='background:red'>")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{server.server_port}"
    page = (
        f"<link rel=stylesheet href={at}/css><img src={at}/img><iframe src={at}/frame></iframe>"
        f"<style>@import '{at}/import'; p {{ background: url({at}/url) }}</style><p>a</p>"
        f"<iframe src='{secret.as_uri()}'></iframe><img src='{secret.as_uri()}'>"
        f"<meta http-equiv=refresh content='0; url={at}/refresh'>"
        f"<script>document.body.innerHTML = '<div style=height:2000px>'; fetch('{at}/fetch')</script>"
        "<img src=x onerror=\"document.body.style.height='2000px'\">"
    )
    try:
        png = browser.picture_of(chromium, page)
    finally:
        server.shutdown()
        server.server_close()

    assert asked == []
    assert size_of(png)[1] == browser.HEIGHT


@pytest.mark.parametrize(
    "leads", ["0", "0; url=about:blank", "0; url=http://127.0.0.1/away", "1; url=data:text/html,a"]
)
def test_a_page_that_leads_elsewhere_is_shown_itself(chromium: str, leads: str) -> None:
    page = f"<meta http-equiv=refresh content='{leads}'><div style='height:1234px'>Cześć</div>"

    assert 1_234 <= size_of(browser.picture_of(chromium, page))[1] < 1_300


def test_a_picture_that_would_be_too_large_is_made_smaller(chromium: str) -> None:
    """Noise: what PNG packs least."""
    noise = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='640' height='2400'><filter id='n'>"
        "<feTurbulence type='fractalNoise' baseFrequency='0.9'/></filter>"
        "<rect width='640' height='2400' filter='url(#n)'/></svg>"
    )
    png = browser.picture_of(chromium, noise)

    assert len(png) <= browser.MOST_OCTETS
    assert size_of(png)[0] < browser.WIDTH


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that anybody may reach, for as root the browser is nobody; pytest's own are their maker's."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="wici-browser-") as made:
        os.chmod(made, 0o777)
        yield Path(made)


def script(folder: Path, body: str) -> str:
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\ntouch {folder}/ran\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ("exit 1", 600.0),
        ("cat <&3 >&4", 600.0),
        ("printf 'no json\\0' >&4; exec sleep 6000", 600.0),
        ("printf '[]\\0' >&4; exec sleep 6000", 600.0),
        ("""printf '{"id": 1, "result": null}\\0' >&4; exec sleep 6000""", 600.0),
        ("""printf '{"id": 1, "error": "no"}\\0' >&4; exec sleep 6000""", 600.0),
        ("exec sleep 6000", 3.0),
    ],
)
def test_a_browser_that_misbehaves_makes_no_picture_and_leaves_nothing(
    body: str, seconds: float, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "SECONDS", seconds)
    monkeypatch.setattr(browser, "_NAMESPACES", ("env",))
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    with pytest.raises(browser.BrowserFailed):
        browser.picture_of(script(folder, body), "<p>a</p>")

    left = {path.name for path in folder.iterdir()}
    assert left - {"ran"} == {"chromium"}
    assert "ran" in left or seconds < 600  # what has little time may not come as far


def test_a_browser_that_is_not_there_makes_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_LIMITS", ("/nowhere",))

    assert not browser.is_usable("/nowhere/chromium")


def test_a_browser_that_has_worked_is_tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    works = False

    def picture_of(executable: str, html: str) -> bytes:
        if not works or html == "odd":
            raise browser.BrowserFailed
        return b"png"

    def rest_of(html: str) -> float:
        with pytest.raises(NoBrowser):
            pages.picture(html)
        return pages.rest

    monkeypatch.setattr(browser, "picture_of", picture_of)
    pages = process.Pages("chromium")
    assert rest_of("a") == process.NO_BROWSER_SECONDS, "there has been none that works"
    works = True
    with pytest.raises(browser.BrowserFailed):
        pages.picture("odd")
    works = False
    assert [rest_of("a"), rest_of("a")] == [process.AGAIN_SECONDS, process.NO_BROWSER_SECONDS]
    works = True
    assert pages.picture("a") == b"png"
    works = False
    assert rest_of("a") == process.AGAIN_SECONDS
