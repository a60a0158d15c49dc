"""One whole system for all end-to-end tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2] / "services/email-gateway/tests/integration"))  # for dns_peer
from browsing import browser, built, open_panel  # noqa: F401
from dns_peer import name_server
from whole_system import environ, journey, running_system  # noqa: F401

# The tests ask more, and fail more log-ins, than one address may: they come from many.
SETTINGS = {
    "GATEWAY_ADDRESS_RATE": "1000000",
    "GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8",
    # Webhooks lead to the tests' own receivers.
    "WEBHOOK_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture(scope="session")
def names():
    """The name server that email-gateway asks; it knows nothing but what a test tells it."""
    with name_server() as made:
        yield made


@pytest.fixture(scope="session")
def system(names):
    """Started once for all end-to-end tests, and ended after them."""
    with running_system("e2e", {**SETTINGS, "EMAIL_NAMESERVERS": names.address}) as started:
        yield started
