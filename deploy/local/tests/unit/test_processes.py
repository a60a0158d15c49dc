"""The Procfile as supervisord gets it."""

import configparser

import processes
import procfile
import pytest
import supervision


@pytest.fixture
def environ(tmp_path, monkeypatch):
    path = tmp_path / "Procfile"
    path.write_text(
        "# all\nidentity: nameko run identity.service\nsimulator.smsc: python -m smsc --port $WICI_SMSC_PORT --x 5%\n"
    )
    monkeypatch.setattr(procfile, "PROCFILE", path)
    return {"WICI_HEALTH_PORT_BASE": "18100", "WICI_SMSC_PORT": "12775", "WICI_SMSC_HTTP_PORT": "12780"}


def test_each_process_is_asked_for_its_health_where_it_listens(environ):
    service, simulator = procfile.read_procfile(environ)

    assert (service.health_url, simulator.health_url) == ("http://127.0.0.1:18100/readyz", "http://127.0.0.1:12780/")
    assert (service.package, simulator.package) == ("identity", "wici_simulators")


def test_commands_are_filled_and_survive_supervisords_own_expansion(environ):
    text = supervision.configuration(environ, procfile.read_procfile(environ))
    parser = configparser.RawConfigParser()
    parser.read_string(text)

    assert parser["program:simulator.smsc"]["command"] == "python -m smsc --port 12775 --x 5%%"
    assert parser["program:identity"]["autorestart"] == "true"


def test_process_that_does_not_run_has_no_memory():
    assert processes.memory(2**22 + 1) == 0
