"""Fixtures on real servers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for keys_of_tests

pytest_plugins = ["chassis.testing"]
