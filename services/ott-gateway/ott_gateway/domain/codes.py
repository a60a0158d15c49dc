"""What WhatsApp's error codes mean for a message.

https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes, read in November 2026. The titles are not
told to anybody: WhatsApp says that only the codes stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channel.providers.answers import Answer, Verdict

PROVIDER = "whatsapp"
PAIR_WAIT = 6.0  # seconds: one message every six to the same person, after a burst
THROTTLE_WAIT = 5.0
SPAM_WAIT = 900.0  # the number has been reported too often, and is slowed down for long
SET_UP_WAIT = 60.0
ILL_WAIT = 10.0

WINDOW_CLOSED = 131047
NOT_REACHABLE = 131026
STOPPED_MARKETING = 131050  # the person has told WhatsApp itself


@dataclass(frozen=True, slots=True)
class Meaning:
    """:ivar wait: seconds. :ivar is_general: of all messages of the number, not of this one alone."""

    verdict: Verdict
    wait: float | None = None
    is_general: bool = False


_REFUSED = Meaning(Verdict.REFUSED)
_SET_UP = Meaning(Verdict.SET_UP, SET_UP_WAIT, is_general=True)
_THROTTLED = Meaning(Verdict.LATER, THROTTLE_WAIT, is_general=True)
_ILL = Meaning(Verdict.LATER, ILL_WAIT, is_general=True)

MEANINGS: Mapping[int, Meaning] = {
    # who we are
    0: _SET_UP,  # the token is not taken
    3: _SET_UP,  # the token lacks the right
    10: _SET_UP,
    190: _SET_UP,  # the token has expired
    **dict.fromkeys(range(200, 300), _SET_UP),
    131005: _SET_UP,
    # how often
    4: _THROTTLED,  # of the app
    80007: _THROTTLED,  # of the business account
    130429: _THROTTLED,  # of the number's throughput
    131048: Meaning(Verdict.LATER, SPAM_WAIT, is_general=True),
    131056: Meaning(Verdict.LATER, PAIR_WAIT),
    133016: _THROTTLED,
    # whether we may
    368: _SET_UP,  # blocked for a while, for its policies
    130497: _REFUSED,  # this business may not write to that country
    131031: _SET_UP,  # locked
    131037: _SET_UP,  # the display name is not approved
    131042: _SET_UP,  # nothing is paid for
    131045: _SET_UP,  # the number's certificate
    # whether WhatsApp can
    1: Meaning(Verdict.LATER, ILL_WAIT),
    2: _ILL,
    131000: Meaning(Verdict.LATER, ILL_WAIT),
    131016: _ILL,
    131057: _ILL,  # maintenance
    133004: _ILL,
    # the message
    33: _SET_UP,  # the number is deleted
    100: _REFUSED,
    130472: _REFUSED,  # an experiment of WhatsApp's
    131008: _REFUSED,
    131009: _REFUSED,
    131021: _REFUSED,  # to itself
    NOT_REACHABLE: Meaning(Verdict.GONE),
    131030: _REFUSED,  # a test number, and not one of its five recipients
    WINDOW_CLOSED: _REFUSED,
    131049: _REFUSED,  # too many of others' advertisements today; sending again at once makes it worse
    STOPPED_MARKETING: _REFUSED,
    131051: _REFUSED,
    131052: _REFUSED,
    131053: _REFUSED,  # media that cannot be fetched
    135000: _REFUSED,
    # the template
    132000: _REFUSED,  # the number of parameters
    132001: _REFUSED,  # there is none of the name and language
    132005: _REFUSED,  # too long
    132007: _REFUSED,
    132012: _REFUSED,
    132015: _REFUSED,  # paused
    132016: _REFUSED,  # disabled
    132068: _REFUSED,
    132069: _REFUSED,
    # the number's registration
    **dict.fromkeys((133000, 133005, 133006, 133008, 133009, 133010, 133015), _SET_UP),
}


def code_of(number: int) -> str:
    """As messages carry it: `whatsapp.131026`."""
    return f"{PROVIDER}.{number}"


def answer_of(number: int, wait: float | None = None) -> Answer | None:
    """None: of a code that nobody knows nothing is said. :param wait: as the response says, which is the longer one."""
    meaning = MEANINGS.get(number)
    if meaning is None:
        return None
    waits = [each for each in (meaning.wait, wait) if each is not None] if meaning.verdict is Verdict.LATER else []
    return Answer(
        meaning.verdict, code_of(number), max(waits) if waits else meaning.wait, is_general=meaning.is_general
    )
