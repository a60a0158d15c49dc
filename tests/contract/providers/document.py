"""docs/provider-peers.md, as the tables of cases have it.

Written by `PYTHONPATH=tests/contract python -m providers.document`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .apns_cases import APNS_CASES
from .bench import FCM, RCS, VIBER, WEB, WHATSAPP
from .cases import CASES, OWN, TOKEN_CASES, Case, cases_of
from .hook_cases import HOOK_CASES
from .tls_cases import TLS_CASES

ROOT = Path(__file__).parents[3]
PATH = ROOT / "docs/provider-peers.md"
OVER_HTTP1 = (FCM, WEB, RCS, WHATSAPP, VIBER)
OVER_HTTP1 = (FCM, WEB, RCS, WHATSAPP, VIBER)
HEAD = """# Providers that misbehave

What FCM, APNs, push services of browsers, Google's RCS, WhatsApp and Viber were made to do wrong, each on a raw socket
before our real client and outlet, and what became of the message. Written from the tables that the tests play
(`tests/contract/providers/`); a test compares. After each of them the provider is well again, and another account's
message over the same client is taken: nobody is held up by what another one met. Nobody is ever led to another server,
and no cookie goes out.

- **taken**: it counts as submitted, of push as delivered.
- **unknown**: it may have been taken. A campaign's message is `unknown` and is not sent again; a single one is. Of RCS
  both are, under the id that Google knows ([0143](decisions/0143-an-rcs-message-is-sent-until-it-is-heard.md)).
- **waits**: nothing has left, or it was refused for now. It is sent again by the schedule, or when the provider says.
- **refused**: it ends as rejected, and nothing is remembered of the person.
- **gone**: it ends as rejected, and the device is dropped, the phone counts as not reached, or the subscriber as gone.
  Only the provider's own word makes that.
- **unknown or waits**: by which packet comes first; never taken.

An answer has the time of the channel's `..._TIMEOUT_SECONDS`, all of it, and a megabyte
([0265](decisions/0265-answers-come-whole-or-not-at-all.md)).
"""
MANY = """
Beside these, of many messages at once (`tests/contract/test_misbehaving_apns.py`): answers in another order are each
message's own; one stream at a time is enough for all; a window that opens by octets is waited for, and what none lets
out has not left; of the streams that a GOAWAY names what may have been taken is unknown; one silent stream ends alone;
streams that are allowed no more go over a new connection."""


def text() -> str:
    counts = ", ".join(f"{one.name} {len(cases_of(one))}" for one in OVER_HTTP1)
    return "\n".join([
        HEAD,
        f"## A provider over HTTP/1.1 that … ({counts})\n",
        *_table(CASES),
        "\nIn words of their own:\n",
        *_table(OWN),
        f"\n## A token endpoint of Google's (FCM, RCS) that … ({len(TOKEN_CASES)})\n",
        "Without a token nothing leaves, so that nothing is unknown.\n",
        *_rows(TOKEN_CASES),
        f"\n## An APNs over HTTP/2 that … ({len(APNS_CASES)})\n",
        *_rows(APNS_CASES),
        MANY,
        f"\n## A provider that before anything has left … ({len(TLS_CASES)})\n",
        "The message waits, of whichever provider (`tests/contract/test_misbehaving_tls.py`).\n",
        "| it | shown by |", "|---|---|",
        *(f"| {does} | `{test}` |" for does, test in TLS_CASES),
        f"\n## Who calls a hook and … ({len(HOOK_CASES)})\n",
        "| it | finds | shown by |", "|---|---|---|",
        *(f"| {does} | {finds} | {'<br>'.join(f'`{test}`' for test in tests)} |" for does, finds, tests in HOOK_CASES),
        "",
    ])  # fmt: skip


def _table(some: Sequence[Case]) -> list[str]:
    return [
        "| it | message | of |", "|---|---|---|",
        *(f"| {case.does} | {case.finds} | {_of(case)} |" for case in some),
    ]  # fmt: skip


def _of(case: Case) -> str:
    named = [one.name for one in OVER_HTTP1 if one in case.only and one not in case.without]
    return "all" if len(named) == len(OVER_HTTP1) else ", ".join(named)


def _rows(some: Sequence[Any]) -> list[str]:
    return ["| it | message |", "|---|---|", *(f"| {case.does} | {case.finds} |" for case in some)]


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
