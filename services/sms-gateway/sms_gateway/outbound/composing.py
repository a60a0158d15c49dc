"""A claimed chunk becomes messages, each with the bodies of its submit_sm."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from channel.batches import Recipient
from channel.outlets import Chunk
from contracts.short_codes import Codes
from contracts.vocabulary import ERASED_ADDRESS, MessageState
from sms_gateway.batches import TOO_LATE, SmsMessage
from sms_gateway.content.parts import LongForm
from sms_gateway.content.submission import Parameters
from sms_gateway.content.template import RenderFailed
from sms_gateway.domain.countries import NOT_ALLOWED, country_of
from sms_gateway.domain.retrying import give_up_at

NO_CARRIER = "no_carrier"
_ADDRESS = re.compile(r"\+[1-9][0-9]{6,14}\Z")


def compose(
    chunk: Chunk,
    recipients: list[Recipient],
    long_form: LongForm | None,
    codes: Codes,
    *,
    reference: int,
    now: float,
    countries: Mapping[str, frozenset[str]],
    parameters: Parameters = (),
) -> list[SmsMessage]:
    """Render and encode `recipients`; those that cannot be sent (now) have their state.

    The hot path: everything that a chunk shares is looked up once.

    :param long_form: of the carrier that they leave by; None where none is up.
    :param codes: of short links.
    :param parameters: that the carrier is given beside.
    :param countries: that accounts may send to, of those that may not send anywhere.
    :param reference: of the first long message, modulo 256; joins its parts at the phone.
    """
    header, content = chunk.batch.header, chunk.batch.content
    message_id_of = header.id_of
    links_of = _links_of(chunk, codes) if content.targets else None
    encode, bodies_of = content.template.encode, content.envelope(long_form or LongForm.UDH, parameters).bodies
    valid = _ADDRESS.match
    allowed = countries.get(header.account_id)
    existing, attempts = chunk.existing, chunk.attempts
    too_late = is_too_late(chunk, now)
    messages: list[SmsMessage] = []
    for recipient in recipients:
        number, address = recipient["number"], recipient["address"]
        message = SmsMessage(chunk, recipient, message_id_of(number), number in existing, attempts.get(number, 0))
        messages.append(message)
        if too_late:
            # A carrier that did not answer may have it all the same.
            message.state = MessageState.UNKNOWN if message.unanswered else MessageState.EXPIRED
            message.code = TOO_LATE
        elif not valid(address):
            message.end_refused("address.erased" if address == ERASED_ADDRESS else "address.invalid")
        elif allowed is not None and country_of(address) not in allowed:
            message.end_refused(NOT_ALLOWED)
        elif long_form is None:
            message.state, message.code = MessageState.DEFERRED, NO_CARRIER
        else:
            try:
                encoded = encode(recipient.get("fields") or {}, links_of(number) if links_of else ())
                message.bodies = bodies_of(address, encoded, reference + 1)
            except RenderFailed as failed:
                message.end_refused(failed.code)
            else:
                reference += 1
                message.parts = len(encoded.bodies)
                continue
        message.at = now
    return messages


def is_too_late(chunk: Chunk, now: float) -> bool:
    """Whether its messages are of no use any more."""
    header, validity = chunk.batch.header, chunk.batch.content.content.get("validity_minutes")
    return now > give_up_at(datetime.fromtimestamp(header.accepted_at, UTC), header.lane, validity).timestamp()


def _links_of(chunk: Chunk, codes: Codes) -> Callable[[int], list[str]]:
    """A function from a recipient's number to their short links; their positions were noted with the claim."""
    positions, content = chunk.composed or {}, chunk.batch.content
    url, links = content.short_link_url, range(len(content.targets))

    def of(number: int) -> list[str]:
        position = positions[number]
        return [url + codes.code(position + link) for link in links]

    return of
