"""One whole system for all end-to-end tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from browsing import browser, built, open_panel  # noqa: F401
from whole_system import environ, journey, running_system  # noqa: F401

# The tests ask more, and fail more log-ins, than one address may: they come from many.
SETTINGS = {
    "GATEWAY_ADDRESS_RATE": "1000000",
    "GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8",
    # Webhooks lead to the tests' own receivers.
    "WEBHOOK_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture(scope="session")
def system():
    """Started once for all end-to-end tests, and ended after them."""
    with running_system("e2e", SETTINGS) as started:
        yield started
