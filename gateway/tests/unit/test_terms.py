"""What whoever registers may read first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chassis.config import ConfigError

TERMS = "https://wici.example/terms"


def test_anybody_sees_where_the_terms_are(make_client: Callable[..., Any], services: Any) -> None:
    answer = make_client(terms_url=TERMS).get("/v1/terms")

    assert (answer.status_code, answer.json) == (200, {"terms_url": TERMS, "privacy_url": None})
    assert not services.asked("identity.get_account")


@pytest.mark.parametrize("url", ["wici.example/terms", "javascript:alert(1)", "/terms"])
@pytest.mark.parametrize("name", ["terms_url", "privacy_url"])
def test_what_is_no_page_of_the_web_is_a_mistake_at_the_start(
    make_wiring: Callable[..., Any], name: str, url: str
) -> None:
    with pytest.raises(ConfigError, match=f"GATEWAY_{name.upper()}"):
        make_wiring(**{name: url}).config.check_addresses()
