"""A page as a picture, by a Chromium that has no network, runs no script and is gone afterwards.

Chromium is spoken to through its debugging pipe (Chrome DevTools Protocol: JSON, each message ended by a zero octet).
It keeps its own sandbox; around it util-linux' `unshare` gives it namespaces of its own: without a network device, and
with a process tree that ends as a whole. So it needs a kernel that lets an unprivileged user make namespaces.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import tempfile
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from chassis.logs import get_logger

WIDTH, HEIGHT, TALLEST = 640, 800, 2_400  # pixels
MOST_OCTETS = 256 * 1024  # of a picture; one that has more is made smaller
SCALES = (1.0, 0.5, 0.25)
SECONDS = 40.0  # on the clock, from its start to its end: a machine may be busy
_IMAGES_SECONDS = 3.0
_MOST_ANSWER = 64 << 20
_NOBODY = 65534

_LIMITS = ("prlimit", "--core=0", "--fsize=134217728", "--cpu=30", "nice", "-n", "10")
_NAMESPACES = ("unshare", "--user", "--map-current-user", "--net", "--pid", "--fork", "--kill-child")
_FLAGS = (
    "--headless", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
    "--disable-background-networking", "--hide-scrollbars", "--no-first-run", "--mute-audio",
)  # fmt: skip
_BLOCKED = ["ws*", "ftp*", "file*"]
_PAGE = "http://page.invalid/"
# In a sandbox (CSP 3; HTML, "sandboxed automatic features") there is no script, and a refresh leads nowhere.
_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src data:; font-src data:; style-src data: 'unsafe-inline'"
    ),
}

log = get_logger()


class BrowserFailed(Exception):
    """It did not start, took too long, or what it made is too large."""


def picture_of(executable: str, html: str) -> bytes:
    """The page as a PNG (ISO/IEC 15948) of up to 256 KiB: 640 pixels wide, its first 2,400 pixels; less of a large one.

    :raises BrowserFailed: there is none to be had.
    """
    with _opened(executable) as browser:
        return _picture(browser, html)


def _picture(browser: _Browser, html: str) -> bytes:
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    browser.call("Network.enable")
    browser.call("Network.setBlockedURLs", urls=_BLOCKED)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    screen = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", **screen)
    browser.show(html)
    browser.wait_until_complete()
    height = min(browser.call("Page.getLayoutMetrics")["cssContentSize"]["height"], TALLEST)
    for scale in SCALES:
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": scale}
        shot = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        png = b64decode(shot["data"])
        if len(png) <= MOST_OCTETS:
            return png
    raise BrowserFailed("the picture is too large")


@contextmanager
def _opened(executable: str) -> Iterator[_Browser]:
    """A browser with a folder of its own; both are gone afterwards, whatever came of it."""
    with tempfile.TemporaryDirectory(prefix="wici-picture-", ignore_cleanup_errors=True) as home:
        theirs_in, ours_in = _pipe()
        ours_out, theirs_out = _pipe()
        try:
            process = _start(executable, home, theirs_in, theirs_out)
        except OSError as error:
            os.close(ours_in)
            os.close(ours_out)
            raise BrowserFailed(f"it does not start: {error.strerror}") from None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        ends = threading.Timer(SECONDS, process.kill)
        ends.start()
        try:
            yield _Browser(ours_in, ours_out)
        # What it answers may be any JSON.
        except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise BrowserFailed(f"it ended, took too long, or is no browser: {error!r}") from None
        finally:
            ends.cancel()
            process.kill()
            process.wait()
            os.close(ours_in)
            os.close(ours_out)


def _pipe() -> tuple[int, int]:
    """Descriptors from ten on: moving one to 3 or 4 overwrites none of the others."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def _start(executable: str, home: str, commands: int, answers: int) -> subprocess.Popen[bytes]:
    """As nobody where we are root. Chromium reads commands at descriptor 3 and answers at 4; dash says no `3<&10`."""
    pipes = f'exec 3<&{commands} 4>&{answers}; exec "$0" "$@"'
    chromium = ("bash", "-c", pipes, executable, *_FLAGS, f"--user-data-dir={home}", f"--window-size={WIDTH},{HEIGHT}")
    changes: dict[str, Any] = {}
    if os.geteuid() == 0:
        os.chown(home, _NOBODY, _NOBODY)
        changes = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
    return subprocess.Popen(
        [*_LIMITS, *_NAMESPACES, "--", *chromium],
        pass_fds=[commands, answers],
        cwd="/",
        env={"HOME": home, "TMPDIR": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **changes,
    )


class _Browser:
    """Commands to it and their answers.

    :ivar session: of the page that commands are for, once there is one.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._sent: list[str] = []  # methods: the first is command 1
        self._received = b""
        self.session: str | None = None

    def call(self, method: str, **params: Any) -> Any:
        """:raises EOFError: it is gone. :raises BrowserFailed: it refuses, or says too much."""
        return self._answer(self._send(method, **params))

    def show(self, html: str) -> None:
        """Go to a page that is answered from here, with headers that let it do nothing."""
        self.call("Fetch.enable", patterns=[{"urlPattern": _PAGE}])
        going = self._send("Page.navigate", url=_PAGE)
        while (event := self._message()).get("method") != "Fetch.requestPaused":
            pass
        headers = [{"name": name, "value": value} for name, value in _PAGE_HEADERS.items()]
        body = b64encode(html.encode("utf-8", "replace")).decode()
        request = event["params"]["requestId"]
        self._send("Fetch.fulfillRequest", requestId=request, responseCode=200, responseHeaders=headers, body=body)
        self._answer(going)

    def _send(self, method: str, **params: Any) -> int:
        self._sent.append(method)
        command = {"id": len(self._sent), "method": method, "params": params}
        if self.session is not None:
            command["sessionId"] = self.session
        rest = memoryview(json.dumps(command).encode() + b"\0")
        while rest:
            rest = rest[os.write(self._commands, rest) :]
        return len(self._sent)

    def _answer(self, command: int) -> Any:
        while (answer := self._message()).get("id") != command:
            pass  # an event
        return answer["result"]

    def wait_until_complete(self) -> None:
        """Until images that the page brings with it are read; those that take long are left out."""
        done = threading.Event()
        for _ in range(int(_IMAGES_SECONDS / 0.1)):
            state = self.call("Runtime.evaluate", expression="document.readyState")
            if state["result"].get("value") == "complete":
                return
            done.wait(0.1)

    def _message(self) -> Any:
        message = json.loads(self._next())
        if "error" in message:
            raise BrowserFailed(f"{self._sent[message['id'] - 1]}: {message['error'].get('message', '')}")
        return message

    def _next(self) -> bytes:
        while b"\0" not in self._received:
            piece = os.read(self._answers, 1 << 20)
            if not piece:
                raise EOFError
            self._received += piece
            if len(self._received) > _MOST_ANSWER:
                raise BrowserFailed("it says too much")
        message, _, self._received = self._received.partition(b"\0")
        return message


def is_usable(executable: str) -> bool:
    """Whether it makes a picture here, of a page that says one word."""
    with suppress(BrowserFailed):
        return bool(picture_of(executable, "<p>Wici</p>"))
    return False
