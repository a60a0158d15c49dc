"""Readiness is asked by anyone, and costs one look at a time."""

import threading

import pytest

from api_gateway.health import Readiness
from chassis.config import ConfigError


class Listener:
    """gunicorn's socket of a request, as far as it is looked at."""

    def __init__(self, name):
        self._name = name

    def getsockname(self):
        return self._name


@pytest.mark.parametrize("name", ["/run/gateway.sock", "", b"\0abstract", ("127.0.0.1", 8000)])
@pytest.mark.parametrize("health_port", [0, 8080])
def test_metrics_are_not_told_on_the_public_listener(make_client, name, health_port):
    answer = make_client(health_port=health_port).get("/metrics", environ_overrides={"gunicorn.socket": Listener(name)})

    assert answer.status_code == 404


@pytest.mark.parametrize("operator_bind", ["127.0.0.1:0", "10.0.0.7:8000", "10.0.0.7", "unix:/run/operators.sock"])
def test_operators_listener_needs_a_port_of_its_own(make_wiring, operator_bind):
    with pytest.raises(ConfigError, match="GATEWAY_OPERATOR_BIND"):
        make_wiring(operator_bind=operator_bind).config.operator_port  # noqa: B018


@pytest.mark.parametrize("operator_bind", ["", "10.0.0.7:8080"])
def test_metrics_have_a_port_of_their_own(make_wiring, operator_bind):
    bind = "127.0.0.1:8000" if operator_bind else "127.0.0.1:8080"
    config = make_wiring(bind=bind, operator_bind=operator_bind, health_port=8080).config

    with pytest.raises(ConfigError, match="HEALTH_PORT"):
        config.check_ports()


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


def test_a_first_look_that_hangs_holds_one_asker_and_no_others():
    hangs, go = threading.Event(), threading.Event()

    def check():
        hangs.set()
        go.wait()

    readiness = Readiness({"database": check})
    one = threading.Thread(target=readiness.state, daemon=True)
    one.start()
    assert hangs.wait(5)

    assert [readiness.state() for _ in range(20)] == [("starting", {})] * 20

    go.set()
    one.join()


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
