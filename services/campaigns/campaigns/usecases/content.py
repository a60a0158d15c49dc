"""What a campaign says: checked by its channel, previewed, and sent as a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.models import Campaign
from campaigns.store import campaigns as store
from campaigns.usecases.attachments import Attach, Attachments
from campaigns.usecases.ports import Ask, ensure_may_on, ensure_may_see_contacts, may_see_contacts
from campaigns.usecases.views import Answer
from chassis.actors import account_of
from chassis.database import Database
from chassis.logs import get_logger
from contracts.campaigns.content import content_problems, sender_problems
from contracts.channel import CHANNELS
from contracts.errors import FieldError, Invalid, Unavailable
from contracts.rpc import Actor
from contracts.schema import field_errors
from contracts.vocabulary import Channel

SAMPLE_DEADLINE = 15.0

# Channel, sender and content.
Draft = dict[str, Any]

log = get_logger()


@dataclass(frozen=True)
class PreparedContent:
    """A content that its channel keeps, and what it needs of contacts.

    :ivar units: of the channel's quota, that one recipient takes: the most of those it was tried with.
    """

    content_hash: str
    variables: list[str]
    fields: list[str]
    units: int


@dataclass(frozen=True)
class PreparedVariants:
    """The contents of a campaign's variants, in their order; of one that tests none, its own alone.

    :ivar units: the most that one recipient of any takes.
    """

    hashes: list[str]
    fields: list[str]
    units: int

    @classmethod
    def of(cls, prepared: Sequence[PreparedContent], ab_test: Mapping[str, Any] | None) -> PreparedVariants:
        """:raises Invalid: two variants say the same."""
        hashes = [one.content_hash for one in prepared]
        if ab_test is not None:
            domain.ensure_different(ab_test["names"], hashes)
        fields = sorted({name for one in prepared for name in one.fields})
        return cls(hashes, fields, max(one.units for one in prepared))


def prepare(ask: Ask, *, channel: Channel, sender: Any, content: Mapping[str, Any]) -> PreparedContent:
    """Have the channel check and keep the content, and contacts confirm that somebody can have its fields.

    :raises Invalid: something is missing, the channel refuses it, or it uses a field that nobody has.
    """
    domain.ensure_complete(domain.missing_content(channel, sender, content))
    prepared = _ask_channel(ask, channel, sender, content, recipients=[])
    if prepared["problems"]:
        raise exceptions.content_refused(prepared["problems"])
    fields = domain.contact_fields(channel, prepared["variables"])
    if fields:
        domain.ensure_known(ask("contacts.check_fields", {"names": fields})["unknown"])
    return PreparedContent(prepared["content_hash"], sorted(prepared["variables"]), fields, _units(prepared))


def _units(prepared: Answer) -> int:
    return int(prepared.get("units") or 1)  # a channel of before that counts messages


def missing(campaign: Campaign) -> list[str]:
    """What the campaign's message, or those of its steps, still lack, as field paths."""
    if campaign.steps is None:
        return domain.missing_content(Channel(campaign.channel), campaign.sender, campaign.content)
    return [
        f"steps.{place}.{name}"
        for place, step in enumerate(campaign.steps)
        for name in domain.missing_content(Channel(step["channel"]), step["sender"], step["content"])
    ]


def prepare_all(ask: Ask, actor: Actor, campaign: Campaign, attach: Attach) -> PreparedVariants:
    """Each variant or step as `prepare_tried`, or the campaign's one content; of steps the units are the first's.

    :raises Invalid: besides, two variants say the same.
    """
    sampling = sampling_once(ask)
    if campaign.steps is not None:
        steps = [prepare_step(sampling, actor, campaign, place) for place in range(len(campaign.steps))]
        made = PreparedVariants.of(steps, None)
        return replace(made, units=steps[0].units)
    prepared = [prepare_tried(sampling, actor, campaign, draft) for draft in _drafts_of(campaign)]
    return PreparedVariants.of([with_files(one, attach) for one in prepared], campaign.ab_test)


def prepare_step(
    ask: Ask, actor: Actor, campaign: Campaign, place: int, person: Mapping[str, Any] | None = None
) -> PreparedContent:
    """As `prepare_tried`, one step. :raises Invalid: names the part of the step."""
    with exceptions.in_step(place):
        return prepare_tried(ask, actor, campaign, step_draft(campaign, place + 1), person)


def step_draft(campaign: Campaign, step: int | None) -> Draft:
    """:param step: which, from 1 on; None: the first. :raises Invalid: the campaign has no such step."""
    steps = campaign.steps or ()
    if not 1 <= (step or 1) <= len(steps):
        raise exceptions.no_such_step(len(steps))
    return {name: steps[(step or 1) - 1][name] for name in ("sender", "content")} | {
        "channel": Channel(steps[(step or 1) - 1]["channel"])
    }


def with_files(prepared: PreparedContent, attach: Attach) -> PreparedContent:
    return replace(prepared, content_hash=attach(prepared.content_hash))


