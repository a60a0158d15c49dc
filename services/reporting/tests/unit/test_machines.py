"""Who opens and clicks: people with their mail programs, and machines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.domain import acts, machines
from reporting.domain.acts import Act
from reporting.domain.folding import CLICKED, OPENED
from reporting.domain.machines import BURST, rule_of

SECOND = 1_000_000
# Mail programs, browsers and phones of people, as they name themselves.
PEOPLE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
    "Mozilla/5.0 (Linux; Android 14; CUBOT X70) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit SamsungBrowser/28.0 Chrome/130 Mobile Safari/537.36",
    "Outlook-Android/2.0",
    "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP2A)",
    "",
)


@pytest.mark.parametrize("rule", machines.RULES, ids=lambda rule: rule.name)
def test_each_rule_decides_its_example_and_names_its_source(rule: machines.Rule) -> None:
    assert rule_of(*rule.example) is rule
    assert rule.source and rule.fits(*rule.example)


def test_rules_have_one_name_each_that_is_no_burst() -> None:
    names = [rule.name for rule in machines.RULES]

    assert len({*names, BURST}) == len(names) + 1


@pytest.mark.parametrize("agent", PEOPLE)
def test_what_people_read_with_is_nobodys_machine(agent: str) -> None:
    assert rule_of(agent, "") is None


@pytest.mark.parametrize(
    ("agent", "rule"),
    [
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "crawler"),
        ("LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", "crawler"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "link-preview"),
        ("WhatsApp/2.24.1 A", "link-preview"),
        ("curl/8.5.0", "program"),
        ("Go-http-client/2.0", "program"),
        ("Python/3.12 aiohttp/3.9.1", "program"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36", "program"),
    ],
)
def test_known_machines(agent: str, rule: str) -> None:
    found = rule_of(agent, "")

    assert found is not None and found.is_machine and found.name == rule


@pytest.mark.parametrize(
    "request_", ["HEAD", "Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "X-Moz: prefetch"]
)
def test_what_says_that_it_only_looks_ahead_is_a_machines_whatever_its_name(request_: str) -> None:
    found = rule_of(PEOPLE[0], request_)

    assert found is not None and found.is_machine


def click(number: int, seconds: float, link: str | None = "a") -> Act:
    return Act(f"c{number}", CLICKED, round(seconds * SECOND), "desktop", link, None)


def opening(number: int, seconds: float) -> Act:
    return Act(f"o{number}", OPENED, round(seconds * SECOND), "desktop", None, None)


def judged(*done: Act) -> dict[str, str | None]:
    return {act.event_id: act.machine for act in acts.judged(done)}


def test_two_links_in_a_second_are_a_machines_and_the_opening_beside_them() -> None:
    verdicts = judged(opening(1, 99.5), click(1, 100, "a"), click(2, 101, "b"), click(3, 900, "b"), opening(2, 899))

    assert verdicts == {"o1": BURST, "c1": BURST, "c2": BURST, "c3": None, "o2": None}


def test_three_links_in_five_seconds_are_a_machines_and_two_are_not() -> None:
    assert judged(click(1, 0, "a"), click(2, 2.5, "b")) == {"c1": None, "c2": None}
    assert set(judged(click(1, 0, "a"), click(2, 2.5, "b"), click(3, 5, "c")).values()) == {BURST}


def test_one_link_again_and_again_is_a_persons_impatience() -> None:
    assert set(judged(*(click(number, number / 10) for number in range(8))).values()) == {None}


def test_a_click_without_the_picture_is_an_opening_too() -> None:
    clicked = acts.summary([click(1, 10)])
    opened_first = acts.summary([opening(1, 9), click(1, 10)])
    pictures_later = acts.summary([click(1, 10), opening(1, 11)])

    assert (clicked.opens, clicked.opened_at) == (1, 10 * SECOND)
    assert (opened_first.opens, opened_first.opened_at) == (1, 9 * SECOND)
    assert (pictures_later.opens, pictures_later.opened_at) == (2, 10 * SECOND)


def test_a_machines_acts_are_in_no_persons_figure() -> None:
    done = [opening(1, 1)._replace(machine="apple-mail-privacy"), click(1, 2)._replace(machine="head")]

    assert acts.summary(done) == acts.Summary(0, 0, 1, 1, None, None)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc"), st.booleans()), max_size=12),
    st.randoms(use_true_random=False),
)
def test_a_judgement_knows_no_order_and_is_never_taken_back(done, shuffle) -> None:
    """Judged one after another as they come, or all at once: the same; and a machine stays one."""
    all_of_it = [
        opening(n, at / 4)._replace(event_id=str(n)) if is_opening else click(n, at / 4, link)._replace(event_id=str(n))
        for n, (at, link, is_opening) in enumerate(done)
    ]
    shuffled = shuffle.sample(all_of_it, len(all_of_it))
    so_far: list[Act] = []
    for act in shuffled:
        before = {known.event_id for known in so_far if known.machine}
        so_far = acts.judged([*so_far, act])
        assert before <= {known.event_id for known in so_far if known.machine}

    assert {act.event_id: act.machine for act in so_far} == judged(*all_of_it)
