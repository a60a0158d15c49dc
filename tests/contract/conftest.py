"""Lets the guard tests import what lies beside them (`system`), and those that need servers have them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

pytest_plugins = ["chassis.testing"]
