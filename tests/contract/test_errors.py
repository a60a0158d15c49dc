"""Errors: each kind survives Nameko's wire with its numbers, and has one status at the gateway."""

import json

import pytest
from nameko.exceptions import serialize

from chassis.rpc_client import _rebuild
from contracts.errors import KINDS


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_every_kind_survives_the_wire(kind):
    raised = kind(
        "thing.wrong",
        "Zażółć",
        {"limit": 3, "share": 0.5, "none": None},
        [{"field": "a.0", "code": "b", "detail": "c"}],
    )

    rebuilt = _rebuild("service.method", json.loads(json.dumps(serialize(raised))))

    assert type(rebuilt) is kind
    assert (rebuilt.code, rebuilt.detail, rebuilt.extra, rebuilt.errors) == (
        raised.code,
        raised.detail,
        raised.extra,
        raised.errors,
    )


def test_every_kind_has_a_status():
    from api_gateway.problems import STATUS

    assert set(STATUS) >= set(KINDS.values())
