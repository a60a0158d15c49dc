"""Each row of docs/smpp-peers.md about an ESME, played against a server that others are bound to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from esme_cases import ESME_CASES
from peer_case import Case
from smpp_partners import Partner, Running, a_partner, bound
from smpp_peer import Peer

from chassis.database import Database
from sms_gateway.smpp.constants import Status

PLAYED = [case for case in ESME_CASES if isinstance(case, Case)]


@pytest.fixture(scope="module")
def made(base: Database) -> Partner:
    return a_partner(base, max_binds=50)  # of a bind that has ended the server tells a second later


@pytest.fixture(scope="module")
def beside(server: Running, base: Database) -> Iterator[Peer]:
    """Somebody who does nothing wrong."""
    with bound(server, a_partner(base)) as peer:
        yield peer


@pytest.mark.parametrize("case", PLAYED, ids=[case.does[:60] for case in PLAYED])
def test_an_esme_that(server: Running, made: Partner, beside: Peer, case: Case) -> None:
    with bound(server, made) as peer:
        case.play(peer, made)
        if not case.more.get("ends"):
            assert peer.submit().status == Status.OK
    assert beside.submit().status == Status.OK
