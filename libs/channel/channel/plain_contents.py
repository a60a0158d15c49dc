"""Contents of a channel with the plain ledger, from the first render on: kept, refused, sent as a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from channel import plain
from channel.field_templates import RenderFailed, problem_of
from channel.first_renders import FirstRenders
from chassis.actors import account_of
from chassis.database import Database
from contracts.errors import Invalid
from contracts.rpc import Actor

R = TypeVar("R")
Advised = tuple[dict[str, Any], list[dict[str, str]]]
"""Figures, and what is worth mending."""


def unfit(content: Mapping[str, Any], problems: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is told of a content of which nothing is rendered."""
    found: dict[str, Any] = {"content": content, "variables": [], "advice": [], "figures": {}, "rendered": []}
    return found | {"problems": list(problems)}


def longest_text(_content: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> Advised:
    """Figures of a channel whose limit is of one text; nothing is worth mending."""
    return {"text_characters": max((len(one["text"]) for one in shown), default=0)}, []


class PlainContents(Generic[R]):
    """:param renders: the channel's."""

    def __init__(self, renders: FirstRenders[R]) -> None:
        self._renders = renders

    def prepare(
        self,
        database: Database,
        account_id: UUID,
        sender: str,
        content: Mapping[str, Any],
        *,
        recipients: Sequence[Mapping[str, Any]],
        problems: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """Try it, and keep it under its hash unless there are problems (`contracts.channel.PreparedContent`).

        :param recipients: fields of some, with whom it is tried. :param problems: found already.
        """
        answer: dict[str, Any] = {"content_hash": None, "variables": [], "problems": problems, "tried": 0, "units": 1}
        try:
            rendered = self._renders.render_apart(content, None, account_id, recipients)
            answer |= {"variables": rendered.variables, "tried": rendered.tried.tried}
            problems += [asdict(fault) | {"hits": hits} for fault, hits in rendered.tried.hits.items()]
        except RenderFailed as failed:
            problems.append(problem_of(failed))
        if not problems:
            with database.transaction() as session:
                answer["content_hash"] = plain.keep_content(session, account_id, sender, content)
        return answer

    def show(
        self,
        actor: Actor,
        content: Mapping[str, Any],
        recipients: Sequence[Mapping[str, Any]],
        *,
        preview_of: Callable[[R], dict[str, Any]],
        advice_of: Callable[[Mapping[str, Any], Sequence[dict[str, Any]]], Advised],
        problems: Sequence[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        """What would be sent of a content, what is wrong with it, and what is worth mending; nothing is kept.

        :param preview_of: of what one recipient gets, what is shown. :param advice_of: by the content and what is
            shown of it. :param problems: found already.
        """
        try:
            shown = self._renders.show_apart(content, account_of(actor), recipients)
        except RenderFailed as failed:
            return unfit(content, [*problems, problem_of(failed)])
        previews = [None if isinstance(one, RenderFailed) else preview_of(one) for one in shown.rendered]
        figures, advice = advice_of(content, [one for one in previews if one is not None])
        rendered = [
            {"problem": one.detail} if isinstance(one, RenderFailed) else preview
            for one, preview in zip(shown.rendered, previews, strict=True)
        ]
        told = {"variables": shown.variables, "figures": figures, "advice": advice, "rendered": rendered}
        return unfit(content, problems) | told

    def rendered_or_refused(self, content: Mapping[str, Any], fields: Mapping[str, Any], account_id: UUID) -> R:
        """What one recipient gets. :raises Invalid: it fails for these fields, is too long, or takes too much."""
        try:
            rendered = self._renders.render_apart(content, fields, account_id).rendered
        except RenderFailed as failed:
            raise Invalid.of_field(f"content.{failed.field}", failed.code, failed.detail) from None
        assert rendered is not None
        return rendered

    def rendered_of(self, database: Database, actor: Actor, content_hash: str, fields: Mapping[str, Any]) -> R:
        """A prepared content as one recipient gets it.

        :raises NotFound: no such content in the account. :raises Invalid: as `rendered_or_refused`.
        """
        with database.transaction() as session:
            row = plain.own_content(session, actor, content_hash)
        return self.rendered_or_refused(row.content, fields, account_of(actor))

    def plan_single(
        self, actor: Actor, sender: str, to: Sequence[str], content: Mapping[str, Any], **of_sending: Any
    ) -> plain.Plan:
        """Of single messages, whose content is kept with the send. What it says is what it is: braces in it are braces.

        :param of_sending: `plain.of_sending`. :raises Invalid: as `rendered_or_refused`.
        """
        account_id, content = account_of(actor), {**content, "literal": True}
        self.rendered_or_refused(content, {}, account_id)
        content_hash = plain.hash_of(account_id, sender, content)
        return plain.plan_of(actor, content_hash, sender, to, content=content, **of_sending)

    def plan_test(
        self,
        database: Database,
        *,
        actor: Actor,
        now: datetime,
        content_hash: str,
        addresses: list[str],
        fields_: dict[str, Any],
        campaign_id: UUID | None,
    ) -> plain.Plan:
        """Check a test of a prepared content, rendered with given fields; it goes once to each address."""
        with database.transaction() as session:
            row = plain.own_content(session, actor, content_hash)
        self.rendered_or_refused(row.content, fields_, account_of(actor))
        test_of = str(campaign_id) if campaign_id else None
        return plain.plan_of(actor, content_hash, row.sender, addresses, fields=fields_, test_of=test_of)
