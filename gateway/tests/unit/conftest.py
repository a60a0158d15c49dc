"""The gateway over an API of a few things; a module of tests with routes of its own has a `client` of its own."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import things


@pytest.fixture
def client(make_client):
    return make_client(things.ROUTES)


@pytest.fixture
def writer(log_in):
    return log_in(permissions=["contacts"])
