"""The date moves, and waits take as long as ever."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import moved_clock
import pytest
from progress import Trouble

BELIEVES = """
import json, subprocess, threading, time
from datetime import UTC, datetime
started = time.monotonic()
threading.Event().wait(0.1)
held = threading.Lock()
held.acquire()
held.acquire(timeout=0.1)
said = subprocess.run(["date", "--utc", "+%Y-%m-%d %H:%M"], capture_output=True, text=True).stdout.strip()
print(json.dumps([datetime.now(UTC).isoformat(" ", "minutes")[:16], time.time(), said, time.monotonic() - started]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")
def test_a_process_and_its_children_believe_the_moment_and_wait_as_long_as_before():
    moment = datetime(2028, 2, 29, 23, 50, tzinfo=UTC)
    environ = moved_clock.environ_at(moment)

    command = [sys.executable, "-c", BELIEVES]
    told = subprocess.run(command, env=environ, capture_output=True, timeout=60, check=True).stdout
    date, seconds, of_child, waited = json.loads(told)

    assert (date, of_child) == ("2028-02-29 23:50", "2028-02-29 23:50")
    assert 0 <= seconds - moment.timestamp() < 60
    assert 0.2 <= waited < 30
    assert (environ["DATABASE_URL"], environ["AMQP_URL"]) == ("", "")


@pytest.mark.parametrize("words", ["tomorrow", "2028-02-30 10:00", "2028-02-29 25:00", "29.02.2028"])
def test_a_moment_that_is_none_is_refused_in_words(words):
    with pytest.raises(Trouble, match="CLOCK"):
        moved_clock.moment_of(words)
