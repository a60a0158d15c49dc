"""The units that a campaign's content takes, measured when it begins; what is due starts without that, too."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.usecases import content
from contracts.errors import Unavailable
from contracts.vocabulary import Channel

DRAFT: dict[str, Any] = {"channel": Channel.SMS, "sender": "Wici", "content": {"text": "{{ first_name }}"}}


class Neighbours:
    """Contacts and the channel: three units for whoever has a field, one for a text alone."""

    def __init__(self, *, has_sample: bool = True, tells_tried: bool = True) -> None:
        self.asked: list[str] = []
        self._has_sample, self._tells_tried = has_sample, tells_tried

    def __call__(self, name: str, payload: dict[str, Any], *, deadline: float = 5.0) -> Any:
        self.asked.append(name)
        if name == "contacts.check_fields":
            return {"unknown": []}
        if name == "contacts.sample_audience":
            if not self._has_sample:
                raise Unavailable("service.timeout")
            return {"contacts": [{"contact_id": "1", "fields": {"first_name": "Jan"}}], "complete": {}}
        tried = {"tried": len(payload["recipients"])} if self._tells_tried else {}
        units = 3 if any(payload["recipients"]) else 1
        return {"content_hash": "h", "variables": ["first_name"], "problems": [], "units": units, **tried}


@pytest.mark.parametrize(
    ("neighbours", "units"),
    [(Neighbours(), 3), (Neighbours(tells_tried=False), 3), (Neighbours(has_sample=False), 1)],
)
def test_a_content_is_measured_where_there_is_a_sample(neighbours: Neighbours, units: int) -> None:
    measured = content.prepare_measured(neighbours, **DRAFT, audience={"groups": ["1"]})

    assert (measured.content_hash, measured.units) == ("h", units)
    assert neighbours.asked.count("contacts.sample_audience") == 1


def test_variants_with_the_same_fields_share_one_sample() -> None:
    neighbours = Neighbours()
    asking = content.sampling_once(neighbours)
    for text in ("{{ first_name }}", "Cześć {{ first_name }}"):
        said = {"channel": Channel.SMS, "sender": "Wici", "content": {"text": text}}
        assert content.prepare_measured(asking, audience={}, **said).units == 3
    assert neighbours.asked.count("contacts.sample_audience") == 1
