"""Segments find people however their addresses and cities are written."""

from __future__ import annotations

import pytest

from contacts.usecases import segments

LIST = "email;telefon;miasto;id klienta\nG@x.example;600100801;ŁÓDŹ;İx\nb@żółw.example;;Gdańsk;K1\n;600100802;;k1\n"


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"field": "email", "op": "eq", "value": "G@X.Example"}, 1),
        ({"field": "email", "op": "in", "value": [" B@Żółw.example ", "nobody@x.example"]}, 1),
        ({"field": "email", "op": "ends_with", "value": "@X.EXAMPLE"}, 1),
        ({"field": "phone", "op": "eq", "value": "600 100 801"}, 1),
        ({"field": "phone", "op": "ne", "value": "0048 600-100-801"}, 2),
        ({"field": "phone", "op": "contains", "value": "100 80"}, 2),
        ({"field": "phone", "op": "contains", "value": "-"}, 0),
        ({"field": "city", "op": "eq", "value": "łódź"}, 1),
        ({"field": "city", "op": "eq", "value": "lodz"}, 0),
        ({"field": "city", "op": "eq", "value": "Lodz", "accents": False}, 1),
        ({"field": "city", "op": "in", "value": ["LODZ", "gdansk"], "accents": False}, 2),
        ({"field": "city", "op": "not_contains", "value": "GDAN", "accents": False}, 2),
        ({"field": "external_id", "op": "eq", "value": "İX"}, 1),
        ({"field": "external_id", "op": "eq", "value": "k1"}, 2),
    ],
)
def test_people_are_found_in_every_spelling(account, rule, found):
    account.import_file(LIST)

    assert account.call(segments.count, rules=rule)["count"] == found
