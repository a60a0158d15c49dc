"""A/B tests through the service and the dispatcher: whatever is killed, nobody gets two variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from campaigns.domain import Split
from chassis.database import Database
from chassis.testing import wait_until
from contracts.errors import Conflict, Invalid, NotFound

AB_TEST = {
    "variants": [{"name": "A", "content": {"text": "Pierwszy"}}, {"name": "B", "sender": "INNY"}],
    "share_percent": 20,
    "metric": "clicks",
    "wait_minutes": 30,
}
FIGURES = {"sent": 100, "delivered": 100, "opened": 0, "unsubscribed": 0, "complained": 0}
CLEAR = [{**FIGURES, "clicked": 10}, {**FIGURES, "clicked": 40}]
TIED = [{**FIGURES, "clicked": 20}, {**FIGURES, "clicked": 20}]


def hashes(channel: Any) -> dict[int, set[str]]:
    """By number, the contents that came for it."""
    seen: dict[int, set[str]] = {}
    for bodies in list(channel.bodies.values()):
        for body in list(bodies):
            batch = orjson.loads(body)
            for recipient in batch["recipients"]:
                seen.setdefault(recipient["number"], set()).add(batch["content_hash"])
    return seen


def tell(owner: Any, variants: list[dict[str, int]]) -> None:
    owner.client.call("reporting.tell_variants", owner.actor, {"variants": variants})


def wait_for_stage(owner: Any, campaign_id: str, stage: str) -> Any:
    def reached() -> Any:
        progress = owner("get_campaign", campaign_id=campaign_id)["ab_progress"]
        return progress if progress and progress["stage"] == stage else None

    return wait_until(reached, timeout=60, what=f"stage {stage}")


def let_the_wait_be_over(database: Database, campaign_id: str) -> None:
    """Time is what the test is not about."""
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE campaigns SET tested_at = tested_at - interval '1 hour', look_at = now() - interval '1 second'"
                " WHERE id = :id AND tested_at IS NOT NULL"
            ),
            {"id": campaign_id},
        )


def variants_of(seen: Mapping[int, set[str]], split: Split) -> list[set[str]]:
    """The contents that each variant's numbers had."""
    contents: list[set[str]] = [set() for _ in range(split.variants)]
    for number, had in seen.items():
        variant = split.variant_of(number)
        if variant is not None:
            contents[variant] |= had
    return contents


@pytest.fixture
def running(dispatcher: Callable) -> Any:
    return dispatcher()


def test_best_variant_goes_to_the_rest_whatever_is_killed(
    caller: Callable, channel: Any, database: Database, running: Any
) -> None:
    owner, total, split = caller(), 2000, Split(2, 200)
    tell(owner, CLEAR)
    channel.holding.set()  # else the test may be over before anybody looks
    campaign_id = owner.scheduled(total, ab_test=AB_TEST)
    wait_for_stage(owner, campaign_id, "testing")
    channel.finish_held()
    running.kill()
    running.start().wait_ready()
    waiting = wait_for_stage(owner, campaign_id, "waiting")

    assert set(hashes(channel)) == set(range(1, split.tested + 1))
    assert waiting["recipients_each"] == split.each and waiting["winner"] is None
    let_the_wait_be_over(database, campaign_id)
    # The moment of choosing: it has asked for the figures, and may have written down who wins, or not yet.
    wait_until(lambda: f"count_variants {campaign_id}" in owner.look()["asked"], timeout=30, what="the question")
    running.kill()
    running.start().wait_ready()
    sent = owner.wait_for(campaign_id, "sent", timeout=90)

    seen = hashes(channel)
    assert set(seen) == set(range(1, total + 1)) and all(len(had) == 1 for had in seen.values())
    one, other = variants_of(seen, split)
    assert len(one) == len(other) == 1 and one != other
    assert {content for number in range(split.tested + 1, total + 1) for content in seen[number]} == other
    assert sent["ab_progress"]["winner"] == "B" and sent["ab_progress"]["chosen_by"] == "test"
    decision = sent["ab_progress"]["decision"]
    assert decision["outcome"] == "clear" and decision["p_value"] < 0.001 and decision["z"] > 3
    assert [one["rate"] for one in decision["variants"]] == [0.1, 0.4]
    assert sent["progress"]["to_come"] == 0


