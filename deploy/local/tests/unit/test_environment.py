"""The environment of the local system: what a person sets wins, secrets stay, other programs' ports are left alone."""

import socket
import stat

import environment
import pytest
from places import DATABASES
from progress import Trouble


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "RUN", tmp_path / ".run")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    for key in [
        *environment.PORTS,
        "WICI_PORT_OFFSET",
        "WICI_PUBLIC_URL",
        "WICI_SECRET_KEYS",
        "WICI_DATABASE_PASSWORD",
    ]:
        monkeypatch.delenv(key, raising=False)
    return tmp_path


def test_secrets_are_made_once_and_are_the_owners_alone(folder):
    first = environment.base()

    assert environment.base()["WICI_SECRET_KEYS"] == first["WICI_SECRET_KEYS"]
    assert stat.S_IMODE((folder / ".run/secrets.env").stat().st_mode) == 0o600


def test_shell_wins_over_file_and_file_over_default(folder, monkeypatch):
    (folder / ".env").write_text("# mine\nWICI_SMSC_PORT=1\nexport WICI_GATEWAY_PORT='2'\n")
    monkeypatch.setenv("WICI_SMSC_PORT", "3")

    environ = environment.base()

    assert (environ["WICI_SMSC_PORT"], environ["WICI_GATEWAY_PORT"], environ["WICI_MAILBOX_PORT"]) == (
        "3",
        "2",
        "12525",
    )
    assert environ["WICI_PUBLIC_URL"] == "http://127.0.0.1:2"


def test_offset_moves_every_port_that_is_not_set(monkeypatch):
    monkeypatch.setenv("WICI_PORT_OFFSET", "500")
    monkeypatch.setenv("WICI_GATEWAY_PORT", "9000")

    environ = environment.base()

    assert (environ["WICI_GATEWAY_PORT"], environ["WICI_SMPP_PORT"]) == ("9000", "3275")


def test_unreadable_line_is_named(folder):
    (folder / ".env").write_text("WICI_SMSC_PORT=1\nnonsense\n")

    with pytest.raises(Trouble, match="line 2"):
        environment.base()


def test_each_service_has_a_role_and_a_database_of_its_own():
    environ = environment.with_servers(
        environment.base() | {"SMS_GATEWAY_DATABASE_PASSWORD": "p"}, admin_url="postgresql://root:r@db:5433/postgres?sslmode=require",
        amqp_url="amqp://x",
    )  # fmt: skip

    assert environ["SMS_GATEWAY_DATABASE_URL"] == (
        "postgresql://wici_sms_gateway:p@db:5433/wici_sms_gateway?sslmode=require"
    )
    passwords = {environ[f"{service.upper()}_DATABASE_PASSWORD"] for service in DATABASES}
    assert len(passwords | {environ["WICI_DATABASE_PASSWORD"]}) == len(DATABASES) + 1


def test_only_what_is_ours_is_written_down(folder):
    environment.record({"WICI_RUN": "x", "AMQP_URL": "a", "IDENTITY_DATABASE_URL": "d", "HOME": "/h", "TOKEN": "t"})

    assert environment.read(folder / ".run/env") == {"AMQP_URL": "a", "IDENTITY_DATABASE_URL": "d", "WICI_RUN": "x"}
    assert stat.S_IMODE((folder / ".run/env").stat().st_mode) == 0o600


def test_taken_port_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert not environment.is_free(port)
        assert environment.free_port(port) > port
