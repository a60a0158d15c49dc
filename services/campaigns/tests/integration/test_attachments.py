"""Files that a campaign's e-mails carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
import pytest

from contracts.errors import Conflict, Invalid, PlanLimit

from .test_files import upload

SENDER = {"from_email": "sklep@example.com", "from_name": "Sklep"}
CONTENT = {"subject": "Cennik", "html": "<a href='{{ unsubscribe_url }}'>x</a>"}


def mailing(owner: Any, *file_ids: str, **more: Any) -> Any:
    options = {"attachments": list(file_ids)}
    return owner.draft(100, channel="email", sender=SENDER, content=CONTENT, options=options, **more)


def test_they_are_attached_to_what_is_sent_and_stay_meanwhile(
    caller: Callable, email_channel: Any, dispatcher: Callable
) -> None:
    owner = caller()
    price_list, map_ = upload(owner, "cennik.pdf", b"%PDF-1.7"), upload(owner, "mapa.png", b"\x89PNG\r\n\x1a\n")
    campaign = mailing(owner, price_list["id"], map_["id"])
    assert campaign["options"] == {"attachments": [price_list["id"], map_["id"]]}

    owner("test_campaign", campaign_id=campaign["id"], addresses=["ala@example.com"])
    owner("schedule_campaign", campaign_id=campaign["id"])
    with pytest.raises(Conflict, match=r"file\.in_use"):
        owner("delete_file", file_id=map_["id"])
    dispatcher()
    owner.wait_for(campaign["id"], "sent")

    attached = [one.split(" ", 2) for one in owner.look()["asked"] if one.startswith("attach_files ")]
    assert {names for _, _, names in attached} >= {"['cennik.pdf', 'mapa.png']"}
    sent = orjson.loads(next(iter(next(iter(email_channel.bodies.values())))))
    assert sent["content_hash"] in {content_hash for _, content_hash, _ in attached}


def test_what_cannot_be_attached_is_refused(caller: Callable) -> None:
    owner, poor = caller(), caller(small_quota=True)
    large = [upload(owner, f"{number}.bin", bytes(3_000_000))["id"] for number in range(2)]

    def refused(ask: Callable[[], Any]) -> list[tuple[str, str]]:
        with pytest.raises(Invalid) as refused:
            ask()
        return [(error["field"], error["code"]) for error in refused.value.errors]

    def refusal(by: Any, *file_ids: str) -> list[tuple[str, str]]:
        return refused(lambda: by("schedule_campaign", campaign_id=mailing(by, *file_ids)["id"]))

    not_on_channel = [("options.attachments", "attachment.not_on_channel")]
    sms, options = owner.draft(), {"attachments": large}
    assert refused(lambda: owner.draft(options=options)) == not_on_channel
    assert refused(lambda: owner("update_campaign", campaign_id=sms["id"], options=options)) == not_on_channel

    assert refusal(owner, *large) == [("options.attachments", "attachment.too_large")]
    assert refusal(owner, large[0], str(uuid4())) == [("options.attachments.1", "file.not_found")]
    assert refusal(poor, large[0]) == [("options.attachments.0", "file.not_found")]
    of_poor = upload(poor, "a.txt", b"x")["id"]
    with pytest.raises(PlanLimit, match=r"plan\.feature_missing"):
        poor("schedule_campaign", campaign_id=mailing(poor, of_poor)["id"])
