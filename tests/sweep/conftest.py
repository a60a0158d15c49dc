"""One whole system for the sweep of the API, which changes carriers, routes and plans: they are everybody's there."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from whole_system import environ, journey, running_system  # noqa: E402, F401

# The sweep asks more, and fails more log-ins, than one address may: it comes from many.
SETTINGS = {
    "GATEWAY_ADDRESS_RATE": "1000000",
    "GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8",
}


@pytest.fixture(scope="session")
def system():
    """Started once for the sweep, and ended after it."""
    with running_system("sweep", SETTINGS) as started:
        yield started
