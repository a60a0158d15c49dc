"""Which carrier a message leaves by."""

from collections import Counter
from uuid import UUID, uuid4

from contracts.vocabulary import Lane
from sms_gateway.domain.networks import network_of
from sms_gateway.domain.prices import Amount
from sms_gateway.domain.routing import Router, RouteRule

A, B, C = uuid4(), uuid4(), uuid4()
ACCOUNT = str(uuid4())


def _phone_of(network: str) -> str:
    """A number in a range of the network."""
    return next(phone for phone in (f"+48{start}000000" for start in range(500, 900)) if network_of(phone) == network)


def choose(
    router: Router, address: str = "+48600100200", *, up: set[UUID], number: int = 0, lane: Lane = Lane.BULK
) -> UUID | None:
    return router.choose(address, ACCOUNT, lane, number, up.__contains__)


def test_the_longest_prefix_wins_and_the_others_are_its_fail_over() -> None:
    router = Router([RouteRule(A), RouteRule(B, "+48"), RouteRule(C, "+4860", priority=900)])
    assert choose(router, up={A, B, C}) == C
    assert choose(router, up={A, B}) == B
    assert choose(router, up={A}) == A
    assert choose(router, up=set()) is None
    assert choose(router, "+49600100200", up={A, B, C}) == A


def test_shares_spread_the_traffic_and_the_priority_is_kept() -> None:
    router = Router([RouteRule(A, share=3), RouteRule(B, share=1), RouteRule(C, priority=200)])
    spread = Counter(choose(router, up={A, B, C}, number=number) for number in range(400))
    assert spread == {A: 300, B: 100}
    assert {choose(router, up={B, C}, number=number) for number in range(10)} == {B}
    assert choose(router, up={C}) == C


def test_lanes_and_accounts_have_routes_of_their_own() -> None:
    router = Router(
        [RouteRule(A), RouteRule(B, lane="otp", priority=1), RouteRule(C, account_id=str(uuid4()), priority=0)]
    )
    assert choose(router, up={A, B, C}, lane=Lane.OTP) == B
    assert choose(router, up={A, B, C}) == A


def test_a_network_has_routes_of_its_own_within_a_prefix() -> None:
    router = Router(
        [RouteRule(A), RouteRule(B, network="pl.t-mobile", priority=900), RouteRule(C, "+4860", priority=1)]
    )
    assert choose(router, up={A, B, C}) == C
    assert choose(router, up={A, B}) == B
    assert choose(router, "+48790000000", up={A, B, C}) == A
    assert choose(router, up={A}) == A


def test_by_cost_the_cheapest_carrier_that_is_up_takes_the_message() -> None:
    costs = {
        (A, "pl.play"): Amount(7, 1), (B, "pl.play"): Amount(650, 100), (A, "pl.plus"): Amount(5, 1),
        (B, "pl.plus"): Amount(5, 1),
    }  # fmt: skip
    router = Router(
        [RouteRule(C, by_cost=True), RouteRule(A, by_cost=True, share=3), RouteRule(B, by_cost=True)],
        lambda carrier_id, place: costs.get((carrier_id, place)),
    )
    play, plus = _phone_of("pl.play"), _phone_of("pl.plus")

    assert choose(router, play, up={A, B, C}) == B  # 6.5 for a part
    assert choose(router, play, up={A, C}) == A
    assert choose(router, play, up={C}) == C  # nobody has said what it costs
    assert Counter(choose(router, plus, up={A, B, C}, number=number) for number in range(400)) == {A: 300, B: 100}


def test_routes_by_cost_come_before_others_of_their_priority_and_behind_lower_numbers() -> None:
    rules = [RouteRule(A), RouteRule(B, by_cost=True), RouteRule(C, priority=1)]
    router = Router(rules, lambda _carrier_id, _place: Amount(1, 1))
    assert choose(router, up={A, B, C}) == C
    assert choose(router, up={A, B}) == B
    assert choose(router, up={A}) == A
