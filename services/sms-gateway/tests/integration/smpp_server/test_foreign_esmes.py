"""ESMEs of others send a few hundred messages and read their receipts: npm's smpp and PyPI's aiosmpplib."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from foreign_peers import npm_smpp, pypi_aiosmpplib
from smpp_partners import Running, stored

from chassis.database import Database

from .test_ends import end, on_disk

COUNT = 40


def run(
    command: Sequence[str], environ: Mapping[str, str], server: Running, base: Database, made: Any
) -> tuple[list[str], list[str]]:
    """The ids that it was answered with, and those whose receipts it has read."""
    with subprocess.Popen(
        [*command, str(server.port), made.system_id, made.password, str(COUNT)], env=dict(environ), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as peer:  # fmt: skip
        assert peer.stdout is not None and peer.stderr is not None
        line = peer.stdout.readline()
        assert line, peer.stderr.read()
        names = json.loads(line)
        end(base, names, made.account_id)
        told = json.loads(peer.stdout.readline())
        assert peer.wait(20) == 0
    return names, told


@pytest.mark.parametrize("whose", ["npm's smpp", "PyPI's aiosmpplib"])
def test_an_esme_of_others_sends_and_is_told(server: Running, base: Database, partner: Any, whose: str) -> None:
    command, environ = (npm_smpp("esme.mjs"), {}) if whose.startswith("npm") else pypi_aiosmpplib("esme.py")
    names, told = run(command, environ, server, base, partner(window=100))
    assert len(set(names)) == COUNT == on_disk(base, set(names))
    assert sorted(told) == sorted(names)
    assert {stored(base, name).text for name in names} == {"Hello", "Zażółć"}
