"""Each row of docs/smpp-peers.md about an SMSC, played."""

from __future__ import annotations

import pytest
from peer_case import Case
from raw_carrier import played
from smsc_cases import SMSC_CASES

PLAYED = [case for case in SMSC_CASES if isinstance(case, Case)]


@pytest.mark.parametrize("case", PLAYED, ids=[case.does[:60] for case in PLAYED])
def test_an_smsc_that(case: Case) -> None:
    more = dict(case.more)
    played(more.pop("count", 0), case.play, **more)
