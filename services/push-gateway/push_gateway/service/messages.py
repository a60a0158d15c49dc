"""Entrypoints: contents, single messages, one person."""

from __future__ import annotations

from channel import plain
from channel.service import ChannelCalls, UseCases
from push_gateway.service.base import Base
from push_gateway.usecases import contents, messages, privacy


class Messages(Base, ChannelCalls):
    """What every channel answers."""

    use_cases = UseCases(
        prepare_content=contents.prepare_content,
        render_preview=contents.render_preview,
        check_content=contents.check_content,
        plan_test=contents.CONTENTS.plan_test,
        plan_send=messages.plan_send,
        get_message=plain.get_message,
        export_person=privacy.export_person,
        erase_person=privacy.erase_person,
        erase_account=privacy.erase_account,
    )
