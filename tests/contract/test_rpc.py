"""RPC: what the contracts name exists, with that signature, and somebody calls it."""

import fnmatch
import importlib
import inspect
import re
from functools import cache
from itertools import islice

import pytest
from system import SERVICES, all_sources, calls, chassis_sources, rpc_methods, words

from api_gateway.routes import all_routes
from contracts.channel import CHANNELS

SIGNATURE = ["self", "actor", "payload"]
# What takes an RPC's name to call it; None is what another call gave: `desk.ask_for(one)("contacts.read_audience", …)`.
ASKING = {"call", "_call", "ask", "_ask", "stream", "_tolerate_absence", "_confirmation", "_trail", None}
NAME = re.compile(rf"(?:{'|'.join(SERVICES)}|\*)\.[a-z_]+")


def contract_of(service):
    return importlib.import_module(f"contracts.{service}").RPC


@pytest.mark.parametrize("service", SERVICES)
def test_methods_are_those_of_the_contract(service):
    assert set(rpc_methods(service)) == set(contract_of(service))


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_has_the_one_signature(service):
    for name, method in rpc_methods(service).items():
        assert list(inspect.signature(method).parameters) == SIGNATURE, f"{service}.{name}"


@cache
def called():
    """Where each RPC is called, by its name; `CHANNELS[channel].call("prepare_content")` calls every channel's."""
    found = {}
    for path, text in {**all_sources(), **chassis_sources()}.items():
        for callee, arguments in calls(text):
            if callee in ASKING:
                names = filter(NAME.fullmatch, (word for one in arguments for word in words(one)))
                for name in islice(names, 1):  # what follows is none: a file's name, a permission
                    found.setdefault(name, set()).add(path)
            if callee == "call" and len(arguments) == 1:
                for method in filter(str.isidentifier, words(arguments[0])):
                    for channel in CHANNELS.values():
                        found.setdefault(channel.call(method), set()).add(path)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_is_called_by_someone(service):
    routed = {route.rpc for route in all_routes()}
    names = {f"{service}.{method}" for method in contract_of(service)}

    assert {name for name in names - routed if not any(fnmatch.fnmatch(name, one) for one in called())} == set()


def test_every_call_goes_to_a_method_that_exists():
    known = {f"{service}.{method}" for service in SERVICES for method in contract_of(service)}

    assert {name: paths for name, paths in called().items() if not fnmatch.filter(known, name)} == {}
    assert {path.split("/")[0] for paths in called().values() for path in paths} == {"gateway", "libs", "services"}
