"""The words that every service uses for the same thing (see docs/glossary.md)."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How a message reaches a person."""

    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    WHATSAPP = "whatsapp"
    VIBER = "viber"
    RCS = "rcs"


class Lane(StrEnum):
    """How urgent a message is; each lane is a queue of its own, and the first is read first."""

    OTP = "otp"
    TRANSACTIONAL = "transactional"
    BULK = "bulk"


class MessageState(StrEnum):
    """What became of one message.

    `submitted` means handed over and accepted by the carrier. An e-mail that the recipient's server accepts is
    `delivered` at once, and so is a push that the provider takes. `unknown` was handed over, or may have been, and no
    answer is known: a later receipt mends it.
    """

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    HARD_BOUNCED = "hard_bounced"
    SOFT_BOUNCED = "soft_bounced"
    SPAM_BOUNCED = "spam_bounced"


# A state replaces another only when its rank is higher: a late or repeated event then changes nothing. Final states
# share a rank, save that a bounce notice which comes after delivery (a DSN) outranks `delivered`.
STATE_RANK: dict[MessageState, int] = {
    MessageState.ACCEPTED: 0,
    MessageState.DEFERRED: 1,
    MessageState.SUBMITTED: 2,
    MessageState.UNKNOWN: 3,
    MessageState.DELIVERED: 4,
    MessageState.UNDELIVERED: 4,
    MessageState.EXPIRED: 4,
    MessageState.REJECTED: 4,
    MessageState.HARD_BOUNCED: 5,
    MessageState.SOFT_BOUNCED: 5,
    MessageState.SPAM_BOUNCED: 5,
}


class Engagement(StrEnum):
    """What a person did with a message; these never change its state."""

    OPENED = "opened"
    CLICKED = "clicked"
    ANSWERED = "answered"  # in words; a tap at a button is a click
    DISMISSED = "dismissed"  # a push that was swiped away
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"


class Wish(StrEnum):
    """What a person answers about further messages."""

    STOP = "stop"
    START = "start"


class Direction(StrEnum):
    """Which side of a conversation has said it."""

    RECEIVED = "received"
    SENT = "sent"


class KeywordMatch(StrEnum):
    """Where in a message a keyword has to stand."""

    EXACT = "exact"
    BEGINNING = "beginning"
    ANYWHERE = "anywhere"


class ArchiveReason(StrEnum):
    """Why an address gets no more campaigns."""

    UNSUBSCRIBED = "unsubscribed"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    STOP = "stop"
    SPAM = "spam"
    UNREGISTERED = "unregistered"
    DOES_NOT_EXIST = "does_not_exist"
    OTHER = "other"


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    FAILED = "failed"


class LeftOut(StrEnum):
    """Why somebody of a campaign's audience is not sent to: what happened to the person after it was numbered, that
    they have had as many messages as the account's frequency cap allows, or that an earlier step had reached them."""

    ERASED = "erased"
    ARCHIVED = "archived"
    DELETED = "deleted"
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    CAPPED = "capped"
    REACHED = "reached"


class ChainState(StrEnum):
    """How far a message over several channels is. `unknown`: it left, and nothing was ever heard of it."""

    RUNNING = "running"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    """What became of one step of such a message."""

    WAITING = "waiting"  # its turn has not come
    DUE = "due"  # it has, and the message leaves in a moment
    SENDING = "sending"  # being handed to the channel: it may have left
    SENT = "sent"  # the channel has it
    REACHED = "reached"
    FAILED = "failed"
    IMPOSSIBLE = "impossible"  # the person cannot be reached on this channel at all
    TIMED_OUT = "timed_out"  # not heard of in time: the next took its place
    REVOKED = "revoked"  # the same, or cancelled, and taken back before the person had it
    SKIPPED = "skipped"  # not needed any more, or cancelled
    UNKNOWN = "unknown"


class FollowUpWho(StrEnum):
    """Who of a campaign's recipients; who clicked has opened, too. What is under way is neither delivered nor not."""

    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    OPENED = "opened"
    NOT_OPENED = "not_opened"
    CLICKED = "clicked"
    NOT_CLICKED = "not_clicked"


class AbMetric(StrEnum):
    """What the variants of a campaign are compared by, as a share: of delivered, of delivered, of opened, of sent."""

    OPENS = "opens"
    CLICKS = "clicks"
    CLICK_TO_OPEN = "click_to_open"
    DELIVERED = "delivered"


class IfUndecided(StrEnum):
    """What goes to the rest where a test does not tell: the first variant, or nothing until a person has chosen."""

    FIRST = "first"
    WAIT = "wait"


class AbOutcome(StrEnum):
    """What a test of variants says."""

    CLEAR = "clear"
    TIE = "tie"  # several have the highest rate
    INCONCLUSIVE = "inconclusive"  # the difference may be chance
    TOO_SMALL = "too_small"  # too few did it, or did not, for any test to tell


class AbStage(StrEnum):
    """How far a test of variants is."""

    TESTING = "testing"
    WAITING = "waiting"
    UNDECIDED = "undecided"  # a person has to choose
    DECIDED = "decided"


class ContentFailure(StrEnum):
    """Why no message can be made of its content, for one recipient or for all: codes of `rejected` messages."""

    TEMPLATE_FAILED = "template.failed"
    TEMPLATE_INVALID = "template.invalid"
    TEXT_EMPTY = "text.empty"
    TEXT_TOO_LONG = "text.too_long"
    TOO_COSTLY = "content.too_costly"
    FAILED = "content.failed"
    UNKNOWN = "content.unknown"
    RECORDS_LOST = "sender.records_lost"  # an e-mail campaign's sender domain: nothing is wrong with the content


class JobState(StrEnum):
    """States of long work (imports, exports, snapshots)."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


# What stands for the address of a person who was erased, in every ledger and log. It is no address on any channel.
ERASED_ADDRESS = "erased"
