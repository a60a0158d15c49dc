"""What the toy checks, shows and plans; the rest of what it answers comes from `channel.plain`."""

from dataclasses import asdict

from channel import plain
from channel.trying import Fault, try_with
from chassis.actors import account_of
from contracts.errors import Invalid
from contracts.vocabulary import ContentFailure
from toy_channel import Content, Failed

BROKEN = {
    "field": "content.text", "code": ContentFailure.TEMPLATE_INVALID,
    "detail": "A tag is not closed, or names no field.", "hits": [],
}  # fmt: skip


def content_of(session, content_hash):
    row = plain.content(session, content_hash)
    return row and Content(row.account_id, row.content["text"])


def fault_of(content, fields):
    try:
        content.render(fields)
    except Failed as failed:
        return Fault("content.text", ContentFailure.TEMPLATE_FAILED, str(failed))


def prepare_content(database, *, actor, now, sender, content, kind, recipients=()):
    made = Content(account_of(actor), content["text"])
    tried = try_with(recipients, lambda fields: fault_of(made, fields))
    problems = [asdict(fault) | {"hits": hits} for fault, hits in tried.hits.items()]
    answer = {"content_hash": None, "variables": made.variables, "tried": tried.tried, "units": 1}
    if made.is_broken or problems:
        return answer | {"problems": problems or [BROKEN]}
    with database.transaction() as session:
        name = plain.keep_content(session, account_of(actor), made.sender, content)
    return answer | {"content_hash": name, "problems": []}


def render_preview(database, *, actor, now, content_hash, fields_, address):
    with database.transaction() as session:
        row = plain.own_content(session, actor, content_hash)
    return {"text": Content(row.account_id, row.content["text"]).render(fields_)}


def check_content(database, *, actor, now, content, recipients):
    made = Content(account_of(actor), content.get("text", ""))
    return {
        "content": content, "variables": made.variables, "problems": [BROKEN] if made.is_broken else [],
        "advice": [], "figures": {}, "rendered": [{"text": made.render(fields)} for fields in recipients],
    }  # fmt: skip


def plan_test(database, *, actor, now, content_hash, addresses, fields_, campaign_id):
    with database.transaction() as session:
        plain.own_content(session, actor, content_hash)
    return _plan(actor, content_hash, list(dict.fromkeys(addresses)), fields_, campaign_id)


def plan_send(database, *, actor, now, text, to):
    prepared = prepare_content(database, actor=actor, now=now, sender=None, content={"text": text}, kind="single")
    if prepared["problems"]:
        raise Invalid.of_field("text", BROKEN["code"], BROKEN["detail"])
    return _plan(actor, prepared["content_hash"], to, {})


def _plan(actor, content_hash, addresses, fields, test_of=None):
    return plain.Plan(
        account_id=account_of(actor), content_hash=content_hash, sender=Content.sender, addresses=addresses,
        fields=fields, request_key=actor.get("request_key"), test_of=str(test_of) if test_of else None,
    )  # fmt: skip
