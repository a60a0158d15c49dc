"""Ports of tests: kept by who got them, and never one that a connection may take meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from chassis.testing import free_port

TAKE = "from chassis.testing import free_port; print(*(free_port() for _ in range(200)), flush=True); input()"


def test_a_port_is_given_to_one_test_run_only_and_is_none_that_a_connection_takes():
    with subprocess.Popen(
        [sys.executable, "-c", TAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        ports = [int(port) for port in other.stdout.readline().split()] + [free_port() for _ in range(200)]
        other.communicate("\n")

    least_of_a_connection = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len(set(ports)) == 400
    assert max(ports) < least_of_a_connection
