"""Work that kills or stalls what handles it stops itself, is told to its owner, and holds up nobody else."""

import threading
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from api import Refused, poll
from journey import Journey

LINK = '<a href="{{ unsubscribe_url }}">Wypisz</a>'
OPEN_TAGS = "{% raw %}" + "{{" * 240_000 + "{% endraw %}"
HTML = {
    # Four seconds of whatever prepares it, as long as a mail may be: our own reading of it, not the template language.
    "elements without an end": LINK + "<b><p>" * 150_000,
    # And what the template language itself could do.
    "a loop in a loop": LINK + "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}",
    "texts that grow": LINK + "{{ '" + "x" * 9000 + "'|replace('x','" + "y" * 9000 + "')|replace('y','yyyy') }}",
    "multiplication": LINK + "{{ 'x' * 1000000000 }}",
    "a chain": LINK + "{{ " + " ~ ".join(["a"] * 9000) + " }}",
    "nesting": LINK + "{% if a %}" * 5000 + "{% endif %}" * 5000,
    "a macro that calls itself": LINK + "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
}
SLOW_HTML = HTML["elements without an end"]
# These took minutes once. What they cost now is near to what a request may: by the machine they are taken or refused.
LONG = {
    "brackets without an end": {"html": LINK + "[a](" * 120_000},
    "tags without an end": {"html": LINK + OPEN_TAGS},
    "signs without an end": {"html": LINK + "<" * 480_000},
    "a text of tags": {"html": f"<p>a</p>{LINK}", "text": OPEN_TAGS},
}
ANSWERED_SECONDS = 30.0  # what is costly took minutes; a busy machine says within ten seconds that it is busy
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
        ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
        ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"'
        ' Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def workbook(path, rows):
    """An .xlsx of inline texts, written as they stand: `_xD800_` is half of a surrogate pair, `_x0000_` a NUL."""
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>" for row in rows
    )
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, part)
    return path


@pytest.fixture(scope="module")
def hostile(environ):
    """The tenant who poisons."""
    return tenant(environ)


@pytest.fixture
def stranger(environ):
    """A tenant who has poisoned nothing yet: whoever has, rests longer each time, all tests through."""
    return tenant(environ)


@pytest.fixture(scope="module")
def neighbour(environ):
    """The tenant who must not notice."""
    return tenant(environ)


def tenant(environ):
    made = Journey(environ)
    made.prepare()
    return made


@pytest.fixture(scope="module", autouse=True)
def _nobody_dies(system):
    """Whatever the tests do, no process of the system is ended by it."""
    before = system.pids()
    yield
    assert system.pids() == before


def single(html, **more):
    return {
        "from": {"email": "sklep@sklep.example"}, "to": [{"email": "ala@poczta.example"}], "subject": "Hej",
        "html": html, **more,
    }  # fmt: skip


def rested(act):
    """What `act` is refused with, once the account may ask again: a costly request earns a rest of two seconds, each
    time twice as long.

    A machine that is too busy to find out says 503 in time, and is asked again too.
    """
    ends = time.monotonic() + 400
    while True:
        with pytest.raises(Refused) as refused:
            act()
        if refused.value.status not in (429, 503) or time.monotonic() > ends:
            return refused.value
        time.sleep(0.5)


def asked_again(act):
    """What `act` answers, to whom a machine that is too busy does not keep from asking again; 429 is an end."""
    ends = time.monotonic() + ANSWERED_SECONDS
    while True:
        try:
            return act()
        except Refused as refused:
            if refused.status != 503 or time.monotonic() > ends:
                raise
        time.sleep(0.5)


