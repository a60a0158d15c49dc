"""Whether we and flufl.bounce (Mailman's reader of bounces) say the same of each mail of its collection.

    pip download --no-deps --no-binary :all: flufl.bounce && tar xf flufl_bounce-*.tar.gz
    python bench/bounce_agreement.py flufl_bounce-*/

flufl.bounce looks for the addresses of those who failed, for good or for the time being; our return paths name them, and
we look for the reason. What is compared: failed (a permanent failure), delayed (temporary ones alone), nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from email import message_from_bytes
from pathlib import Path

from email_gateway.incoming.reading import Said, read
from email_gateway.smtp.verdicts import said_later

OURS = {Said.FAILED: "failed", Said.DELAYED: "delayed"}


def main(folder: Path, *, shows_all: bool) -> None:
    sys.path.insert(0, str(folder / "src"))
    from flufl.bounce import all_failures

    table: Counter[tuple[str, str]] = Counter()
    results: Counter[str] = Counter()
    for path in sorted((folder / "tests/data").glob("*.txt")):
        octets = path.read_bytes()
        temporary, permanent = all_failures(message_from_bytes(octets))
        theirs = "failed" if permanent else "delayed" if temporary else "nothing"
        reading = read(octets, has_null_sender=True)
        ours = OURS.get(reading.said, "nothing")
        table[theirs, ours] += 1
        result = f"{said_later(reading.reply)[0]}" if ours == "failed" and reading.reply else ""
        results[result] += bool(result)
        if ours != theirs or shows_all:
            reply = reading.reply
            said = f"{reply.code} {reply.enhanced} {reply.text[:110]}" if reply else ""
            print(f"{path.name:28} theirs {theirs:8} ours {ours:8} {reading.said:14} {result:5} {said}")
    print("\ntheirs \\ ours" + "".join(f"{name:>10}" for name in ("failed", "delayed", "nothing")))
    for theirs in ("failed", "delayed", "nothing"):
        print(f"{theirs:13}" + "".join(f"{table[theirs, ours]:>10}" for ours in ("failed", "delayed", "nothing")))
    agreed = sum(count for (theirs, ours), count in table.items() if theirs == ours)
    print(f"\nagreed on {agreed} of {sum(table.values())}; of those that failed: {dict(results)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), shows_all="--all" in sys.argv)
