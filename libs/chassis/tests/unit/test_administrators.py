"""An administrator's password may have any character: it need not stand in a URL."""

from urllib.parse import unquote, urlsplit

import pytest

from chassis.bus import with_password


@pytest.mark.parametrize("password", ["simple", "p@ss/w:rd?#[ó]", "100 %", "%41", "a'b\"c$d"])
def test_it_is_taken_as_it_is(password):
    url = with_password("amqp://wici@rabbitmq:5671/%2F", {"WICI_BROKER_PASSWORD": password})

    parts = urlsplit(url)
    assert (parts.hostname, parts.port, parts.path, parts.username) == ("rabbitmq", 5671, "/%2F", "wici")
    assert unquote(parts.password) == password


def test_one_that_stands_in_the_url_stays():
    url = "http://wici:own@rabbitmq:15672"

    assert with_password(url, {"WICI_BROKER_PASSWORD": "another"}) == url
