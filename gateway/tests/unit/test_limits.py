"""Rate limits: never more than the limit, over any number of workers."""

import pytest

from api_gateway.limits import RateLimiter
from contracts.errors import TooManyRequests


class SharedWindows:
    """The database's rule, in memory: grants shrink with what is left and never pass the limit."""

    def __init__(self):
        self.leased = {}
        self.questions = 0
        self.down = False

    def __call__(self, subject, start, wanted, limit):
        self.questions += 1
        if self.down:
            raise ConnectionError
        leased = self.leased.get((subject, start), 0)
        if leased >= limit:
            return 0, 0
        granted = max(1, min(wanted, (limit - leased) // 8)) if leased else wanted
        self.leased[subject, start] = leased + granted
        return granted, limit - leased - granted


def spend_all(limiters, limit, subject="account:a"):
    done, turn = 0, 0
    refused = set()
    while len(refused) < len(limiters):
        limiter = limiters[turn % len(limiters)]
        turn += 1
        try:
            limiter.spend(subject, limit)
            done += 1
            refused.discard(limiter)
        except TooManyRequests:
            refused.add(limiter)
    return done


@pytest.mark.parametrize("limit", [1, 2, 7, 100, 6000])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_exactly_the_limit_over_all_workers(limit, workers):
    shared = SharedWindows()
    limiters = [RateLimiter(shared, clock=lambda: 30.0) for _ in range(workers)]

    assert spend_all(limiters, limit) == limit


def test_few_questions_to_the_database():
    shared = SharedWindows()

    spend_all([RateLimiter(shared, clock=lambda: 30.0)], 6000)

    assert shared.questions < 120


def test_refusal_says_when_to_come_back_and_asks_the_database_once():
    shared = SharedWindows()
    limiter = RateLimiter(shared, clock=lambda: 75.0)
    limiter.spend("key:k", 1)

    for _ in range(5):
        with pytest.raises(TooManyRequests) as raised:
            limiter.spend("key:k", 1)

    assert raised.value.extra == {"retry_after": 45, "limit": 1}
    assert shared.questions == 2


def test_new_window_begins_anew():
    now = [30.0]
    limiter = RateLimiter(SharedWindows(), clock=lambda: now[0])
    limiter.spend("key:k", 1)
    now[0] = 60.0

    assert limiter.spend("key:k", 1).remaining == 0


def test_without_the_database_each_worker_counts_alone():
    shared = SharedWindows()
    shared.down = True

    assert spend_all([RateLimiter(shared, clock=lambda: 30.0)], 10) == 10


def test_no_limit_is_no_question():
    shared = SharedWindows()

    RateLimiter(shared).spend("key:k", 0)

    assert shared.questions == 0
