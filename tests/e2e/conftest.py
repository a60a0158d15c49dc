"""One whole system for all end-to-end tests."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent / "sweep")]
from whole_system import environ, journey, running_system  # noqa: E402, F401

# The sweep asks more, and fails more log-ins, than one address may: it comes from many.
SETTINGS = {
    "GATEWAY_ADDRESS_RATE": "1000000",
    "GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8",
    # Webhooks lead to the tests' own receivers.
    "WEBHOOK_NETWORKS": "127.0.0.0/8",
}


def pytest_collection_modifyitems(items):
    """The sweep changes carriers, routes and plans, which are everybody's: nothing comes after it."""
    items.sort(key=lambda item: item.path.name == "test_openapi.py")


@pytest.fixture(scope="session")
def system():
    """Started once for all end-to-end tests, and ended after them."""
    with running_system("e2e", SETTINGS) as started:
        yield started
