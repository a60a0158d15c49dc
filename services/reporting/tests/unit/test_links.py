"""Links by their place: one for all recipients, and nobody's values in it."""

from __future__ import annotations

import pytest

from reporting.domain.links import place_of, public_form

CAMPAIGN = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11"


def test_a_numbered_link_is_one_place_whoever_clicked_it() -> None:
    places = {
        place_of(f"https://sklep.example/?code={code}", CAMPAIGN, 3, "https://sklep.example/?code=…") for code in "abc"
    }

    assert [(place.url, place.number) for place in places] == [("https://sklep.example/?code=…", 3)]


def test_two_links_to_the_same_page_are_two_places() -> None:
    same = "https://sklep.example/"

    assert place_of(same, CAMPAIGN, 0, same).link_id != place_of(same, CAMPAIGN, 1, same).link_id
    assert place_of(same, CAMPAIGN, 0, same).link_id != place_of(same, CAMPAIGN[::-1], 0, same).link_id


@pytest.mark.parametrize(
    ("target", "public"),
    [
        ("https://sklep.example/zima?imie=Anna&kod=X1#góra", "https://sklep.example/zima"),
        ("https://sklep.example/k/ABC123/nowe", "https://sklep.example/k/…/nowe"),
        ("https://ala:haslo@sklep.example:8443/a@b.pl", "https://sklep.example:8443/…"),
        ("https://sklep.example", "https://sklep.example/"),
        ("https://sklep.example/" + "x" * 41, "https://sklep.example/…"),
        ("http://[broken", "…"),
        ("mailto:ala@example.com", "…"),
    ],
)
def test_an_older_link_is_known_by_what_is_nobodys(target: str, public: str) -> None:
    assert public_form(target) == public
    assert public_form(public) == public
    assert place_of(target, CAMPAIGN, None, None).url == public
