"""Who says what to whom is declared as it is done: the broker refuses the rest."""

import fnmatch
import re

import pytest
from system import PACKAGES, all_sources, imported_from, source_of
from test_rpc import called

from chassis.bus import grants_of
from chassis.topology import LANES
from contracts import lanes
from contracts.channel import CHANNELS
from contracts.neighbours import BROADCASTS, CALLS, LANE_READERS, LANE_WRITERS

CHANNEL_SERVICES = {facts.service for facts in CHANNELS.values()}


def services_of(path):
    """Whose calls stand in a source: a library's are those of the services that use it."""
    if path.startswith("libs/channel/"):
        return CHANNEL_SERVICES
    if path.startswith("libs/"):
        return set()
    return {package for package in PACKAGES if path in source_of(package)}


def test_every_service_is_a_neighbour():
    assert set(CALLS) == set(PACKAGES)
    assert set(LANE_READERS) == set(LANE_WRITERS) == set(lanes.ALL_LANES)


@pytest.mark.parametrize("service", [service for service in CALLS if CALLS[service] != ("*",)])
def test_a_service_may_make_the_calls_that_it_makes_and_no_others(service):
    made = {name for name, paths in called().items() for path in paths if service in services_of(path)}
    declared = set(CALLS[service])

    assert {name for name in made if not fnmatch.filter(declared, name)} == set()
    assert {name for name in declared if not any(fnmatch.fnmatch(name, one) for one in made)} == set()


def test_who_writes_or_takes_a_lane_by_its_name_may():
    """Lanes of channels are named by `channel_lane`; what channels have in common stands in libs/channel."""
    names = {name: value for name, value in vars(lanes).items() if value in lanes.ALL_LANES}
    for path, text in all_sources().items():
        if "/migrations/" in path:
            continue
        imported, _modules = imported_from(text, "contracts.lanes")
        used = {names[name] for name in imported.values() if name in names}
        used |= {value for name, value in names.items() if re.search(rf"\blanes\.{name}\b", text)}
        for service in services_of(path):
            for lane in used:
                assert service == LANE_READERS[lane] or service in LANE_WRITERS[lane], f"{path} names {lane}"


def test_who_hears_a_broadcast_is_named():
    heard = {package for package in PACKAGES for text in source_of(package).values() if "broadcast=True" in text}

    assert heard | {"api_gateway"} == {service for services in BROADCASTS.values() for service in services}


def test_grants_name_whole_names_and_are_narrow():
    reporting, gateway = grants_of("reporting"), grants_of("api_gateway")

    assert re.match(reporting.read, "lane.reporting.delivery_events")
    assert re.match(reporting.topics["nameko-rpc"][0], "contacts.begin_report_group")
    for name in ("lane.sms.bulk", "rpc-contacts", "amq.default", "dead.lane.reporting.delivery_events", ""):
        assert not re.match(reporting.read, name)
        assert not re.match(reporting.write, name)
    for name in ("identity.set_plan", "contacts.begin_report_group.x", "contactsxbegin_report_group", "#", "*.*"):
        assert not re.match(reporting.topics["nameko-rpc"][0], name)
    for service in ("sms_gateway", "api_gateway"):
        assert re.match(grants_of(service).topics[LANES][0], lanes.ORDINARY_EVENTS)
    # A reader parks what it takes out of its own lane's messages, and nothing of another's.
    assert re.match(reporting.topics[LANES][0], "dead.lane.reporting.delivery_events")
    assert not re.match(reporting.topics[LANES][0], "dead.lane.sms.bulk")
    assert re.match(gateway.topics["nameko-rpc"][0], "identity.set_plan")
    for name in ("#", "*", "identity.*", "identity.set_plan"):
        assert not re.match(gateway.topics["nameko-rpc"][1], name)
