"""Servers as installations have them: TLS with certificates of our own, users made over the management interface."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pika
import pika.exceptions
import pytest
import sqlalchemy
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from environment import free_port
from private_servers import STOP, run

from chassis import bus
from chassis.amqp import parameters_of
from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.rpc_client import RpcClient
from chassis.testing import ACTOR_KEYS, RunningProcess
from chassis.testing import free_port as ours
from contracts.errors import Unavailable
from contracts.lanes import DELIVERY_EVENTS, ENGAGEMENT

START = """
import json, sys
from pathlib import Path
import environment, postgres, rabbitmq, system
folder, port, management_port, programs = sys.argv[1:]
postgres.find_programs = lambda: Path(programs)
system.make_folders()
keys = {name: f"{folder}/{name}.pem" for name in ("server", "key", "ca")}
Path(folder).chmod(0o711)
own_key = Path(folder, "postgres-key.pem")
own_key.write_bytes(Path(keys["key"]).read_bytes())
own_key.chmod(0o600)
postgres.give_away(own_key)
postgres.give_away(Path(keys["server"]))
postgres.SETTINGS |= {"ssl": "on", "ssl_cert_file": keys["server"], "ssl_key_file": str(own_key)}
plain = rabbitmq.write_configuration
def with_tls(*arguments):
    plain(*arguments)
    with (rabbitmq.HOME / "rabbitmq.conf").open("a") as file:
        file.write(f"listeners.ssl.1 = 127.0.0.1:{port}\\nssl_options.cacertfile = {keys['ca']}\\n")
        file.write(f"ssl_options.certfile = {keys['server']}\\nssl_options.keyfile = {keys['key']}\\n")
        file.write(f"management.tcp.ip = 127.0.0.1\\nmanagement.tcp.port = {management_port}\\n")
    (rabbitmq.HOME / "enabled_plugins").write_text("[rabbitmq_management].\\n")
rabbitmq.write_configuration = with_tls
environ, _ = system.servers()
import chassis.bus
chassis.bus.declare(environ["AMQP_URL"])
print(json.dumps({key: environ[key] for key in ("AMQP_URL", "WICI_ADMIN_DATABASE_URL")}))
"""
SERVICE = """
from chassis.service import Health, rpc
class Identity:
    name = "identity"
    health = Health()
    @rpc
    def get_account(self, actor, payload):
        return {"account_id": actor["account_id"]}
"""


def made_by(authority: str, folder: Path) -> None:
    """`ca.pem`, and `server.pem` with `key.pem` of it, for 127.0.0.1."""
    folder.mkdir(parents=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, authority)])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "servers")])
    ca = certificate(issuer, issuer, ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=None))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    server = certificate(issuer, subject, ca_key, key, address)
    for name, made in (("ca", ca), ("server", server)):
        (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def certificate(
    issuer: x509.Name,
    subject: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """URLs of both servers over TLS, `ca` and `stranger`: the authority that made their certificates, and another."""
    # The wheel's PostgreSQL is built without TLS; the system's has it.
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("no PostgreSQL with TLS on this machine")
    folder = tmp_path_factory.mktemp("tls")
    made_by("ours", folder / "ours")
    made_by("a stranger", folder / "stranger")
    port, management_port = free_port(25000), free_port(25500)
    try:
        arguments = (folder / "ours", port, management_port, programs[-1])
        said = json.loads(run(START, folder / ".run", *arguments).splitlines()[-1])
        user = said["AMQP_URL"].removeprefix("amqp://").rpartition("@")[0]
        yield {
            "database": said["WICI_ADMIN_DATABASE_URL"],
            "broker": f"amqps://{user}@127.0.0.1:{port}/%2F",
            "management": f"http://{user}@127.0.0.1:{management_port}",
            "ca": str(folder / "ours/ca.pem"),
            "stranger": str(folder / "stranger/ca.pem"),
        }
    finally:
        run(STOP, folder / ".run")


def test_postgresql_is_believed_for_its_authority_alone(servers: dict[str, str]) -> None:
    database = Database(make_engine(f"{servers['database']}?sslmode=verify-full&sslrootcert={servers['ca']}"))
    with database.transaction() as session:
        is_tls = sqlalchemy.text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert session.scalar(is_tls) is True
    database.dispose()

    other = make_engine(f"{servers['database']}?sslmode=verify-full&sslrootcert={servers['stranger']}")
    with pytest.raises(sqlalchemy.exc.OperationalError, match="certificate verify failed"):
        other.connect()


def test_rabbitmq_is_believed_for_its_authority_alone(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_CA_FILE", servers["ca"])
    broker = Broker(servers["broker"], "test").start()
    broker.publish(DELIVERY_EVENTS, b"{}").result(10)
    broker.close()

    monkeypatch.setenv("AMQP_CA_FILE", servers["stranger"])
    distrustful = Broker(servers["broker"], "test")
    with pytest.raises(Unavailable):
        distrustful.start(timeout=3)
    distrustful.close()


def test_a_service_answers_over_tls(servers: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nameko has connections of its own beside the chassis's."""
    (tmp_path / "over_tls.py").write_text(SERVICE)
    settings = {"WICI_DEVELOPMENT": "1", "WICI_ACTOR_KEYS": ACTOR_KEYS, "AMQP_CA_FILE": servers["ca"]}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    environ = {**os.environ, "AMQP_URL": servers["broker"], "HEALTH_PORT": str(ours()), "PYTHONPATH": str(tmp_path)}
    nameko = str(Path(sys.executable).with_name("nameko"))
    service = RunningProcess(
        [nameko, "run", "--broker", servers["broker"], "over_tls:Identity"], environ, tmp_path / "log"
    ).wait_ready()
    broker = Broker(servers["broker"], "test").start()
    try:
        answer = RpcClient(broker).call("identity.get_account", {"account_id": "a"}, {}, deadline=20)
        assert answer == {"account_id": "a"}
    finally:
        broker.close()
        service.stop()


def test_users_are_made_over_the_management_interface(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As in compose and on Kubernetes: with rights, and again when a password has changed."""
    settings = {"AMQP_CA_FILE": servers["ca"], "AMQP_URL": servers["broker"]}
    for name, value in (settings | {"WICI_BROKER_MANAGEMENT_URL": servers["management"]}).items():
        monkeypatch.setenv(name, value)
    place = servers["broker"].rpartition("@")[2]

    for password in ("first", "second"):
        for service in bus.SERVICES:
            monkeypatch.setenv(f"{service.upper()}_AMQP_URL", f"amqps://wici_{service}:{password}@{place}")
        assert bus.main([]) == 0
        broker = Broker(f"amqps://wici_reporting:{password}@{place}", "test").start()
        broker.publish(ENGAGEMENT, b"{}").result(10)
        broker.close()

    connection = pika.BlockingConnection(parameters_of(f"amqps://wici_reporting:second@{place}"))
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        connection.channel().queue_delete(ENGAGEMENT)
    connection.close()
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(parameters_of(f"amqps://wici_reporting:first@{place}"))
