"""`If-Match` as clients and strangers write it: strong tags of our length, and nothing raises."""

from __future__ import annotations

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from api_gateway import etags
from contracts.etags import TAG_LENGTH

OURS = "a" * TAG_LENGTH


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, None), ("*", None), (f'"{OURS}"', [OURS]), (f'"x", "{OURS}"', [OURS]), (f'W/"{OURS}"', []),
        ('""', []), ('"", W/"}O", W/"w<j?R"', []), ("0" * 5000, []), (", ,", []), ('"', []),
    ],
)  # fmt: skip
def test_only_strong_tags_that_could_be_ours_are_compared(header: str | None, tags: list[str] | None) -> None:
    headers = {} if header is None else {"If-Match": header}
    assert etags.wanted(Request(EnvironBuilder(headers=headers).get_environ())) == tags