@contextmanager
def meanwhile(act):
    """Do `act` again and again in the background."""
    stop = threading.Event()

    def again():
        while not stop.is_set():
            try:
                act()
            except Refused:
                stop.wait(0.1)

    threads = [threading.Thread(target=again, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join(60)


@pytest.mark.parametrize("kind", HTML)
def test_a_costly_template_is_refused_by_its_place(stranger, kind):
    refused = rested(lambda: stranger.api.post("/v1/emails", single(HTML[kind])))

    assert refused.status == 422, refused
    (error,) = refused.problem["errors"]
    assert "html" in error["detail"] or error["field"] == "html"


@pytest.mark.parametrize("kind", LONG)
def test_a_long_template_is_answered_like_any_other(stranger, kind):
    began = time.monotonic()
    try:
        stranger.api.post("/v1/emails", single(**LONG[kind]))
    except Refused as refused:
        assert refused.status in (422, 429, 503), refused
    assert time.monotonic() - began < ANSWERED_SECONDS


def test_a_wrong_text_part_and_a_costly_preview_are_refused_by_their_places(stranger):
    text = HTML["a loop in a loop"]
    refused = rested(lambda: stranger.api.post("/v1/emails", single(f"<p>a</p>{LINK}", text=text)))
    assert refused.status == 422
    assert "text" in refused.problem["errors"][0]["detail"]

    group = stranger.api.post("/v1/groups", {"name": "Nikt"})
    campaign = stranger.email_campaign(group["id"], html=LINK)
    stranger.api.patch(f"/v1/campaigns/{campaign}", {"content": {"subject": "Hej", "html": SLOW_HTML}})
    refused = rested(
        lambda: stranger.api.post(f"/v1/campaigns/{campaign}/preview", {"sample": {"address": "", "fields": {}}})
    )
    assert refused.status == 422
    assert refused.problem["errors"][0]["code"] == "content.too_costly"
    refused = rested(lambda: stranger.schedule(campaign))
    assert refused.status == 422
    assert refused.problem["errors"][0]["code"] == "content.too_costly"


def test_others_render_as_ever_while_one_account_poisons(hostile, neighbour):
    with meanwhile(lambda: hostile.api.post("/v1/emails", single(SLOW_HTML))):
        for _ in range(10):
            began = time.monotonic()
            sent = asked_again(lambda: neighbour.api.post("/v1/emails", single(f"<p>Hej</p>{LINK}")))
            assert sent["messages"] and time.monotonic() - began < ANSWERED_SECONDS


def test_a_file_with_halves_of_characters_is_read_and_its_rows_refused(hostile, tmp_path):
    rows = [
        ["email", "first_name", "uwagi_x0000_"],
        ["ala@poczta.example", "Ala", "x"],
        ["ewa@poczta.example", "E_xD800_wa", "_xDFFF_"],
        ["jan_xD800_@poczta.example", "Jan", "x"],
        ["o_x0000_la@poczta.example", "O_x0000_la", "_x0000_"],
    ]
    job = hostile.api.upload("/v1/imports", workbook(tmp_path / "zle.xlsx", rows), options={})

    ended = ended_import(hostile, job["id"])

    assert ended["state"] == "done", ended
    assert ended["counts"]["rejected"] == 2
    assert ended["counts"]["added"] == 2


def test_text_that_is_no_text_is_refused_in_every_body(hostile):
    for body in (rb'{"name": "\ud800"}', rb'{"name": "\u0000"}'):
        with pytest.raises(Refused) as refused:
            hostile.api.request("POST", "/v1/groups", body, {"Content-Type": "application/json"})
        assert refused.value.status in (400, 422)


def test_poisoned_files_of_one_account_hold_up_no_other_import(hostile, neighbour, tmp_path):
    good = tmp_path / "dobre.csv"
    good.write_text("email;first_name\n" + "".join(f"osoba{n}@poczta.example;Ola\n" for n in range(2_000)))
    began = time.monotonic()
    neighbour.import_contacts(good, group="Przed")
    usual = time.monotonic() - began
    bad = tmp_path / "zle.csv"
    # Good enough to be taken up, and broken at its end.
    bad.write_bytes(b"email;first_name\n" + b"osoba@poczta.example;Ola\n" * 200_000 + b'"' + b"x" * 3_000_000)
    jobs = [hostile.api.upload("/v1/imports", bad, options={})["id"] for _ in range(6)]

    began = time.monotonic()
    neighbour.import_contacts(good, group="Po", seconds=60)
    took = time.monotonic() - began

    assert took < 2 * usual + 5, (took, usual)
    for job in jobs[:1]:
        ended = ended_import(hostile, job, seconds=60)
        assert (ended["state"], ended["error"]["code"]) == ("failed", "import.line_too_long")


def ended_import(journey, job_id, seconds=40):
    return poll(
        lambda: journey.api.get(f"/v1/imports/{job_id}"),
        lambda answer: answer["state"] in ("done", "failed", "cancelled"),
        seconds=seconds,
    )


def test_no_process_has_more_memory_than_it_is_given(system):
    pids = system.pids()
    for name in pids.keys() - {"PostgreSQL", "RabbitMQ"}:
        limits = Path(f"/proc/{pids[name]}/limits").read_text()
        assert f"Max data size             {1 << 30}" in limits, name
