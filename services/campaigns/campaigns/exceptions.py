"""What can go wrong with campaigns, each as the error that crosses the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, TooLarge, Unavailable
from contracts.vocabulary import CampaignState


def no_such_campaign(campaign_id: UUID) -> NotFound:
    return NotFound("campaign.not_found", "There is no such campaign.", {"campaign_id": str(campaign_id)})


def too_small_to_test(total: int, least: int) -> Invalid:
    detail = f"The audience of {total} is too small for these variants and this share: it takes {least}."
    code, facts = "ab_test.audience_too_small", {"audience": total, "least": least}
    errors: list[FieldError] = [{"field": "ab_test", "code": code, "detail": detail, "parameters": facts}]
    return Invalid(code, detail, facts, errors)


def variants_same(names: Sequence[str]) -> Invalid:
    detail = f"Variants {names[0]} and {names[1]} say the same."
    errors: list[FieldError] = [{"field": "ab_test.variants", "code": "ab_test.variants_same", "detail": detail}]
    return Invalid("ab_test.variants_same", detail, {"variants": list(names)}, errors)


def no_such_variant(names: Sequence[str]) -> Invalid:
    return Invalid.of_field("variant", "ab_test.no_such_variant", f"The variants are: {', '.join(names)}.")


def no_test(campaign_id: UUID) -> NotFound:
    return NotFound("campaign.no_test", "The campaign tests no variants.", {"campaign_id": str(campaign_id)})


def no_winner_to_choose(present: CampaignState) -> Conflict:
    return Conflict(
        "campaign.no_winner_to_choose",
        "A winner is chosen once, while the campaign is being sent or is paused.",
        {"state": str(present)},
    )


def no_such_template(template_id: UUID) -> NotFound:
    return NotFound("template.not_found", "There is no such template.", {"template_id": str(template_id)})


def no_such_version(number: int) -> NotFound:
    return NotFound("template_version.not_found", "There is no such version of the template.", {"version": number})


def no_picture(number: int) -> NotFound:
    detail = "There is no picture of this version: it is not made yet, cannot be made, or no browser is installed."
    return NotFound("template_version.no_picture", detail, {"version": number})


def too_many_templates(limit: int) -> Conflict:
    return Conflict("template.too_many", "No more templates are possible; delete some.", {"limit": limit})


def ready_made() -> Conflict:
    return Conflict("template.ready_made", "This one ships with Wici: copy it, and change the copy.")


def template_changed(present: int) -> Conflict:
    return Conflict("template.changed", "Somebody else saved it meanwhile.", {"version": present})


def mjml_refused(problem: Mapping[str, Any]) -> Invalid:
    errors: list[FieldError] = [{"field": "content.mjml", "code": problem["code"], "detail": problem["detail"]}]
    return Invalid(problem["code"], problem["detail"], None, errors)


def too_different() -> Invalid:
    return Invalid("template.too_different", "These versions differ in too much to be compared.")


def permission_missing(permission: str) -> Forbidden:
    return Forbidden("permission.missing", f"This needs the permission {permission}.", {"permission": permission})


def audience_empty() -> Invalid:
    return Invalid(
        "campaign.audience_empty",
        "Nobody in the audience can be reached on this channel.",
        None,
        [{"field": "audience", "code": "audience.empty", "detail": "Nobody is reachable on this channel."}],
    )


def content_refused(problems: Sequence[Any]) -> Invalid:
    """The channel refuses the sender or the content; `problems` are field errors or plain sentences."""
    errors: list[FieldError] = [
        {
            "field": str(problem.get("field", "content")),
            "code": str(problem.get("code", "content.invalid")),
            "detail": str(problem.get("detail", "")),
        }
        if isinstance(problem, Mapping)
        else {"field": "content", "code": "content.invalid", "detail": str(problem)}
        for problem in problems
    ]
    return Invalid("campaign.content_refused", "The channel cannot send this content.", None, errors)


def content_fails(errors: Sequence[FieldError], *, hit: int, looked_at: int, contact_id: str | None) -> Invalid:
    """:param hit: for how many of those `looked_at` in the audience it fails. :param contact_id: one of them."""
    extra: dict[str, object] = {"looked_at": looked_at, "hit": hit}
    if contact_id is not None:
        extra["contact_id"] = contact_id
    return Invalid("campaign.content_fails", errors[0]["detail"], extra, list(errors))


def archived(places: Sequence[int]) -> Invalid:
    """:param places: in `addresses`."""
    detail = "This address is in the archive: it gets no campaign, and no test of one."
    errors: list[FieldError] = [
        {"field": f"addresses.{place}", "code": "address.archived", "detail": detail} for place in places
    ]
    return Invalid("address.archived", detail, None, errors)


def wrong_state(present: CampaignState, following: CampaignState) -> Conflict:
    slug = "campaign.already_sent" if present is CampaignState.SENT else f"campaign.is_{present}"
    return Conflict(
        slug,
        f"The campaign is {present} and cannot become {following}.",
        {"state": str(present), "wanted": str(following)},
    )


def not_a_draft(present: CampaignState) -> Conflict:
    return Conflict(
        "campaign.not_a_draft",
        f"Only a draft can be changed; the campaign is {present}. Duplicate it instead.",
        {"state": str(present)},
    )


def has_steps(name: str) -> Invalid:
    return Invalid.of_field(name, "campaign.has_steps", "A campaign of steps says this in each step, or has none.")


def has_no_steps() -> Invalid:
    return Invalid.of_field("steps", "campaign.has_no_steps", "The campaign has no steps; make a new one that has.")


def without_steps() -> NotFound:
    return NotFound("campaign.no_steps", "The campaign has no steps.")


def is_a_step(campaign_id: UUID) -> Conflict:
    """:param campaign_id: of the campaign that it is a step of."""
    return Conflict(
        "campaign.is_step",
        "This is a step of a campaign: it goes with that campaign.",
        {"campaign_id": str(campaign_id)},
    )


def no_such_step(steps: int) -> Invalid:
    return Invalid.of_field("step", "campaign.no_such_step", f"The campaign has {steps} steps.", steps=steps)


def nobody_on_step(place: int) -> Invalid:
    detail = "Nobody in the audience can be reached on this step's channel."
    return Invalid.of_field(f"steps.{place}.channel", "campaign.step_reaches_nobody", detail)


def steps_on_trial() -> Forbidden:
    return Forbidden("campaign.steps_on_trial", "On trial an account sends no campaigns of steps.")


@contextmanager
def in_step(place: int) -> Iterator[None]:
    """What is refused of a step is named so: `steps.1.sender`."""
    try:
        yield
    except Invalid as refusal:
        raise Invalid(refusal.code, refusal.detail, refusal.extra, _in_step(place, refusal.errors)) from None


def _in_step(place: int, errors: Sequence[FieldError]) -> list[FieldError]:
    named = ("sender", "content")
    return [
        {**error, "field": f"steps.{place}.{error['field']}"} if error["field"].partition(".")[0] in named else error
        for error in errors
    ]


def not_boosted(code: str, detail: str) -> Conflict:
    return Conflict(code, detail)


def nothing_to_follow(campaign_id: UUID) -> Invalid:
    detail = f"There is no campaign {campaign_id}."
    return Invalid.of_field("audience.follow_up.campaign_id", "campaign.not_found", detail)


def not_scheduled(present: CampaignState) -> Conflict:
    return Conflict("campaign.not_scheduled", f"The campaign is {present}.", {"state": str(present)})


def is_starting() -> Conflict:
    return Conflict("campaign.is_starting", "The campaign is starting at this moment; pause it, or try again.")


def approved_by_the_same() -> Forbidden:
    detail = "It takes a second person: you have scheduled this campaign, or changed it last."
    return Forbidden("approval.same_person", detail)


def approved_by_nobody() -> Forbidden:
    return Forbidden("approval.session_needed", "A campaign is approved by somebody who is logged in, not by a key.")


def awaits_no_approval(present: CampaignState) -> Conflict:
    return Conflict("campaign.awaits_no_approval", "The campaign waits for no approval.", {"state": str(present)})


def still_running(present: CampaignState) -> Conflict:
    return Conflict("campaign.still_running", f"The campaign is {present}; cancel it first.", {"state": str(present)})


def still_settling(present: CampaignState) -> Conflict:
    return Conflict(
        "campaign.still_settling",
        "Its last messages are being counted; try again in a moment.",
        {"state": str(present)},
    )


def incomplete(missing: Sequence[str]) -> Invalid:
    errors: list[FieldError] = [
        {"field": name, "code": "campaign.missing_field", "detail": "This is needed before the campaign can go."}
        for name in missing
    ]
    return Invalid("campaign.incomplete", "The campaign is not complete.", None, errors)


def nobody_has(unknown: Sequence[str]) -> Invalid:
    errors: list[FieldError] = [
        {
            "field": "content",
            "code": "contact_field.not_found",
            "detail": f"No contact has a field named {name}.",
            "parameters": {"name": name},
        }
        for name in unknown
    ]
    return Invalid(
        "campaign.unknown_fields", "The content uses fields that nobody has.", {"fields": list(unknown)}, errors
    )


def never_open() -> Invalid:
    detail = "The quiet hours of the campaign and the account together leave no time to send."
    return Invalid.of_field("options.quiet_hours", "quiet_hours.never_open", detail)


def test_by_zones() -> Invalid:
    detail = "An A/B test goes to all at one time: variants at other hours are not alike."
    return Invalid.of_field("options.time_zone_field", "ab_test.by_zones", detail)


def no_such_zone_field(name: str) -> Invalid:
    detail = f"No contact has a field named {name}."
    return Invalid.of_field("options.time_zone_field", "contact_field.not_found", detail)


def in_the_past() -> Invalid:
    return _bad_time("schedule.in_the_past", "That time has passed.")


def too_far_ahead() -> Invalid:
    return _bad_time("schedule.too_far", "That is more than a year ahead.")


def no_such_time(local: datetime, following: datetime) -> Invalid:
    """:param following: what the clocks of the account's zone show instead."""
    return _bad_time(
        "schedule.no_such_time",
        f"There is no {local:%H:%M} on {local:%Y-%m-%d}: clocks are put forward then, and show {following:%H:%M}.",
    )


