"""One whole system, with the limits that an installation has, for those who attack it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from whole_system import environ, journey, running_system  # noqa: F401

# What comes from many addresses says so in X-Forwarded-For; each of them has the limits of an installation.
# No process may have more memory than deploy/compose.yaml gives it: one that grows fails here, as it would there.
SETTINGS = {
    "GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8",
    "GATEWAY_REGISTRATION_RATE": "60",
    "WICI_PROCESS_MEMORY_MB": "1024",
}


@pytest.fixture(scope="session")
def system():
    """Started once for all abuse tests, and ended after them."""
    with running_system("abuse", SETTINGS) as started:
        yield started
