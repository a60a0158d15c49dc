"""What a partner's server is told (RFC 5321, enhanced codes by RFC 3463 and RFC 5248)."""

from __future__ import annotations

from typing import NamedTuple

from contracts.errors import (
    Forbidden,
    Invalid,
    PlanLimit,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    WiciError,
)


class Answer(NamedTuple):
    """A reply; `ends` closes the connection after it. Of those that refuse only so many go by, but for who does not
    `counts`."""

    code: int
    enhanced: str
    text: str
    ends: bool = False
    counts: bool = True

    @property
    def is_fault(self) -> bool:
        return self.code >= 500 and self.counts

    def line(self) -> bytes:
        return f"{self.code} {self.enhanced} {self.text}\r\n".encode("ascii", "replace")


OK = Answer(250, "2.0.0", "OK")
RESET = Answer(250, "2.0.0", "Flushed")
BYE = Answer(221, "2.0.0", "Bye", ends=True)
NOT_VERIFIED = Answer(252, "2.5.0", "Send some mail, and it will be seen")
UNKNOWN = Answer(502, "5.5.1", "No such command")
BAD_LINE = Answer(500, "5.5.2", "Lines end with CRLF and hold neither CR nor LF nor NUL")
LINE_TOO_LONG = Answer(500, "5.5.6", "Line too long", ends=True)
BAD_SYNTAX = Answer(501, "5.5.4", "Syntax error in parameters")
BAD_PARAMETER = Answer(555, "5.5.4", "Parameter not known")
BAD_SEQUENCE = Answer(503, "5.5.1", "Bad sequence of commands")
NO_HELLO = Answer(503, "5.5.1", "Say EHLO first")
NEEDS_TLS = Answer(530, "5.7.0", "Must issue a STARTTLS command first")
NEEDS_ENCRYPTION = Answer(538, "5.7.11", "Encryption required for AUTH")
NEEDS_LOGIN = Answer(530, "5.7.0", "Authentication required")
IN_TLS = Answer(503, "5.5.1", "TLS is active already")
INJECTED = Answer(501, "5.5.1", "Nothing may follow STARTTLS", ends=True)
GO_AHEAD_TLS = Answer(220, "2.0.0", "Ready to start TLS")
LOGGED_IN = Answer(235, "2.7.0", "Authentication successful")
LOGIN_REFUSED = Answer(535, "5.7.8", "Authentication credentials invalid")
NO_MECHANISM = Answer(504, "5.5.4", "Mechanism not known: PLAIN and LOGIN are")
CANCELLED = Answer(501, "5.7.0", "Authentication cancelled")
NOT_BASE64 = Answer(501, "5.5.2", "Not base64")
SENDER_OK = Answer(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Answer(250, "2.1.5", "Recipient OK")
BAD_SENDER = Answer(553, "5.1.7", "Not a valid sender address")
BAD_RECIPIENT = Answer(553, "5.1.3", "Not an address that mail can be sent to")
NOT_ASCII = Answer(553, "5.6.7", "The part before @ must be of ASCII characters")
TOO_MANY_RECIPIENTS = Answer(452, "4.5.3", "Too many recipients")
NO_RECIPIENTS = Answer(554, "5.5.1", "No valid recipients")
CHUNK_KEPT = Answer(250, "2.0.0", "Go on")
TOO_LARGE = Answer(552, "5.3.4", "Message too large")
NO_ROOM = Answer(452, "4.3.1", "Too much mail is being received, try again later")
GO_AHEAD = Answer(354, "", "End data with <CR><LF>.<CR><LF>")
TOO_SLOW = Answer(421, "4.4.2", "Timeout, closing connection", ends=True)
TOO_MANY_ERRORS = Answer(421, "4.7.0", "Too many errors, closing connection", ends=True)
TOO_MANY_CONNECTIONS = Answer(421, "4.7.0", "Too many connections, try again later", ends=True)
STOPPING = Answer(421, "4.3.2", "Service is stopping, try again", ends=True)
FAILED = Answer(451, "4.3.0", "Not now, try again later")

_BY_CODE = {
    "account.suspended": Answer(525, "5.7.13", "The account is suspended", ends=True),
    "smtp_account.refused": LOGIN_REFUSED._replace(ends=True),
}


def answer_to(error: BaseException) -> Answer:
    """What an error means for the peer; one that nobody foresaw is worth another try."""
    if not isinstance(error, WiciError):
        return FAILED
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    text = "".join(each if " " <= each <= "~" else "?" for each in error.detail)[:300]
    if isinstance(error, TooManyRequests):
        return Answer(450, "4.7.1", text)
    if isinstance(error, Unavailable):
        return Answer(451, "4.3.0", text)
    if isinstance(error, Unauthenticated):
        return LOGIN_REFUSED
    if isinstance(error, PlanLimit | Forbidden):
        return Answer(550, "5.7.1", text)
    if isinstance(error, Invalid):
        return Answer(550, "5.6.0", text)
    return Answer(451, "4.3.0", text)