def prepare_tried(
    ask: Ask, actor: Actor, campaign: Campaign, draft: Draft, person: Mapping[str, Any] | None = None
) -> PreparedContent:
    """As `prepare`, and tried with a sample of the campaign's audience, with who has every field and who has none.

    :param person: fields of one more, for whom it must not fail.
    :raises Invalid: besides, it fails for some of them: where, for how many, and for whom if the actor may see that.
    """
    prepared = prepare(ask, **draft)
    sample = _sample(ask, draft["channel"], campaign.audience, prepared.fields)
    made_up = domain.made_up(prepared.fields, person, sample["complete"])
    failing, units = _try(ask, draft, made_up, [contact["fields"] for contact in sample["contacts"]])
    if failing.errors:
        example = sample["contacts"][min(failing.hit)]["contact_id"] if failing.hit else None
        raise _content_fails(failing, example if may_see_contacts(actor) else None)
    return replace(prepared, units=units)


def prepare_measured(
    ask: Ask, *, channel: Channel, sender: Any, content: Mapping[str, Any], audience: Mapping[str, Any]
) -> PreparedContent:
    """As `prepare`, and made for a sample of the audience, to see the units that it takes; that it fails for some of
    them is known by now, or is found while it is sent. Without a sample it is as `prepare`: what is due starts."""
    draft = {"channel": channel, "sender": sender, "content": content}
    prepared = prepare(ask, **draft)
    if not CHANNELS[channel].units_differ:
        return prepared
    try:
        sample = _sample(ask, channel, audience, prepared.fields)
    except Unavailable as error:
        log.warning("campaign_not_measured", error=error.code)
        return prepared
    made_up = domain.made_up(prepared.fields, None, sample["complete"])
    _, units = _try(ask, draft, made_up, [contact["fields"] for contact in sample["contacts"]])
    return replace(prepared, units=max(prepared.units, units))


def _drafts_of(campaign: Campaign) -> list[Draft]:
    """Each variant, or the campaign itself where it tests none."""
    said = domain.messages_of(campaign.sender, campaign.content, campaign.variants)
    return [{"channel": Channel(campaign.channel), **one._asdict()} for one in said]


def _draft_of(campaign: Campaign, variant: str | None, step: int | None = None) -> Draft:
    """The variant of that name, or the step of that place; the first, where none is named.

    :raises Invalid: there is none of that name or place.
    """
    if campaign.steps is not None or step is not None:
        return step_draft(campaign, step)
    names = campaign.ab_test["names"] if campaign.ab_test else []
    return _drafts_of(campaign)[0 if variant is None else domain.variant_named(names, variant)]


def _sample(ask: Ask, channel: Channel, audience: Mapping[str, Any], fields: list[str]) -> Answer:
    """Some of the audience; nobody where the content says the same to all."""
    if not fields:
        return {"contacts": [], "complete": {}}
    wanted = {"channel": str(channel), "audience": audience, "fields": fields}
    sample: Answer = ask("contacts.sample_audience", wanted, deadline=SAMPLE_DEADLINE)
    return sample


