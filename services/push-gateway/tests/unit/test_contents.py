"""Contents: translations, templates, limits, and what each platform's provider is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.field_templates import RenderFailed
from contracts.push_gateway.contents import PushContent
from push_gateway.content import payloads
from push_gateway.content.advice import advice_of
from push_gateway.content.payloads import Push
from push_gateway.content.template import Rendered, Template
from push_gateway.domain.languages import chosen

CONTENT: dict[str, Any] = {
    "title": "Hello {{ first_name | default('you') }}",
    "body": "Your parcel is here",
    "translations": {"pl": {"title": "Cześć {{ first_name }}", "body": "Paczka czeka"}, "pt-BR": {"body": "Chegou"}},
    "url": "shop://parcels/{{ parcel }}",
}
OPENED = "https://wici.example/o/abc"


def pushed(**content: Any) -> Push:
    said = Rendered(content.get("title", ""), content.get("body", ""), content.get("url"))
    return Push("0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b41", content, said, OPENED)


def test_each_language_says_its_own_and_else_the_default() -> None:
    template = Template(CONTENT)
    anna = {"first_name": "Anna", "parcel": 7}

    assert template.variables == ["first_name", "parcel"]
    assert template.render(anna, "pl") == Rendered("Cześć Anna", "Paczka czeka", "shop://parcels/7")
    assert template.render(anna, "pt-BR") == Rendered("Hello Anna", "Chegou", "shop://parcels/7")
    assert template.render({"parcel": 7}) == Rendered("Hello you", "Your parcel is here", "shop://parcels/7")


@pytest.mark.parametrize(
    ("device", "translation"),
    [("pl", "pl"), ("pl-PL", "pl"), ("PL", "pl"), ("pt-BR", "pt-BR"), ("pt", None), ("de", None), (None, None)],
)
def test_a_device_gets_the_nearest_translation(device: str | None, translation: str | None) -> None:
    assert chosen(device, ("pl", "pt-BR")) == translation


@pytest.mark.parametrize(
    ("content", "field", "code"),
    [
        ({}, "body", "text.empty"),
        ({"title": "", "body": ""}, "body", "text.empty"),
        ({"body": "{{ oops"}, "body", "template.invalid"),
        (
            {"body": "a", "translations": {"pl": {"title": "{% include 'x' %}"}}},
            "translations.pl.title",
            "template.invalid",
        ),
    ],
)
def test_what_says_nothing_or_is_broken_is_not_taken(content: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(RenderFailed) as failed:
        Template(content)

    assert (failed.value.field, failed.value.code) == (field, code)


@pytest.mark.parametrize("parcel", ["", "java\tscript", "a b", "https://shop.example/\u202egpj.exe"])
def test_a_recipient_whose_address_to_open_is_none_is_refused(parcel: str) -> None:
    template = Template({"body": "x", "url": "{{ parcel }}"})

    with pytest.raises(RenderFailed):
        template.render({"parcel": parcel or "javascript:alert(1)"})


def test_fcm_gets_text_data_alone_and_android_its_settings() -> None:
    push = pushed(
        title="T", body="B", image="https://x.example/a.png", sound="ping", ttl_seconds=60, collapse_key="c",
        data={"order": "7"}, buttons=[{"id": "buy", "title": "Buy"}], url="shop://x",
    )  # fmt: skip

    message = payloads.fcm(push, "device")["message"]

    assert message["token"] == "device" and "topic" not in message
    assert message["notification"] == {"title": "T", "body": "B", "image": "https://x.example/a.png"}
    assert (message["android"]["ttl"], message["android"]["collapse_key"]) == ("60s", "c")
    assert message["android"]["notification"] == {"sound": "ping"}
    assert all(isinstance(value, str) for value in message["data"].values())
    assert (message["data"]["order"], message["data"]["wici_opened"]) == ("7", OPENED)
    assert payloads.fcm(push, "news", is_topic=True)["message"]["topic"] == "news"
    assert "topic" not in payloads.fcm(push, "topic:news")["message"], "what a device calls itself makes no topic"


def test_what_shows_nothing_has_no_notification_and_low_priority() -> None:
    push = pushed(data={"sync": "now"})

    fcm = payloads.fcm(push, "device")["message"]
    headers, _ = payloads.apns(push, "com.shop", 0)

    assert "notification" not in fcm and fcm["android"]["priority"] == "NORMAL"
    assert (headers["apns-push-type"], headers["apns-priority"], headers["apns-expiration"]) == ("background", "5", "0")
    assert payloads.web(push)[0]["Urgency"] == "low"


@given(st.text(min_size=1, max_size=64))
def test_keys_that_collapse_fit_every_platform(key: str) -> None:
    push = pushed(title="T", collapse_key=key)

    assert len(payloads.apns(push, "com.shop", 0)[0]["apns-collapse-id"].encode()) <= 64
    assert len(payloads.web(push)[0]["Topic"]) == 32


@given(st.integers(3_000, 4_500), st.sampled_from(["a", "ą", "🎉", '"']))
def test_what_a_platform_would_not_take_never_leaves(octets: int, character: str) -> None:
    push = pushed(body=character * (octets // len(character.encode())))

    for make, most in ((lambda: payloads.web(push)[1], payloads.WEB_MAX),
                       (lambda: payloads.apns(push, "x", 0)[1], payloads.APNS_MAX)):  # fmt: skip
        try:
            assert len(make()) <= most
        except RenderFailed as failed:
            assert failed.code == "text.too_long"


def test_advice_names_the_platforms_that_cut() -> None:
    figures, advice = advice_of({"title": "t" * 60, "body": "b"}, [])

    assert figures == {"title_characters": 60, "body_characters": 1}
    assert [one["code"] for one in advice] == ["push.title_cut"]
    assert "ios after 50" in advice[0]["detail"] and "android" not in advice[0]["detail"]


@pytest.mark.parametrize("key", ["aps", "from", "wici_x", "google.x", "1a", "a b"])
def test_data_cannot_take_the_platforms_own_keys(key: str) -> None:
    assert PushContent().validate({"data": {key: "x"}})
