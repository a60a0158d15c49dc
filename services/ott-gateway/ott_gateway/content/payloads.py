"""What WhatsApp is sent: the body of `POST /{version}/{phone-number-id}/messages`.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ott_gateway.content.template import Rendered

Json = dict[str, Any]


def message(content: Mapping[str, Any], rendered: Rendered, *, to: str, message_id: str) -> Json:
    """One message to one person.

    :param message_id: ours; WhatsApp gives it back with everything that it reports of the message.
    """
    kind, part = _part(content, rendered)
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to.removeprefix("+"),
        "biz_opaque_callback_data": message_id,
        "type": kind,
        kind: part,
    }


def _part(content: Mapping[str, Any], rendered: Rendered) -> tuple[str, Json]:
    if template := content.get("template"):
        return "template", _template(template, rendered)
    if media := content.get("media"):
        return str(media["kind"]), _media(media, rendered.get("media.caption"))
    if buttons := content.get("buttons"):
        return "interactive", _interactive(buttons, rendered)
    return "text", {"body": rendered["text"], "preview_url": bool(content.get("preview_url"))}


def _media(media: Mapping[str, Any], caption: str | None = None) -> Json:
    found = {"link": media["link"], "caption": caption, "filename": media.get("filename")}
    return {name: value for name, value in found.items() if value}


def _interactive(buttons: list[Mapping[str, Any]], rendered: Rendered) -> Json:
    replies = [{"type": "reply", "reply": {"id": one["id"], "title": one["title"]}} for one in buttons]
    found: Json = {"type": "button", "body": {"text": rendered["text"]}, "action": {"buttons": replies}}
    if "header" in rendered:
        found["header"] = {"type": "text", "text": rendered["header"]}
    if "footer" in rendered:
        found["footer"] = {"text": rendered["footer"]}
    return found


def _template(template: Mapping[str, Any], rendered: Rendered) -> Json:
    found: Json = {"name": template["name"], "language": {"policy": "deterministic", "code": template["language"]}}
    components = list(_components(template, rendered))
    return {**found, "components": components} if components else found


def _components(template: Mapping[str, Any], rendered: Rendered) -> Iterator[Json]:
    if "template.header" in rendered:
        yield {"type": "header", "parameters": [_text(rendered["template.header"])]}
    if medium := template.get("header_media"):
        kind = str(medium["kind"])
        yield {"type": "header", "parameters": [{"type": kind, kind: _media(medium)}]}
    if values := template.get("body"):
        parameters = [_text(rendered[f"template.body.{place}"]) for place in range(len(values))]
        yield {"type": "body", "parameters": parameters}
    for place, button in enumerate(template.get("buttons") or ()):
        index, url = str(button["index"]), rendered.get(f"template.buttons.{place}.url")
        if url:
            yield {"type": "button", "sub_type": "url", "index": index, "parameters": [_text(url)]}
        elif button.get("payload"):
            answer = {"type": "payload", "payload": button["payload"]}
            yield {"type": "button", "sub_type": "quick_reply", "index": index, "parameters": [answer]}


def _text(value: str) -> Json:
    return {"type": "text", "text": value}
