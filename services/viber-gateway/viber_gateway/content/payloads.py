"""What Viber is sent: the body of `POST /pa/send_message`.

https://developers.viber.com/docs/api/rest-bot-api/#message-types and
https://developers.viber.com/docs/tools/keyboards/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viber_gateway.domain import buttons

Json = dict[str, Any]
# Buttons that say nothing in the person's name in the chat: "Silent" is of level 6.
SILENT_LEVEL = 6
COLUMNS = 6  # of a row


def message(content: Mapping[str, Any], text: str, *, to: str, title: str, message_id: str) -> Json:
    """One message to one person.

    :param to: Viber's id of the person. :param title: the sender's name, as people see it.
    :param message_id: ours; Viber gives it back with what is written next.
    """
    body: Json = {"receiver": to, "sender": {"name": title}, "tracking_data": message_id}
    if picture := content.get("picture"):
        body |= {"type": "picture", "text": text, "media": picture["link"]}
        if picture.get("thumbnail"):
            body["thumbnail"] = picture["thumbnail"]
    else:
        body |= {"type": "text", "text": text}
    if pressable := content.get("buttons"):
        body["min_api_version"] = SILENT_LEVEL
        body["keyboard"] = {"Type": "keyboard", "Buttons": [_button(one, message_id) for one in pressable]}
    return body


def _button(button: Mapping[str, Any], message_id: str) -> Json:
    shown = {"Columns": COLUMNS, "Rows": 1, "Text": button["text"]}
    if button.get("url"):
        return {**shown, "ActionType": "open-url", "ActionBody": button["url"], "Silent": True}
    carried = buttons.carried(message_id, button["text"], button["payload"])
    return {**shown, "ActionType": "reply", "ActionBody": carried, "Silent": True}
