"""The part of `make demo` that tests two subjects of an e-mail on some, and sends the better one to the rest."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api import poll
from journey import Journey

PEOPLE, SHARE_PERCENT = 600, 50
SUBJECTS = {"Rabat": "{{ first_name }}, 20% taniej do niedzieli", "Pytanie": "Czego brakuje Twojej jesieni?"}


def people(journey: Journey, contacts: Path) -> str:
    """The first of a list as a group of their own; returns its id."""
    with TemporaryDirectory() as folder, contacts.open("rb") as lines:
        few = Path(folder, "pierwsi.csv")
        few.write_bytes(b"".join(islice(lines, PEOPLE + 1)))
        return str(journey.import_contacts(few, group="Test A/B")["group_ids"][0])


def draft(journey: Journey, group_id: str) -> str:
    """The campaign's id. The least that the winner waits is half an hour: in the demo a person chooses before."""
    campaign_id = journey.email_campaign(group_id, name="Test A/B tematu")
    test = {
        "variants": [{"name": name, "content": {"subject": subject}} for name, subject in SUBJECTS.items()],
        "share_percent": SHARE_PERCENT, "metric": "opens", "wait_minutes": 30,
    }  # fmt: skip
    journey.api.patch(f"/v1/campaigns/{campaign_id}", {"ab_test": test})
    return campaign_id


def wait_tested(journey: Journey, campaign_id: str) -> None:
    """Until the channel has had the last mail of the test, and what became of each is known."""
    poll(
        lambda: journey.campaign(campaign_id),
        lambda one: bool((one["ab_progress"] or {}).get("tested_at")),
        seconds=600,
    )
    poll(
        lambda: figures(journey, campaign_id),
        lambda told: sum(one["delivered"] for one in told) >= 0.8 * PEOPLE * SHARE_PERCENT / 100 / 2,
        seconds=600,
    )


def wait_opened(journey: Journey, campaign_id: str) -> list[dict[str, Any]]:
    """The variants' figures, once there are opens of each."""
    return poll(lambda: figures(journey, campaign_id), lambda told: all(one["opened"] for one in told), seconds=120)


def figures(journey: Journey, campaign_id: str) -> list[dict[str, Any]]:
    return list(journey.api.get(f"/v1/campaigns/{campaign_id}/report/variants")["variants"])


def choose_best(journey: Journey, campaign_id: str) -> str:
    """The rest gets the variant with the highest rate; returns its name."""
    best = max(figures(journey, campaign_id), key=lambda one: one["rate"] or 0.0)["name"]
    journey.api.post(f"/v1/campaigns/{campaign_id}/winner", {"variant": best})
    return str(best)
