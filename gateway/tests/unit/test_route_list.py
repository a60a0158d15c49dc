import pytest

from api_gateway import route_list
from api_gateway.routes import all_routes


@pytest.mark.parametrize("arguments", [[], ["--markdown"]])
def test_every_route_is_listed_with_who_may_call_it(arguments, capsys):
    assert route_list.main(arguments) == 0
    printed = capsys.readouterr().out

    for route in all_routes():
        assert route.template in printed
    assert len(route_list.rows()) == len(all_routes())


@pytest.mark.parametrize(
    ("method", "path", "permission", "by"),
    [
        ("POST", "/v1/sessions", "public", "anybody"),
        ("PUT", "/v1/users/{user_id}/permissions", "users.manage", "session"),
        ("POST", "/v1/sms", "sms.send", "session, key"),
        ("GET", "/v1/campaigns", "anyone → sms.campaigns.read", "session, key"),
        ("POST", "/v1/campaigns/{campaign_id}/report/groups", "reports.read → contacts.write", "session, key"),
        ("GET", "/v1/operator/accounts", "–", "operator"),
    ],
)
def test_a_route_says_what_it_needs(method, path, permission, by):
    assert (method, path, permission, by) in route_list.rows()
