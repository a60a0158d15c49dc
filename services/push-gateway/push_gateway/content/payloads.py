"""What each platform's provider is sent: FCM HTTP v1, APNs, and browsers' push services (RFC 8030)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from channel.field_templates import RenderFailed
from contracts.vocabulary import ContentFailure
from push_gateway.content.template import Rendered

# Octets of a payload: of FCM and APNs as they are sent; of a browser's before it is encrypted, so that the record of
# 4,096 octets (RFC 8291, section 4) holds it with header, tag and delimiter.
FCM_MAX = APNS_MAX = 4_096
WEB_MAX = 3_993
DEFAULT_TTL = 259_200  # seconds: three days, as long as any channel tries


@dataclass(frozen=True, slots=True)
class Push:
    """One message for one language: what the platforms' payloads are made of.

    :ivar opened_url: where the application says that the person has opened it.
    """

    message_id: str
    content: Mapping[str, Any]
    rendered: Rendered
    opened_url: str

    @property
    def is_silent(self) -> bool:
        return bool(self.content.get("silent")) or not (self.rendered.title or self.rendered.body)

    @property
    def ttl(self) -> int:
        ttl = self.content.get("ttl_seconds")
        return DEFAULT_TTL if ttl is None else int(ttl)

    @property
    def own(self) -> dict[str, Any]:
        """What our SDKs read beside the text."""
        found = {"id": self.message_id, "opened": self.opened_url, "url": self.rendered.url}
        if self.content.get("buttons"):
            found["buttons"] = self.content["buttons"]
        return {name: value for name, value in found.items() if value}


def fcm(push: Push, to: str, *, is_topic: bool = False) -> dict[str, Any]:
    """The body of `projects.messages.send`.

    https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages

    :param to: the token of a device, or of a topic its name. :raises RenderFailed: it is too much.
    """
    content = push.content
    own = {f"wici_{name}": _word(value) for name, value in push.own.items()}
    message: dict[str, Any] = {
        "data": {**(content.get("data") or {}), **own},
        "android": {
            "priority": "NORMAL" if push.is_silent else "HIGH",
            "ttl": f"{push.ttl}s",
            "direct_boot_ok": False,
        },
    }
    if collapse := content.get("collapse_key"):
        message["android"]["collapse_key"] = collapse
    if not push.is_silent:
        shown = {"title": push.rendered.title, "body": push.rendered.body, "image": content.get("image")}
        message["notification"] = {name: value for name, value in shown.items() if value}
        if sound := content.get("sound"):
            message["android"]["notification"] = {"sound": sound}
    _ensure_fits(orjson.dumps([message["data"], message.get("notification")]), FCM_MAX)
    message["topic" if is_topic else "token"] = to
    return {"message": message}


def apns(push: Push, topic: str, expires_at: int) -> tuple[dict[str, str], bytes]:
    """Headers and payload of a notification.

    https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns

    :param expires_at: Unix seconds; 0: APNs tries once and keeps nothing. :raises RenderFailed: it is too much.
    """
    content = push.content
    aps: dict[str, Any] = {}
    if push.is_silent:
        aps["content-available"] = 1
    else:
        aps["alert"] = {
            name: value for name, value in (("title", push.rendered.title), ("body", push.rendered.body)) if value
        }
        if sound := content.get("sound"):
            aps["sound"] = sound
        if content.get("image") or content.get("buttons"):
            aps["mutable-content"] = 1
    own = {**push.own, **({"image": content["image"]} if content.get("image") else {})}
    body = orjson.dumps({**(content.get("data") or {}), "aps": aps, "wici": own})
    _ensure_fits(body, APNS_MAX)
    headers = {
        "apns-topic": topic,
        "apns-id": push.message_id,
        "apns-push-type": "background" if push.is_silent else "alert",
        "apns-priority": "5" if push.is_silent else "10",
        "apns-expiration": str(expires_at),
    }
    if collapse := content.get("collapse_key"):
        headers["apns-collapse-id"] = _short(collapse, 64)
    return headers, body


def web(push: Push) -> tuple[dict[str, str], bytes]:
    """Headers (RFC 8030) and payload, not yet encrypted, of a browser's message, as our service worker reads it.

    :raises RenderFailed: it is too much.
    """
    content = push.content
    said = {
        "title": push.rendered.title, "body": push.rendered.body, "image": content.get("image"),
        "silent": push.is_silent, "tag": content.get("collapse_key"), "data": content.get("data"), **push.own,
    }  # fmt: skip
    body = orjson.dumps({name: value for name, value in said.items() if value})
    _ensure_fits(body, WEB_MAX)
    headers = {"TTL": str(push.ttl), "Urgency": "low" if push.is_silent else "high"}
    if collapse := content.get("collapse_key"):
        digest = hashlib.sha256(collapse.encode()).digest()[:24]
        headers["Topic"] = base64.urlsafe_b64encode(digest).decode()  # 32 characters: RFC 8030, section 5.4
    return headers, body


def _word(value: Any) -> str:
    """FCM's data are texts."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _short(key: str, most: int) -> str:
    """A key of at most so many octets, and the same for the same key."""
    return key if len(key.encode()) <= most else hashlib.sha256(key.encode()).hexdigest()[:most]


def _ensure_fits(body: bytes, most: int) -> None:
    if len(body) > most:
        detail = f"It takes {len(body)} octets; a device gets at most {most}."
        raise RenderFailed("body", ContentFailure.TEXT_TOO_LONG, detail)


def ensure_fits(content: Mapping[str, Any], rendered: Rendered) -> None:
    """:raises RenderFailed: a platform would refuse it for its size."""
    push = Push(str(UUID(int=0)), content, rendered, "https://" + "x" * 300)
    fcm(push, "x")
    apns(push, "x", 0)
    web(push)