def _bad_time(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, None, [{"field": "at", "code": code, "detail": detail}])


def storage_away() -> Unavailable:
    return Unavailable("file.storage_away", "The storage of files does not answer.", {"retry_after": 10})


def no_such_file() -> NotFound:
    return NotFound("file.not_found", "There is no such file.")


def no_such_upload() -> NotFound:
    return NotFound("upload.not_found", "There is no such upload.")


def file_too_large(limit: int) -> TooLarge:
    return TooLarge("file.too_large", f"The file is larger than {limit} bytes.", {"limit": limit})


def file_empty() -> Invalid:
    return Invalid.of_field("file", "file.empty", "The file is empty.")


def file_is_program() -> Invalid:
    return Invalid.of_field("file", "file.program", "Programs are not hosted.")


def file_has_macros() -> Invalid:
    return Invalid.of_field("file", "file.macros", "Documents with macros are not hosted.")


def files_full(limit: int) -> Conflict:
    return Conflict("file.no_room", f"The account's files may have {limit} bytes together.", {"limit": limit})


def file_in_use(names: Sequence[str]) -> Conflict:
    listed = ", ".join(names)
    return Conflict("file.in_use", f"Campaigns need the file: {listed}.", {"campaigns": list(names)})


def no_such_link() -> NotFound:
    return NotFound("link.not_found", "There is no such link.")


