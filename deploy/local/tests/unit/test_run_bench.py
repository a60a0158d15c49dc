"""`make bench` gives each benchmark what it says that it needs."""

from __future__ import annotations

import run_bench


def test_what_asks_for_the_system_is_run_on_it() -> None:
    asking = {path.name for path in run_bench.BENCHES.glob("*.py") if "make up &&" in path.read_text(encoding="utf-8")}

    assert asking <= run_bench.ON_THE_SYSTEM.keys()
