"""What identity's calls take, where the schemas of the contracts alone decide."""

from __future__ import annotations

import pytest

from contracts.errors import Invalid
from contracts.identity import RPC


@pytest.mark.parametrize("written", ["business\x00", "business\ud800"])
def test_a_path_that_no_database_can_hold_is_refused(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        RPC["update_plan"].load({"code": written, "reason": "Spring campaign"})

    assert [error["field"] for error in refused.value.errors] == ["code"]
