"""What the log says of an error: where and what, never with which value."""

import io
import json
import logging
import re
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis import logs, process
from chassis.config import setting
from contracts.errors import Conflict

SECRET = "jan.kowalski@tajne.example"


@dataclass(frozen=True, kw_only=True)
class Incomplete:
    here: str = setting("HERE_URL")
    there: str = setting("THERE_URL", secret=True)


@pytest.fixture
def lines(monkeypatch):
    """`lines()`: what was logged, as it stands on stderr."""
    written = io.StringIO()
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    monkeypatch.setattr("sys.stderr", written)
    for module in (sys, threading):  # put back afterwards
        monkeypatch.setattr(module, "excepthook", module.excepthook)
    logs.configure("tests")
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:] = before


def quoting(error):
    def fail():
        try:
            {}[SECRET]  # what led to it quotes too
        except KeyError:
            raise error  # noqa: B904

    return fail


ERRORS = [ValueError(f"bad: {SECRET}"), KeyError(SECRET), UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, "no")]


@pytest.mark.parametrize("error", [*ERRORS, Conflict("thing.taken", f"{SECRET} is taken.")])
def test_a_line_quotes_no_value_of_an_error(lines, error):
    try:
        quoting(error)()
    except Exception as caught:
        logs.get_logger().error("failed", error=caught, exc_info=caught)
        logging.getLogger("nameko.containers").exception("error handling worker %s: %s", "w", caught)

    ours, nameko = lines()
    assert SECRET not in json.dumps([ours, nameko], ensure_ascii=False)
    assert (type(error).__name__ in ours["exception"], "in fail" in ours["exception"]) == (True, True)
    assert (type(error).__name__ in nameko["event"], "KeyError" in nameko["exception"]) == (True, True)


def test_what_is_no_value_is_still_said(lines):
    try:
        raise RuntimeError("no more threads")
    except RuntimeError as error:
        logs.get_logger().error("failed", exc_info=error)

    assert "RuntimeError: no more threads" in lines()[0]["exception"]


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_a_circle_of_causes_is_told_once(lines, link):
    first, second = RuntimeError("first"), RuntimeError("second")
    setattr(first, link, second)
    setattr(second, link, first)

    logs.get_logger().error("failed", exc_info=first)

    told = lines()[0]["exception"]
    assert (told.count("first"), told.count("second"), told.index("second") < told.index("first")) == (1, 1, True)


def test_a_configuration_that_is_incomplete_still_says_which_keys_are_missing(lines, monkeypatch):
    monkeypatch.delenv("HERE_URL", raising=False)
    monkeypatch.delenv("THERE_URL", raising=False)
    monkeypatch.setattr("chassis.process.signal.signal", lambda *_: None)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # `lines` has done it

    with pytest.raises(SystemExit):
        process.boot(lambda _: None, Incomplete, service="tests", name="tests", pool_size=1)

    [told] = [line for line in lines() if line["event"] == "configuration_incomplete"]
    assert "HERE_URL is missing; THERE_URL is missing" in told["error"]


def test_nobody_writes_an_error_as_text():
    """`error=error` says it without its values."""
    folders = [Path(__file__).parents[4] / name for name in ("libs", "services", "gateway")]
    sources = [path for folder in folders for path in folder.rglob("*.py") if "tests" not in path.parts]
    as_text = re.compile(r"log(?:ger)?\.\w+\([^\n]*(?:repr|str)\((?:error|exc|exception|failure)\)")

    assert len(sources) > 300
    assert [str(path) for path in sources if as_text.search(path.read_text())] == []


def test_what_nobody_caught_is_a_line_like_any_other(lines, monkeypatch):
    def fail():
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    for line in lines():
        assert (line["event"], line["level"], "in fail" in line["exception"]) == ("uncaught", "critical", True)
        assert SECRET not in json.dumps(line)
    assert len(lines()) == 2


@pytest.mark.parametrize(
    ("wanted", "written"),
    [("warning", ["b"]), ("DEBUG", ["a", "b"]), ("", ["b"]), ("loud", ["log_level_unknown", "b"])],
)
def test_the_least_that_is_written_is_a_setting(lines, monkeypatch, capsys, wanted, written):
    monkeypatch.setenv("WICI_LOG_LEVEL", wanted)
    logs.configure("tests")
    logs.get_logger().debug("a")
    logs.get_logger().error("b")

    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == written
