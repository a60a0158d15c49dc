"""Events: every version ever published still loads, all published are declared, all handled are published."""

import json
from pathlib import Path

import pytest
from system import SERVICES, calls, imported_from, resolved, service_class, source_of

from contracts import events

# `outbox.record`, `outbox.record_at` and `acts.record`; `broker.publish_event`; what an inbox is given, it publishes.
PUBLISHING = {"record", "record_at", "publish_event", "Inbox"}
SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize("event", events.EVENTS, ids=lambda event: f"{event.source}.{event.name}")
def test_every_frozen_sample_of_an_event_loads(event):
    """A sample is written once, when the event's shape is released, and never changed."""
    samples = sorted(SAMPLES.glob(f"{event.source}.{event.name}*.json"))

    assert samples, f"freeze a sample: tests/contract/samples/{event.source}.{event.name}.json"
    for sample in samples:
        loaded = event.schema().load(json.loads(sample.read_text("utf-8")))
        again = event.schema().load(json.loads(json.dumps(event.schema().dump(loaded))))
        assert again == loaded


def published_by(package):
    """The constants of the events that a package's sources hand to what publishes them."""
    found = set()
    for text in source_of(package).values():
        names = imported_from(text, "contracts.events")
        for callee, arguments in calls(text):
            if callee in PUBLISHING:
                found |= {resolved(argument, *names) for argument in arguments}
    return found


@pytest.mark.parametrize("event", events.EVENTS, ids=lambda event: f"{event.source}.{event.name}")
def test_every_event_has_a_publisher(event):
    constant = next(name for name, value in vars(events).items() if value is event)

    assert constant in published_by(event.source), f"{event.source}: {constant}"


@pytest.mark.parametrize("service", SERVICES)
def test_handlers_are_those_that_the_contracts_name(service):
    """Both ways: a handler that is not declared does not start; a declared one that is missing fills a queue."""
    from chassis.entrypoints import EventHandler

    declared = {
        (event.name, subscription.split(".")[1])
        for event, subscriptions in events.SUBSCRIPTIONS.items()
        for subscription in subscriptions
        if subscription.split(".")[0] == service
    }
    handled = set()
    cls = service_class(service)
    for name in dir(cls):
        for entrypoint in getattr(getattr(cls, name), "nameko_entrypoints", ()):
            if isinstance(entrypoint, EventHandler) and not entrypoint.broadcast:
                handled.add((entrypoint.event.name, name))

    assert handled == declared
