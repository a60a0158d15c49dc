"""What a message costs of the processor is told in every run; a change for the worse is a warning, and no failure."""

import sys
import warnings
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.insert(0, str(BENCH))
import cpu_guard  # noqa: E402
from campaign import people  # noqa: E402


@pytest.mark.filterwarnings("default::UserWarning")
def test_what_a_message_costs_is_told(system, journey, tmp_path, record_property):
    people(tmp_path / "people.csv", cpu_guard.MESSAGES)
    group_id = journey.import_contacts(tmp_path / "people.csv", group="Wszyscy")["group_ids"][0]

    found = cpu_guard.measured(journey, group_id, system.pids())

    for name, micro in found.items():
        record_property(name, micro)
    for words in cpu_guard.dearer(found, cpu_guard.Table.read().at(cpu_guard.pace())):
        warnings.warn(words, stacklevel=1)
    assert found["all"] > 0


def test_a_process_that_costs_a_fifth_more_is_named():
    table = {"campaigns.dispatcher": 100.0, "reporting": 2.0, "all": 400.0}

    (words,) = cpu_guard.dearer({"campaigns.dispatcher": 121.0, "reporting": 9.0, "all": 440.0}, table)

    assert words == "campaigns.dispatcher: 121 µs a message, +21% to bench/cpu.json"


def test_a_machine_of_half_the_pace_may_take_twice_as_long():
    table = cpu_guard.Table(costs={"campaigns.dispatcher": 100.0}, pace=5.0)

    assert cpu_guard.dearer({"campaigns.dispatcher": 210.0}, table.at(10.0)) == []
    assert cpu_guard.dearer({"campaigns.dispatcher": 121.0}, table.at(5.0)) != []
