"""Whole systems of tests that run side by side: whatever offsets they take, they have no port in common."""

import sys
from itertools import permutations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4] / "tests"))
from environment import PORTS, base
from whole_system import NAMES, SHIFT, STEP, ports_of_a_system, without_settings


def test_systems_side_by_side_have_no_port_in_common():
    ports = ports_of_a_system()
    apart = {(one - another) % STEP for one in ports for another in ports}
    for one, another in permutations(range(len(NAMES)), 2):
        assert (another - one) * SHIFT % STEP not in apart


def test_no_address_of_the_system_around_reaches_a_system_of_tests():
    around = base()
    ports = {around[name] for name in PORTS}

    handed_on = without_settings(around)

    assert {name for name, value in handed_on.items() if any(f":{port}" in value for port in ports)} == set()
