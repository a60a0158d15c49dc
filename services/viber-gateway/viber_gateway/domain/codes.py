"""What Viber's status codes mean for a message.

https://developers.viber.com/docs/api/rest-bot-api/#error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channel.providers.answers import Answer, Verdict

PROVIDER = "viber"
THROTTLE_WAIT = 5.0  # seconds
SET_UP_WAIT = 60.0
ILL_WAIT = 10.0

NOT_REGISTERED, NOT_SUBSCRIBED = 5, 6
NO_SUBSCRIBER = "viber.no_subscriber"  # ours: nobody is asked


@dataclass(frozen=True, slots=True)
class Meaning:
    """:ivar wait: seconds. :ivar is_general: of all messages of the bot, not of this one alone."""

    verdict: Verdict
    wait: float | None = None
    is_general: bool = False


_REFUSED = Meaning(Verdict.REFUSED)
_SET_UP = Meaning(Verdict.SET_UP, SET_UP_WAIT, is_general=True)

MEANINGS: Mapping[int, Meaning] = {
    1: _SET_UP,  # invalidUrl: of the webhook
    2: _SET_UP,  # invalidAuthToken
    3: _REFUSED,  # badData
    4: _REFUSED,  # missingData
    NOT_REGISTERED: Meaning(Verdict.GONE),
    NOT_SUBSCRIBED: Meaning(Verdict.GONE),
    7: _SET_UP,  # publicAccountBlocked
    8: _SET_UP,  # publicAccountNotFound
    9: _SET_UP,  # publicAccountSuspended
    10: _SET_UP,  # webhookNotSet
    11: _REFUSED,  # receiverNoSuitableDevice: none that is new enough for what is sent
    12: Meaning(Verdict.LATER, THROTTLE_WAIT, is_general=True),  # tooManyRequests
    13: _REFUSED,  # apiVersionNotSupported
    14: _REFUSED,  # incompatibleWithVersion
    15: _SET_UP,  # publicAccountNotAuthorized
    16: _REFUSED,  # inchatReplyMessageNotAllowed
    17: _REFUSED,  # publicAccountIsNotInline
    18: _REFUSED,  # noPublicChat
    19: _REFUSED,  # cannotSendBroadcast
    20: _REFUSED,  # broadcastNotAllowed
    21: _REFUSED,  # unsupportedCountry
    22: _SET_UP,  # paymentUnsupported
    23: _SET_UP,  # freeMessagesQuotaExceeded
    24: _SET_UP,  # noBalance
}


def code_of(number: int) -> str:
    """As messages carry it: `viber.6`."""
    return f"{PROVIDER}.{number}"


def answer_of(number: int, wait: float | None = None) -> Answer:
    """:param wait: as the response says. Of a code of later than this table: "General error"; nothing has left."""
    meaning = MEANINGS.get(number, Meaning(Verdict.LATER, ILL_WAIT))
    longest = max((each for each in (meaning.wait, wait) if each is not None), default=None)
    is_waited = meaning.verdict in (Verdict.LATER, Verdict.SET_UP)
    return Answer(meaning.verdict, code_of(number), longest if is_waited else None, is_general=meaning.is_general)