def sampling_once(ask: Ask) -> Ask:
    """Asks for a sample of one audience once for the same fields: to look a large one through takes seconds, and the
    variants of a test are five at most."""
    samples: dict[tuple[str, ...], Any] = {}

    def asking(name: str, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
        if name != "contacts.sample_audience":
            return ask(name, payload, deadline=deadline)
        fields = tuple(payload["fields"])
        if fields not in samples:
            samples[fields] = ask(name, payload, deadline=deadline)
        return samples[fields]

    return asking


def prepare_for(ask: Ask, draft: Draft, person: Mapping[str, Any]) -> PreparedContent:
    """As `prepare`, and tried with one person's fields. :raises Invalid: besides, it fails for them."""
    prepared = prepare(ask, **draft)
    failing, _ = _try(ask, draft, domain.made_up(prepared.fields, person, None), [])
    if failing.errors:
        raise _content_fails(failing)
    return prepared


def _content_fails(failing: domain.Failing, contact_id: str | None = None) -> Invalid:
    return exceptions.content_fails(
        failing.errors, hit=len(failing.hit), looked_at=failing.looked_at, contact_id=contact_id
    )


def _try(
    ask: Ask, draft: Mapping[str, Any], made_up: Mapping[str, Any], sample: Sequence[Mapping[str, Any]]
) -> tuple[domain.Failing, int]:
    """For whom it fails, and the most units that it takes of the others."""
    answer = _ask_channel(ask, **draft, recipients=[*made_up.values(), *sample])
    return domain.failing(answer["problems"], list(made_up), answer.get("tried", 0)), _units(answer)


def _ask_channel(
    ask: Ask, channel: Channel, sender: Any, content: Mapping[str, Any], recipients: list[Mapping[str, Any]]
) -> Answer:
    # An e-mail's immutable content includes who it is from; for SMS the sender stands apart.
    whole = {**sender, **content} if isinstance(sender, Mapping) else dict(content)
    asked = {"sender": sender, "content": whole, "kind": "campaign", "recipients": recipients}
    answer: Answer = ask(CHANNELS[channel].call("prepare_content"), asked)
    return answer


def check(
    ask: Ask, channel: Channel, content: Mapping[str, Any], recipients: Sequence[Mapping[str, Any]] = ()
) -> Answer:
    """`contracts.channel.CheckedContent`: what the channel says of a content that is kept nowhere."""
    asked = {"content": dict(content), "recipients": list(recipients)}
    answer: Answer = ask(CHANNELS[channel].call("check_content"), asked)
    return answer


def ensure_fits(channel: Channel, content: dict[str, Any]) -> None:
    """:raises Invalid: the content has not the channel's shape."""
    if problems := content_problems(channel, content):
        raise _request_invalid("content", problems)


def ensure_is_sender(channel: Channel, sender: Any) -> None:
    """:raises Invalid: the sender is of another channel's kind."""
    if problems := sender_problems(channel, sender):
        raise _request_invalid("sender", problems)


def _request_invalid(field: str, problems: Any) -> Invalid:
    return Invalid("request.invalid", "Some fields are not valid.", None, field_errors({field: problems}))


def preview_campaign(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    campaign_id: UUID,
    contact_id: UUID | None,
    sample: Any,
    variant: str | None = None,
    step: int | None = None,
) -> Answer:
    """The campaign as one recipient would get it.

    :raises Invalid: as `prepare_tried`: what fails for others is not found by looking at one.
    """
    campaign = _readable(database, actor, campaign_id, "read", contact_id)
    draft = _draft_of(campaign, variant, step)
    channel = draft["channel"]
    if contact_id is not None:
        contact = ask("contacts.get_contact", {"contact_id": str(contact_id)})
        address, values = contact.get(CHANNELS[channel].address_field) or "", fields_of(contact)
    else:
        address, values = sample.get("address") or "", sample["fields_"]
    with exceptions.in_step((step or 1) - 1) if campaign.steps is not None else nullcontext():
        prepared = prepare_tried(ask, actor, campaign, draft, values)
    rendered = ask(
        CHANNELS[channel].call("render_preview"),
        {
            "content_hash": prepared.content_hash,
            "fields": {name: values[name] for name in prepared.fields if values.get(name) is not None},
            "address": address or CHANNELS[channel].sample_address,
        },
    )
    return {"channel": channel, "variables": prepared.variables, "rendered": rendered}


def send_test(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    files: Attachments,
    campaign_id: UUID,
    addresses: list[str],
    contact_id: UUID | None,
    fields_: dict[str, Any],
    variant: str | None = None,
    step: int | None = None,
) -> Any:
    """Send the draft to chosen addresses; the channel reserves and settles their quota.

    :raises Invalid: it fails for these fields, or an address is archived.
    """
    campaign = _readable(database, actor, campaign_id, "send", contact_id)
    draft = _draft_of(campaign, variant, step)
    channel: Channel = draft["channel"]
    wanted = {"channel": str(channel), "addresses": addresses}
    if archived := ask("contacts.find_archived", wanted)["archived"]:
        raise exceptions.archived(archived)
    values = fields_of(ask("contacts.get_contact", {"contact_id": str(contact_id)})) if contact_id else {}
    values |= fields_
    with exceptions.in_step((step or 1) - 1) if campaign.steps is not None else nullcontext():
        prepared = prepare_for(ask, draft, values)
    attach = files.of(ask, campaign.account_id, campaign.options)
    test = {"content_hash": attach(prepared.content_hash), "addresses": addresses, "fields": values}
    test |= {"campaign_id": str(campaign_id)}
    try:
        return ask(CHANNELS[channel].call("send_test"), test, deadline=20.0)
    except Invalid as error:
        raise _of_addresses(error) from None


def _of_addresses(error: Invalid) -> Invalid:
    """What an address is depends on the draft's channel, which no description of the request can say: the refusal of
    one has a code of its own."""
    told: list[FieldError] = [
        {**one, "code": "address.invalid"} if str(one["field"]).startswith("addresses.") else one
        for one in error.errors
    ]
    return Invalid(error.code, error.detail, error.extra, told)


def fields_of(contact: Mapping[str, Any]) -> dict[str, Any]:
    """A contact's fields flat, built-in ones beside its custom ones, as templates name them."""
    flat = {name: value for name, value in contact.items() if isinstance(value, str | int | float | bool)}
    return {**flat, **(contact.get("fields") or contact.get("custom_fields") or {})}


def _readable(database: Database, actor: Actor, campaign_id: UUID, right: str, contact_id: UUID | None) -> Campaign:
    with database.transaction() as session:
        campaign = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
        ensure_may_on(actor, campaign.channels, right)
    if contact_id is not None:
        ensure_may_see_contacts(actor)
    return campaign
