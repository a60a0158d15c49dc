"""RPC: what the contracts name exists, with that signature, and somebody calls it."""

import importlib
import inspect
import re

import pytest
from system import SERVICES, all_sources, chassis_sources, rpc_methods

from api_gateway.routes import all_routes

SIGNATURE = ["self", "actor", "payload"]


def contract_of(service):
    return importlib.import_module(f"contracts.{service}").RPC


@pytest.mark.parametrize("service", SERVICES)
def test_methods_are_those_of_the_contract(service):
    assert set(rpc_methods(service)) == set(contract_of(service))


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_has_the_one_signature(service):
    for name, method in rpc_methods(service).items():
        assert list(inspect.signature(method).parameters) == SIGNATURE, f"{service}.{name}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_is_called_by_someone(service):
    routed = {route.rpc for route in all_routes()}
    text = "\n".join([*all_sources().values(), *chassis_sources()])
    uncalled = [
        name
        for name in contract_of(service)
        # The service's name may be filled in: `f"{channel}_gateway.prepare_content"`, `f"{service}.begin_upload"`.
        if f"{service}.{name}" not in routed and not re.search(rf"""(?:["']{service}|\}}|_gateway)\.{name}["']""", text)
    ]

    assert not uncalled


def test_every_call_goes_to_a_method_that_exists():
    known = {f"{service}.{name}" for service in SERVICES for name in contract_of(service)}
    pattern = re.compile(rf"""(?:rpc=|call\(\s*)["']((?:{"|".join(SERVICES)})\.[a-z_]+)["']""")
    called = {(path, call) for path, text in all_sources().items() for call in pattern.findall(text)}

    assert called
    assert {f"{path}: {call}" for path, call in called if call not in known} == set()
