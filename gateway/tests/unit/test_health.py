"""Readiness is asked by anyone, and costs one look at a time."""

import threading

from api_gateway.health import Readiness


def test_a_check_that_hangs_holds_one_asker_and_no_others():
    hangs, go = threading.Event(), threading.Event()
    now, looks = [0.0], []

    def check():
        looks.append(now[0])
        if len(looks) > 1:
            hangs.set()
            go.wait(5)

    readiness = Readiness({"database": check}, clock=lambda: now[0])
    assert readiness.state()[0] == "ready"
    now[0] = 1.0
    one = threading.Thread(target=readiness.state)
    one.start()
    assert hangs.wait(5)

    assert [readiness.state()[0] for _ in range(20)] == ["ready"] * 20

    go.set()
    one.join()
    assert looks == [0.0, 1.0]


def test_what_was_seen_is_looked_at_again_soon():
    broken, now = [], [0.0]

    def check():
        if broken:
            raise ConnectionError

    readiness = Readiness({"database": check}, clock=lambda: now[0])
    assert readiness.state() == ("ready", {"database": "ok"})
    broken.append(True)
    now[0] = 1.0

    assert readiness.state() == ("degraded", {"database": "ConnectionError"})