def test_tie_waits_for_a_person_or_takes_the_first(
    caller: Callable, channel: Any, database: Database, running: Any
) -> None:
    owner = caller()
    tell(owner, TIED)
    waits = owner.scheduled(1000, ab_test={**AB_TEST, "if_undecided": "wait"})
    goes_on = owner.scheduled(1000, ab_test=AB_TEST)
    for campaign_id in (waits, goes_on):
        wait_for_stage(owner, campaign_id, "waiting")
        let_the_wait_be_over(database, campaign_id)

    first = wait_for_stage(owner, goes_on, "decided")
    assert (first["winner"], first["chosen_by"]) == ("A", "rule") and first["decision"]["outcome"] == "tie"
    undecided = wait_for_stage(owner, waits, "undecided")
    assert undecided["winner"] is None and undecided["decision"]["best"] is None

    chosen = owner("choose_winner", campaign_id=waits, variant="B")["ab_progress"]
    assert (chosen["winner"], chosen["chosen_by"]) == ("B", owner.actor["user_id"])
    assert owner("choose_winner", campaign_id=waits, variant="B")["ab_progress"]["winner"] == "B"
    with pytest.raises(Conflict):
        owner("choose_winner", campaign_id=waits, variant="A")
    for campaign_id in (waits, goes_on):
        assert owner.wait_for(campaign_id, "sent")["progress"]["to_come"] == 0
    report = owner("get_variant_report", campaign_id=waits)
    assert [one["name"] for one in report["variants"]] == ["A", "B"] and report["test"]["winner"] == "B"
    with pytest.raises(NotFound):
        caller()("get_variant_report", campaign_id=waits)
    with pytest.raises(NotFound):
        caller()("choose_winner", campaign_id=waits, variant="A")


def test_winner_can_be_chosen_while_the_test_is_under_way(caller: Callable, channel: Any, running: Any) -> None:
    owner = caller()
    channel.holding.set()
    campaign_id = owner.scheduled(1000, ab_test=AB_TEST)
    wait_until(lambda: channel.held, what="some of the test")
    owner("choose_winner", campaign_id=campaign_id, variant="A")
    channel.finish_held()
    owner.wait_for(campaign_id, "sent")
    seen = hashes(channel)
    one, other = variants_of(seen, Split(2, 100))
    assert one != other and {content for number in range(201, 1001) for content in seen[number]} == one


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"share_percent": 1}, "ab_test.audience_too_small"),
        ({"variants": [{"name": "A"}, {"name": "B"}]}, "ab_test.variants_same"),
        ({"variants": [{"name": "A"}, {"name": "B", "sender": "MÓJBANK"}]}, "campaign.content_refused"),
    ],
)
def test_test_that_cannot_be_is_refused_at_scheduling(caller: Callable, change: dict[str, Any], code: str) -> None:
    owner = caller()
    campaign = owner.draft(1000, ab_test={**AB_TEST, **change})
    with pytest.raises(Invalid) as refused:
        owner("schedule_campaign", campaign_id=campaign["id"])
    assert refused.value.code == code


def test_test_is_kept_as_it_was_written(caller: Callable) -> None:
    owner = caller()
    campaign = owner.draft(1000, ab_test=AB_TEST)
    said = owner("get_campaign", campaign_id=campaign["id"])["ab_test"]
    assert said == {
        **AB_TEST,
        "if_undecided": "first",
        "variants": [
            {"name": "A", "sender": None, "content": {"text": "Pierwszy"}},
            {"name": "B", "sender": "INNY", "content": {}},
        ],
    }
    assert owner("duplicate_campaign", campaign_id=campaign["id"])["ab_test"] == said
    changed = owner("update_campaign", campaign_id=campaign["id"], ab_test=None)
    assert changed["ab_test"] is None and changed["ab_progress"] is None
    with pytest.raises(Invalid):
        owner("update_campaign", campaign_id=campaign["id"], ab_test={**AB_TEST, "metric": "opens"})
    with pytest.raises(NotFound, match="tests no variants"):
        owner("choose_winner", campaign_id=campaign["id"], variant="A")


def test_places_of_links_are_called_as_each_variant_calls_them(
    caller: Callable, email_channel: Any, dispatcher: Callable
) -> None:
    owner = caller()
    html = "<a href='{{ unsubscribe_url }}'>x</a>"
    mail = {"channel": "email", "sender": {"from_email": "sklep@example.com"}}
    variants = [{"name": name, "content": {"subject": name}} for name in ("Kup", "Zobacz")]
    plain = owner.scheduled(1000, **mail, content={"subject": "Hej", "html": html})
    tested = owner.scheduled(
        1000, **mail, content={"subject": "Hej", "html": html}, ab_test={**AB_TEST, "variants": variants}
    )
    draft = owner.draft(1000, **mail, content={"subject": "Hej", "html": html})["id"]

    def labels(campaign_id: str) -> list[str]:
        return list(owner("get_link_labels", campaign_id=campaign_id)["labels"])

    assert labels(plain) == ["Hej", "Wypisz"]
    assert labels(draft) == labels(owner.scheduled()) == []
    dispatcher()
    wait_until(lambda: labels(tested) == ["Kup / Zobacz", "Wypisz"], timeout=60, what="both variants' words")
