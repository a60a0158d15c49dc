"""Who has one service or a place on the bus has not the others: forged actors, forged messages, others' passwords."""

import stat
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import pika
import pika.exceptions
import psutil
import psycopg
import pytest
from journey import Journey

from chassis.testing import wait_until
from chassis.topology import reply_key, reply_queue

SERVICES = ("identity", "contacts", "campaigns", "sms_gateway", "email_gateway", "reporting", "api_gateway")
REPLY_SECONDS = 10


def package_of(process):
    return "wici_simulators" if process.startswith("simulator.") else process.partition(".")[0]


@pytest.fixture(scope="module")
def processes(system):
    """Every process of the Procfile, the simulators too, with those that it has started."""
    found = {}
    for name, pid in system.pids().items():
        if name not in ("PostgreSQL", "RabbitMQ"):
            found[name] = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return found


# --- what a process knows


def test_a_process_knows_its_own_database_and_its_own_user_of_the_broker_and_no_others(processes, environ):
    known = {name: [process.environ() for process in family] for name, family in processes.items()}

    for name, family in known.items():
        own = environ.get(f"{package_of(name).upper()}_DATABASE_URL")
        for environment in family:
            values = " ".join(environment.values())
            others = {environ[f"{service.upper()}_DATABASE_URL"] for service in SERVICES} - {own}
            passwords = {psycopg.conninfo.conninfo_to_dict(url)["password"] for url in others}
            assert not [password for password in passwords if password in values], name
            assert environ["WICI_DATABASE_PASSWORD"] not in values, f"{name} knows the superuser's password"
            assert environ["WICI_BROKER_PASSWORD"] not in values, f"{name} knows the broker's administrator"


def test_every_service_has_a_password_of_its_own(environ):
    urls = [environ[f"{service.upper()}_{kind}"] for service in SERVICES for kind in ("DATABASE_URL", "AMQP_URL")]

    assert len({urlsplit(url).password for url in urls}) == len(urls)


def test_what_lies_in_the_systems_folder_is_its_owners_alone(environ):
    run, others = Path(environ["WICI_RUN"]), stat.S_IRWXG | stat.S_IRWXO
    ours = [path for path in run.rglob("*") if not path.is_relative_to(run / "postgres") and not path.is_symlink()]

    assert [path for path in ours if path.stat().st_mode & others] == []
    assert not run.stat().st_mode & (stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH)


def test_nothing_listens_on_other_addresses_than_this_machines_own(processes):
    listening = {
        (name, connection.laddr)
        for name, family in processes.items()
        for process in family
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }

    assert {address for address in listening if address[1].ip not in ("127.0.0.1", "::1")} == set()


# --- the database


def test_a_services_password_opens_no_other_database(environ):
    for mine in SERVICES:
        for theirs in SERVICES:
            if mine == theirs:
                continue
            url = psycopg.conninfo.conninfo_to_dict(environ[f"{mine.upper()}_DATABASE_URL"])
            url["dbname"] = psycopg.conninfo.conninfo_to_dict(environ[f"{theirs.upper()}_DATABASE_URL"])["dbname"]
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(**url)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_cannot_change_its_own_tables(environ, service):
    with psycopg.connect(environ[f"{service.upper()}_DATABASE_URL"], autocommit=True) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
        for (table,) in tables:
            for statement in ("ALTER TABLE {} ADD COLUMN mine text", "DROP TABLE {}", "TRUNCATE {}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.format(table))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.mine ()")


# --- the bus


class OnTheBus:
    """Somebody with a user of the broker, who writes messages by hand."""

    def __init__(self, url):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.user = urlsplit(url).username

    def try_to(self, do):
        """`do(channel)` on a channel of its own; raises what the broker says."""
        channel = self.connection.channel()
        channel.confirm_delivery()
        try:
            return do(channel)
        finally:
            if channel.is_open:
                channel.close()

    def call(self, method, actor, payload):
        """The answer to an RPC, as Nameko gives it."""
        channel, client = self.connection.channel(), (self.user, str(uuid4()))
        key, queue = reply_key(*client), reply_queue(*client)
        channel.queue_declare(queue, exclusive=True, auto_delete=True)
        channel.queue_bind(queue, "nameko-rpc", routing_key=key)
        body = orjson.dumps({"args": [actor, payload], "kwargs": {}})
        properties = pika.BasicProperties(content_type="application/json", reply_to=key, correlation_id=key)
        channel.basic_publish("nameko-rpc", method, body, properties)
        answers = (body for _method, _properties, body in channel.consume(queue, inactivity_timeout=REPLY_SECONDS))
        answer = next(answers)
        assert answer is not None, "no answer"
        return orjson.loads(answer)


