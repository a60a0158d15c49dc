"""Every figure that the API tells stands in `docs/metrics.md`, in the part that is about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import marshmallow
import pytest
from marshmallow import fields

from contracts.campaigns import RPC as CAMPAIGNS
from contracts.money import Money
from contracts.reporting import RPC as REPORTING

PARTS = re.split(r"^## ", (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8"), flags=re.MULTILINE)
# Who is asked, and the parts in which what they answer is told of.
_REPORT = ("Counts", "Rates", "Broken down", "Progress")
ANSWERS = {
    **dict.fromkeys(("get_report", "list_rates", "compare_reports", "get_report_links", "get_report_timeline",
                     "get_statistics"), _REPORT),
    "list_traffic": ("Counts",),
    "count_variants": ("Tests",),
    "get_variant_report": ("Tests",),
    "get_progress": ("Progress",),
    "get_campaign_steps": ("Steps", "Progress"),
    "count_chains": ("Steps",),
}  # fmt: skip
# Numbers that count nothing.
PLACES = {"number", "place", "weekday", "hour"}
RPC = {**REPORTING, **CAMPAIGNS}


def figures(schema: type[marshmallow.Schema]) -> Iterator[str]:
    for name, field in schema().fields.items():
        while isinstance(field, fields.List):
            field = field.inner
        if isinstance(field, fields.Integer | fields.Float) or (
            isinstance(field, fields.Dict) and isinstance(field.value_field, fields.Integer)
        ):
            yield name
        elif isinstance(field, fields.Nested):
            if field.schema.__class__ is Money:
                yield name
            else:
                yield from figures(field.schema.__class__)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_figure_is_told_of(name: str) -> None:
    response = RPC[name].response
    assert response is not None
    told = set(re.findall(r"`([a-z_]+)`", "".join(part for part in PARTS if part.startswith(ANSWERS[name]))))

    assert set(figures(response)) - PLACES - told == set()


def test_every_answer_of_reporting_that_counts_messages_is_looked_at() -> None:
    """A new report is to be told of, too."""
    counting = {
        name
        for name, call in REPORTING.items()
        if call.response is not None and {"delivered", "unique_clicks"} & set(figures(call.response))
    }
    assert counting <= set(ANSWERS)
