"""Campaign parameters in links: added where they are missing, and nothing else is touched."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.utm import NAMES, with_utm

UTM = {"source": "wici", "medium": "sms", "campaign": "lato & zima", "term": None, "content": ""}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://a.example", "https://a.example?utm_source=wici&utm_medium=sms&utm_campaign=lato%20%26%20zima"),
        ("https://a.example/x?y=1#z", "https://a.example/x?y=1&utm_source=wici&utm_medium=sms&utm_campaign=lato%20%26%20zima#z"),
        ("https://a.example/?utm_source=own", "https://a.example/?utm_source=own&utm_medium=sms&utm_campaign=lato%20%26%20zima"),
        ("https://a.example/?utm%5Fsource=", "https://a.example/?utm%5Fsource=&utm_medium=sms&utm_campaign=lato%20%26%20zima"),
        ("https://a.example/?a&", "https://a.example/?a&utm_source=wici&utm_medium=sms&utm_campaign=lato%20%26%20zima"),
        ("https://a.example/#?b", "https://a.example/?utm_source=wici&utm_medium=sms&utm_campaign=lato%20%26%20zima#?b"),
    ],
)  # fmt: skip
def test_parameters_stand_before_the_fragment_and_replace_none(target, expected):
    assert with_utm(target, UTM) == expected
    assert with_utm(expected, UTM) == expected
    assert with_utm(target, None) == with_utm(target, {}) == target


words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@given(
    st.dictionaries(st.sampled_from(NAMES), words),
    st.lists(st.tuples(st.sampled_from(["a", "utm_source", "utm_term"]), st.sampled_from(["", "1", "%26"]))),
    st.sampled_from(["", "#f", "#?utm_source=x"]),
)
def test_what_was_there_stays_and_the_rest_is_as_asked(utm, query, fragment):
    target = "https://a.example/p" + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else "")
    made = urlsplit(with_utm(target + fragment, utm))

    before = parse_qsl(urlsplit(target).query, keep_blank_values=True)
    after = parse_qsl(made.query, keep_blank_values=True)
    assert after[: len(before)] == before
    present = {name for name, _ in before}
    wanted = {f"utm_{name}": value for name, value in utm.items() if value and f"utm_{name}" not in present}
    assert dict(after[len(before) :]) == wanted
    assert made.fragment == fragment[1:] and made.path == "/p"
