"""Who may call, from where, and how often: every refusal is a problem detail, and comes before any service is asked."""

from things import ID, ROUTES, problem_of


def test_nobody_is_logged_in(client):
    answer = client.get("/v1/things")

    problem_of(answer, 401, "session.missing")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_wrong_token(client):
    problem_of(client.get("/v1/things", headers={"Authorization": "Bearer wrong"}), 401, "session.invalid")


def test_missing_permission_is_named(client, log_in):
    answer = client.get("/v1/things", headers=log_in(permissions=["sms"]))

    assert problem_of(answer, 403, "permission.missing")["permission"] == "contacts.read"


def test_a_second_factor_that_is_due_has_a_code_of_its_own(client, log_in):
    owing = log_in(permissions=[], second_factor_due=True)

    told = problem_of(client.get("/v1/things", headers=owing), 403, "second_factor.required")
    assert "permission" not in told


def test_users_are_managed_in_a_session_only(client, services, log_in):
    services.answers["things.users"] = {}
    key = log_in("wk_1", permissions=["users", "users.manage"], kind="api_key")
    session = log_in("session", permissions=["users"])

    problem_of(client.get("/v1/users", headers=key), 403, "session.required")
    assert client.get("/v1/users", headers=session).status_code == 200


def test_operators_only(client, services, log_in, writer):
    services.answers["things.all"] = {}

    told = problem_of(client.get("/v1/operator/things", headers=writer), 403, "operator.required")
    assert "permission" not in told  # no permission makes an operator
    operator = log_in("operator", kind="operator", account_id=None)
    assert client.get("/v1/operator/things", headers=operator).status_code == 200


def test_operators_come_from_their_list_alone(make_client, services, log_in):
    services.answers |= {"things.all": {}, "identity.list_sessions": {"items": [], "next_cursor": None}}
    operator = log_in("operator", kind="operator", account_id=None)
    user = log_in("user", permissions=["contacts"])
    proxied = {"trusted_proxies": ("127.0.0.0/8",), "operator_networks": ("192.0.2.0/24",)}
    listed, elsewhere = {"X-Forwarded-For": "192.0.2.7"}, {"X-Forwarded-For": "198.51.100.7"}
    client = make_client(ROUTES, **proxied)
    assert client.get("/v1/operator/things", headers={**operator, **listed}).status_code == 200
    problem_of(client.get("/v1/operator/things", headers={**operator, **elsewhere}), 403, "address.not_allowed")

    client = make_client(**proxied)  # whoever holds an operator's token gets nowhere, and users notice nothing
    attempt = {"login": "dyzurny1", "password": "x", "totp": "000000"}
    guess = client.post("/v1/operator/sessions", json=attempt, headers=elsewhere)
    problem_of(guess, 403, "address.not_allowed")
    problem_of(client.get("/v1/sessions", headers={**operator, **elsewhere}), 403, "address.not_allowed")
    assert client.get("/v1/sessions", headers={**user, **elsewhere}).status_code == 200
    assert services.asked("identity.create_operator_session") == []


def test_operator_has_no_account_of_its_own(client, log_in):
    operator = log_in("operator", kind="operator", account_id=None)

    problem_of(client.get("/v1/things", headers=operator), 403, "account.required")
    problem_of(client.get("/v1/campaigns", headers=operator), 403, "account.required")


def test_account_address_rules(client, log_in):
    panel = log_in("panel", permissions=["contacts"], ip_rules={"panel": ["192.0.2.0/24"], "api": []})
    key = log_in("key", permissions=["contacts"], kind="api_key", key_ip_list=["192.0.2.1"])

    problem_of(client.get("/v1/things", headers=panel), 403, "address.not_allowed")
    problem_of(client.get("/v1/things", headers=key), 403, "address.not_allowed")


def test_global_address_rules_come_before_everything(make_client, services):
    client = make_client(ROUTES, blocked_networks=("127.0.0.1",))

    problem_of(client.get("/v1/things", headers={"Authorization": "Bearer x"}), 403, "address.not_allowed")
    assert services.calls == []


def counting_lease():
    used = {}

    def lease(subject, start, wanted, limit):
        before = used.get(subject, 0)
        granted = min(wanted, limit - before)
        used[subject] = before + granted
        return granted, limit - before - granted

    return lease


def test_rate_limit_of_an_account(make_client, services, writer):
    services.answers["things.get"] = {}
    client = make_client(ROUTES, account_rate=2, lease=counting_lease())

    answers = [client.get(f"/v1/things/{ID}", headers=writer) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit-Limit"] == "2"
    assert answers[1].headers["RateLimit-Remaining"] == "0"
    told = problem_of(answers[2], 429, "rate.limited")
    assert answers[2].headers["Retry-After"] == answers[2].headers["RateLimit-Reset"] == str(told["retry_after"])


def test_rate_limit_of_an_address_before_login(make_client, services):
    client = make_client(ROUTES, address_rate=2, lease=counting_lease())
    services.answers["things.sign_up"] = {}

    statuses = [client.get("/v1/things", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(3)]

    assert statuses == [401, 401, 429]
    assert len(services.calls) == 2
    assert client.post("/v1/sign-ups", json={"name": "a"}).status_code == 429


def test_rate_limit_of_a_key(make_client, services, log_in):
    services.answers["things.get"] = {}
    key = log_in("wk_1", permissions=["contacts"], kind="api_key")
    client = make_client(ROUTES, key_rate=1, lease=counting_lease())

    assert [client.get(f"/v1/things/{ID}", headers=key).status_code for _ in range(2)] == [200, 429]


def test_client_address_comes_through_trusted_proxies_only(make_client, services, writer):
    services.answers["things.get"] = {}
    forwarded = {**writer, "X-Forwarded-For": "203.0.113.9"}

    make_client(ROUTES).get(f"/v1/things/{ID}", headers=forwarded)
    make_client(ROUTES, trusted_proxies=("127.0.0.1",)).get(f"/v1/things/{ID}", headers=forwarded)

    assert [actor["address"] for actor, _payload in services.asked("things.get")] == ["127.0.0.1", "203.0.113.9"]