@pytest.fixture
def on_the_bus(environ):
    opened = []

    def as_user(service):
        opened.append(OnTheBus(environ[f"{service.upper()}_AMQP_URL"]))
        return opened[-1]

    yield as_user
    for one in opened:
        one.connection.close()


FORGED = (
    {"operator_id": str(uuid4())},
    {"operator_id": str(uuid4()), "service": "api_gateway"},
    {"operator_id": str(uuid4()), "seal": "k1:9999999999:identity.set_plan:AAAA"},
)


@pytest.mark.parametrize("actor", FORGED)
def test_a_made_up_operator_moves_no_account_to_enterprise(on_the_bus, environ, actor):
    stranger = Journey(environ)
    stranger.register()
    asked = {"account_id": stranger.account_id, "plan": "enterprise", "reason": "Mine"}

    answer = on_the_bus("api_gateway").call("identity.set_plan", actor, asked)

    assert answer["error"]["exc_args"][0] == "actor.unverified"
    assert stranger.api.get("/v1/account")["plan"]["code"] != "enterprise"


def test_a_made_up_account_reads_nobodys_contacts(on_the_bus, journey):
    answer = on_the_bus("api_gateway").call("contacts.list_contacts", {"account_id": journey.account_id}, {"limit": 10})

    assert answer["error"]["exc_args"][0] == "actor.unverified"


FORGED_MESSAGES = {
    "a batch of mail": ("contacts", "wici.lanes", "lane.email.bulk"),
    "a delivery that was none": ("campaigns", "wici.lanes", "lane.reporting.delivery_events"),
    "an account that closes": ("reporting", "identity.events", "account_closed"),
    "another's queue": ("contacts", "", "lane.email.bulk"),
    "a request past the exchange": ("reporting", "", "rpc-identity"),
    "a question of its neighbours'": ("sms_gateway", "nameko-rpc", "identity.set_plan"),
}


@pytest.mark.parametrize("forged", FORGED_MESSAGES)
def test_a_service_puts_nothing_where_others_write(on_the_bus, forged):
    service, exchange, key = FORGED_MESSAGES[forged]

    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        on_the_bus(service).try_to(lambda channel: channel.basic_publish(exchange, key, b"{}"))


def listen_to(channel, routing_key):
    queue = reply_queue("wici_campaigns", str(uuid4()))
    channel.queue_declare(queue, exclusive=True)
    channel.queue_bind(queue, "nameko-rpc", routing_key=routing_key)


TAKEN = {
    "calls to everybody": lambda channel: listen_to(channel, "#"),
    "answers to the gateway": lambda channel: listen_to(channel, reply_key("wici_api_gateway", str(uuid4()))),
    "answers to everybody": lambda channel: listen_to(channel, "reply.#"),
    "the name of another's answers": lambda channel: channel.queue_declare(
        reply_queue("wici_api_gateway", str(uuid4())), durable=True
    ),
    "another's work": lambda channel: channel.basic_get("lane.email.bulk"),
    "another's calls": lambda channel: channel.basic_get("rpc-identity"),
    "another's events": lambda channel: channel.basic_get("evt-identity-account_closed--contacts.erase_account"),
    "what others dropped": lambda channel: channel.basic_get("dead.lane.email.bulk"),
    "a queue": lambda channel: channel.queue_delete("lane.email.bulk"),
    "the exchange of calls": lambda channel: channel.exchange_delete("nameko-rpc"),
}


@pytest.mark.parametrize("taken", TAKEN)
def test_a_service_takes_nothing_that_is_others(on_the_bus, taken):
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        on_the_bus("campaigns").try_to(TAKEN[taken])


def test_there_is_no_guest(environ):
    parameters = pika.URLParameters(environ["AMQP_URL"])
    parameters.credentials = pika.PlainCredentials("guest", "guest")

    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(parameters)


def test_the_whole_job_still_runs(journey):
    """Each wall leaves its gates open: a message goes out, its receipt comes back and stands in the log."""
    journey.api.post("/v1/sms", {"from": "Wici", "to": ["+48600100200"], "text": "Dzień dobry"})

    def states():
        return [message["state"] for message in journey.api.pages("/v1/messages")]

    wait_until(lambda: states() == ["delivered"], what="the receipt")
