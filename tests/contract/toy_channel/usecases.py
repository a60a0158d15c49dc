"""What the toy checks, shows and plans; the rest of what it answers comes from `channel.plain`."""

from channel import plain
from chassis.actors import account_of
from contracts.errors import Invalid
from toy_channel import Content

BROKEN = {"field": "content.text", "code": "template.invalid", "detail": "A tag is not closed, or names no field."}


def content_of(session, content_hash):
    row = plain.content(session, content_hash)
    return row and Content(row.account_id, row.content["text"])


def prepare_content(database, *, actor, now, sender, content, kind):
    made = Content(account_of(actor), content["text"])
    if made.is_broken:
        return {"content_hash": None, "variables": made.variables, "problems": [BROKEN]}
    with database.transaction() as session:
        name = plain.keep_content(session, account_of(actor), made.sender, content)
    return {"content_hash": name, "variables": made.variables, "problems": []}


def render_preview(database, *, actor, now, content_hash, fields_, address):
    with database.transaction() as session:
        row = plain.own_content(session, actor, content_hash)
    return {"text": Content(row.account_id, row.content["text"]).render(fields_)}


def plan_test(database, *, actor, now, content_hash, addresses, fields_):
    with database.transaction() as session:
        plain.own_content(session, actor, content_hash)
    return _plan(actor, content_hash, addresses, fields_)


def plan_send(database, *, actor, now, text, to):
    prepared = prepare_content(database, actor=actor, now=now, sender=None, content={"text": text}, kind="single")
    if prepared["problems"]:
        raise Invalid.of_field("text", BROKEN["code"], BROKEN["detail"])
    return _plan(actor, prepared["content_hash"], to, {})


def _plan(actor, content_hash, addresses, fields):
    return plain.Plan(
        account_id=account_of(actor), content_hash=content_hash, sender=Content.sender, addresses=addresses,
        fields=fields, request_key=actor.get("request_key"),
    )  # fmt: skip
