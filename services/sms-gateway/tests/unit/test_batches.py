"""What comes from a lane is looked at before it comes near the ledger or a carrier."""

from __future__ import annotations

from typing import Any

import pytest

from channel.batches import Header, ensure_recipients
from contracts.vocabulary import Lane

ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11"
BATCH = {"batch_id": ID, "account_id": ID, "campaign_id": None, "send_id": ID, "content_hash": "h"}
RECIPIENT = {"number": 1, "contact_id": ID, "address": "+48600100200", "fields": {"a": [1]}}


@pytest.mark.parametrize("accepted_at", [float("inf"), float("nan"), -1, 1e300, "1e400"])
def test_a_time_that_is_none_is_refused(accepted_at: Any) -> None:
    with pytest.raises(ValueError, match="accepted_at"):
        Header({**BATCH, "accepted_at": accepted_at}, Lane.BULK)


@pytest.mark.parametrize("fields", ["x", [1], 7, True])
def test_fields_that_are_no_object_are_refused(fields: Any) -> None:
    with pytest.raises(ValueError, match="fields"):
        ensure_recipients([{**RECIPIENT, "fields": fields}])


def test_a_batch_as_agreed_is_taken() -> None:
    Header({**BATCH, "accepted_at": 1_795_000_000.5}, Lane.BULK)
    ensure_recipients([RECIPIENT, {**RECIPIENT, "number": 2, "fields": None}])
