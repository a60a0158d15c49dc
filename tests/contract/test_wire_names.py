"""Wire names are contracts: a rename orphans a queue and loses what lies in it, so it must show in review.

`python tests/contract/test_wire_names.py` writes the snapshot anew.
"""

import json
from pathlib import Path

from chassis.topology import event_queues
from contracts.lanes import ALL_LANES

SNAPSHOT = Path(__file__).parent / "wire_names.json"


def wire_names():
    return {
        "lanes": sorted(ALL_LANES),
        "event_queues": sorted(queue for _event, queue in event_queues()),
    }


def test_wire_names_are_those_of_the_snapshot():
    assert wire_names() == json.loads(SNAPSHOT.read_text("utf-8"))


def test_every_lane_is_consumed_and_fed():
    from system import all_sources

    text = "\n".join(all_sources().values())
    for constant in ("DELIVERY_EVENTS", "BATCHES_DONE", "lanes import ENGAGEMENT"):
        assert text.count(constant) >= 2, f"{constant} has no publisher or no consumer"
    assert text.count("channel_lane(") >= 2


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(wire_names(), indent=2) + "\n", "utf-8")
