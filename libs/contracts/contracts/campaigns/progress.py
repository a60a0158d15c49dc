"""How far a campaign is, in recipients."""

from __future__ import annotations

from marshmallow import fields

from contracts.schema import Schema


class LeftOutCounts(Schema):
    """Who is not sent to, by what happened to them after the audience was numbered, or by the frequency cap."""

    archived = fields.Integer(metadata={"description": "Their address is in the archive."})
    erased = fields.Integer(metadata={"description": "They were erased on request."})
    withdrawn = fields.Integer(
        metadata={"description": "They have withdrawn their consent; of a step also: they never gave it."}
    )
    deleted = fields.Integer(metadata={"description": "The contact was deleted."})
    changed = fields.Integer(metadata={"description": "The contact has another address, or none, on this channel."})
    capped = fields.Integer(metadata={"description": "They have had as many messages as the frequency cap allows."})
    reached = fields.Integer(
        metadata={"description": "Of a step: an earlier one had reached them before this one left."}
    )


class Progress(Schema):
    """In recipients: `submitted`, `failed`, `deferred`, all of `left_out` and `to_come` add up to `recipients`."""

    recipients = fields.Integer(
        allow_none=True, metadata={"description": "In the audience as it was numbered when the campaign started."}
    )
    published = fields.Integer(metadata={"description": "Given to the channel so far."})
    submitted = fields.Integer(
        metadata={"description": "Handed over by the channel; of a campaign of steps: by at least one step's."}
    )
    failed = fields.Integer(metadata={"description": "Never handed over, and never will be."})
    deferred = fields.Integer(
        metadata={
            "description": "Waiting at the channel to be tried again; of a campaign of steps: on the way to or"
            " through a step, and nothing has been handed over yet."
        }
    )
    left_out = fields.Nested(LeftOutCounts)
    left_lists = fields.Integer(
        metadata={"description": "E-mail: people who left a list by the unsubscribe page, and none of the channels"}
    )
    to_come = fields.Integer(
        allow_none=True,
        metadata={"description": "Nothing is decided yet; of a campaign that was cancelled or failed: never sent to."},
    )
