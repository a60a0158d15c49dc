"""The Procfile as supervisord gets it."""

import configparser
import dataclasses
import os
import shlex
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import needs
import processes
import procfile
import pytest
import supervision
from listening import Machine
from supervisor.datatypes import dict_of_key_value_pairs


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


def test_a_process_may_be_given_so_much_memory_and_no_more(environ):
    service, _ = procfile.read_procfile(environ)
    command = "python -c 'import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[0] >> 20)'"
    text = supervision.program(
        {**environ, "WICI_PROCESS_MEMORY_MB": "700"}, dataclasses.replace(service, command=command)
    )
    line = next(line for line in text.splitlines() if line.startswith("command="))

    said = subprocess.run(shlex.split(line.removeprefix("command=")), capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "700"


def test_a_process_is_given_its_own_secrets_and_none_of_its_neighbours(environ):
    odd = 'p"a\\%s'
    environ |= {
        "IDENTITY_DATABASE_URL": odd,
        "CONTACTS_DATABASE_URL": "theirs",
        "WICI_ADMIN_DATABASE_URL": "all",
        "X": "x",
    }

    text = supervision.configuration(environ, procfile.read_procfile(environ))
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    read = dict_of_key_value_pairs(parser["program:identity"]["environment"].replace("%%", "%"))

    assert read["IDENTITY_DATABASE_URL"] == odd
    assert "theirs" not in text
    assert needs.common(environ) == {key: environ[key] for key in environ if not key.endswith("_URL")}


def test_process_that_does_not_run_has_no_memory():
    assert Machine().family(2**22 + 1) == []
    assert processes.memory([]) == 0


def process_at(port):
    return procfile.Process("identity", "", port, f"http://127.0.0.1:{port}/readyz")


def test_another_programs_answer_is_not_taken_for_the_processs_own():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Yes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asleep = subprocess.Popen(["sleep", "60"])
    try:
        process = process_at(server.server_address[1])

        assert processes.readiness(process, os.getpid(), Machine()) == "ready"
        assert processes.readiness(process, asleep.pid, Machine()) == processes.ANOTHERS
    finally:
        asleep.kill()
        asleep.wait()
        server.shutdown()
        server.server_close()


class Yes(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


def known(pid, state="RUNNING", exitstatus=0):
    return {"name": "identity", "pid": pid, "statename": state, "exitstatus": exitstatus}


@pytest.mark.parametrize(
    ("told", "is_lost"),
    [
        ([known(1), known(1)], False),
        ([known(1), known(0, "BACKOFF", 1), known(2, "STARTING", 1)], False),
        ([known(1), known(2, exitstatus=1), known(3, exitstatus=1)], True),
        ([known(1), known(0, "BACKOFF", 1), known(2), known(0, "EXITED", 1)], True),
        ([known(1), known(0, "BACKOFF", 2)], True),
        ([known(0, "FATAL")], True),
    ],
    ids=["it lives", "it died once", "twice, after a while", "twice", "a setting is missing", "given up"],
)
def test_process_that_keeps_dying_is_told_at_once(told, is_lost):
    deaths = processes.Deaths()

    assert [deaths.is_lost(each) for each in told][-1] is is_lost
