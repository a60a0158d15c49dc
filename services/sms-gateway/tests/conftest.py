"""Fixtures on real servers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for raw_carrier, tls_peer

pytest_plugins = ["chassis.testing"]
