"""docs/smpp-peers.md, as the tables of cases have it.

Written by `PYTHONPATH=services/sms-gateway/tests python services/sms-gateway/tests/peers_document.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from esme_cases import ESME_CASES
from peer_case import Case, Elsewhere
from smsc_cases import SMSC_CASES

TESTS = Path(__file__).parent
PATH = TESTS.parents[2] / "docs/smpp-peers.md"
HEAD = """# Peers that misbehave

What an SMSC that our binds lead to, and an ESME that is bound to our server, were made to do wrong, and what became
of it. Written from the tables that the tests play (`services/sms-gateway/tests/smsc_cases.py`, `esme_cases.py`); a test
compares. Whatever a peer did, others beside it are served.
"""


def text() -> str:
    return "\n".join([
        HEAD,
        f"## An SMSC that … ({len(SMSC_CASES)})\n",
        *rows(SMSC_CASES, "unit/test_misbehaving_smscs.py::test_an_smsc_that"),
        f"\n## An ESME that … ({len(ESME_CASES)})\n",
        *rows(ESME_CASES, "integration/smpp_server/test_misbehaving_esmes.py::test_an_esme_that"),
        "",
    ])  # fmt: skip


def rows(cases: Sequence[Case | Elsewhere], player: str) -> list[str]:
    shown = [(case.does, case.finds, getattr(case, "test", player)) for case in cases]
    return [
        "| it | finds | shown by |",
        "|---|---|---|",
        *(f"| {does} | {finds} | `{test}` |" for does, finds, test in shown),
    ]


if __name__ == "__main__":
    PATH.write_text(text())