def suffix_taken() -> Conflict:
    return Conflict("link.suffix_taken", "This suffix is taken.")


def too_many_links(most: int) -> Conflict:
    return Conflict("link.too_many", f"An account has at most {most} named links.", {"limit": most})


def link_to_us() -> Invalid:
    return Invalid.of_field("target", "link.to_us", "A link may not lead to this platform itself.")


def ends_too_late(years: int) -> Invalid:
    return Invalid.of_field("expires_at", "expiry.too_far", f"That is more than {years} years ahead.", years=years)


def ends_in_the_past() -> Invalid:
    return Invalid.of_field("expires_at", "schedule.in_the_past", "That time has passed.")


def no_such_attachments(places: Sequence[int]) -> Invalid:
    code, detail = "file.not_found", "There is no such file."
    errors: list[FieldError] = [
        {"field": f"options.attachments.{place}", "code": code, "detail": detail} for place in places
    ]
    return Invalid("campaign.attachments", "The campaign's files cannot be attached.", None, errors)


def attachments_too_large(limit: int) -> Invalid:
    detail = f"The files have more than {limit} bytes together."
    return Invalid.of_field("options.attachments", "attachment.too_large", detail, limit=limit)


def no_attachments_on_channel() -> Invalid:
    detail = "Messages of this channel carry no files."
    return Invalid.of_field("options.attachments", "attachment.not_on_channel", detail)


def no_such_unsubscribe_page() -> NotFound:
    return NotFound("unsubscribe_page.not_found", "There is no such unsubscribe page.")


def no_page_to_show() -> Invalid:
    detail = "There is no such unsubscribe page."
    return Invalid.of_field("options.unsubscribe_page_id", "unsubscribe_page.not_found", detail)


def no_page_on_channel() -> Invalid:
    detail = "Only e-mails have an unsubscribe page."
    return Invalid.of_field("options.unsubscribe_page_id", "unsubscribe_page.not_on_channel", detail)


def too_many_unsubscribe_pages(most: int) -> Conflict:
    return Conflict("unsubscribe_page.too_many", f"An account has at most {most} unsubscribe pages.", {"limit": most})


def too_little_contrast(found: Mapping[str, float], least: float) -> Invalid:
    errors: list[FieldError] = [
        {
            "field": f"brand.{name}",
            "code": "colour.contrast_too_low",
            "detail": f"Its contrast is {ratio:.2f} to 1; {least} to 1 is needed.",
        }
        for name, ratio in found.items()
    ]
    return Invalid("colour.contrast_too_low", "Some colours cannot be told apart well enough.", None, errors)


def no_such_chain() -> NotFound:
    return NotFound("message.not_found", "There is no such message.")


def step_refused(errors: Sequence[FieldError]) -> Invalid:
    """A channel says that a step cannot be sent as things are."""
    return Invalid("message.step_refused", "A step cannot be sent.", None, errors=list(errors))


def nobody_reachable() -> Invalid:
    detail = "The contact can be reached on none of these channels."
    return Invalid.of_field("to.contact_id", "to.unreachable", detail)


def no_such_contact() -> Invalid:
    return Invalid.of_field("to.contact_id", "contact.not_found", "There is no such contact.")
