"""A campaign through two outbound processes, one of which is killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from channel.testing import Heard
from chassis.ids import new_id
from chassis.testing import RunningProcess, wait_until

from .conftest import Peer, Shop


def test_a_campaign_goes_on_where_one_of_two_processes_is_killed(
    launch_outbound: Callable[..., RunningProcess], whatsapp: Peer, shop: Shop, heard: Heard
) -> None:
    """Everybody gets one message, nobody two; who got none was claimed at that moment, and is unknown."""
    whatsapp.call("/settings", {"delay": 0.02, "reads": False})
    phones = [f"+48601{number:06d}" for number in range(300)]
    first, _second = launch_outbound(OTT_CLAIM_AHEAD="120"), launch_outbound(OTT_CLAIM_AHEAD="120")
    send_id = new_id()
    batches = [shop.send(phones[start : start + 100], first=start + 1, send_id=send_id) for start in range(0, 300, 100)]
    wait_until(lambda: len(whatsapp.messages(*phones)) > 50, what="the campaign to be under way")
    first.kill()

    wait_until(lambda: all(batch in heard.done for batch, _ in batches), what="all batches' ends", timeout=60)
    got = Counter(one["to"] for one in whatsapp.messages(*phones))
    states = dict(shop.rows("SELECT address, state FROM ledger WHERE account_id = :account"))
    unknown = {phone for phone, state in states.items() if state == "unknown"}
    assert set(got.values()) == {1} and set(states) == set(phones)
    assert {phone for phone in phones if phone not in got} <= unknown
