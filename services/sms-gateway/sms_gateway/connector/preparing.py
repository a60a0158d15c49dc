"""A claimed chunk becomes submit_sm bodies in its carrier's queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from contracts.vocabulary import ERASED_ADDRESS, MessageState
from sms_gateway import domain
from sms_gateway.connector.carriers import CarrierWork
from sms_gateway.rendering import RenderFailed
from sms_gateway.smpp.parts import LongForm
from sms_gateway.work import Chunk, Message, Part, ids_as_text

NO_CARRIER = "no_carrier"


def prepare(
    chunk: Chunk, carrier: CarrierWork | None, recipients: list[dict[str, Any]], *, reference: int, now: float
) -> list[Message]:
    """Render, encode and queue `recipients`; returns those that cannot be sent (now), with their state.

    The hot path: everything that a chunk shares is looked up once.

    :param reference: of the first long message, modulo 256; joins its parts at the phone.
    """
    header, content = chunk.batch.header, chunk.batch.content
    message_id_of = ids_as_text(header.send_id)
    envelope = content.envelope(carrier.settings.long_form if carrier else LongForm.UDH)
    queue = carrier.ready[header.lane] if carrier else None
    encode, bodies_of, valid = content.template.encode, envelope.bodies, domain.ADDRESS.match
    existing, attempts = chunk.existing, chunk.attempts
    validity = content.content.get("validity_minutes")
    too_late = (
        now > domain.give_up_at(datetime.fromtimestamp(header.accepted_at, UTC), header.lane, validity).timestamp()
    )
    finished: list[Message] = []
    for recipient in recipients:
        number, address = recipient["number"], recipient["address"]
        message = Message(chunk, recipient, message_id_of(number), number in existing, attempts.get(number, 0))
        message.carrier = carrier
        if too_late:
            message.state, message.code = MessageState.EXPIRED, "too_late"
        elif not valid(address):
            message.state = MessageState.REJECTED
            message.code = "address.erased" if address == ERASED_ADDRESS else "address.invalid"
        elif queue is None:
            message.state, message.code = MessageState.DEFERRED, NO_CARRIER
        else:
            try:
                encoded = encode(recipient.get("fields") or {})
            except RenderFailed as failed:
                message.state, message.code = MessageState.REJECTED, failed.code
            else:
                message.parts = len(encoded.bodies)
                reference += 1
                _queue(queue, message, bodies_of(address, encoded, reference))
                continue
        message.submitted_at = now
        finished.append(message)
    return finished


def _queue(queue: Any, message: Message, bodies: list[bytes]) -> None:
    if len(bodies) == 1:
        queue.append(Part(bodies[0], message, 1))
        return
    message.parts_left = message.travelling = len(bodies)
    for number, body in enumerate(bodies, 1):
        queue.append(Part(body, message, number))
