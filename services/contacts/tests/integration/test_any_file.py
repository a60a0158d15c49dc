"""Any bytes as a file: an import whose counts add up, or a clear error; never a job that hangs or fails by itself."""

from __future__ import annotations

import io
import threading
import zipfile

import orjson
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.ids import new_id
from contacts.jobs.worker import JobLeases, Worker
from contacts.store import jobs
from contacts.usecases import imports, previews
from contracts.contacts.imports import ImportOptions
from contracts.errors import Invalid

CSV = 'E-mail;Telefon;Imię\nola@x.example;505 603 496;Ola\njan@x.example;0505603497;"Jan; ""Janek""\nz Gdyni"\n'
ODD = [
    b"email\x00;imie\na@x.example;b\n",
    b'email;imie\n"a@x.example;b\n' * 3,
    b"email;imie\r" + b"a@x.example;b\r" * 3,
    b"email;imie\n\r\na@x.example;b\r\n\n\r",
    CSV.encode("utf-16-le"),
    CSV.encode("utf-16-be"),
    CSV.encode("utf-16"),
    CSV.encode("utf-16")[:-1],
    CSV.encode() + CSV.encode("cp1250"),
    CSV.encode("cp1250") + CSV.encode("utf-16-le"),
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"email;imie\n" + b"a" * 2_000_000,
    b"email;imie\n" + b";" * 300_000 + b"\n",
    b"email\n" + b"a@x.example\n" * 20 + b'"' + b"x\n" * 20_000,
    b"\n" * 3_000,
    b"email\n" + b"a@x.example\n" * 6_000 + b"b\x00\n",
    b"email\n" + (b"a@x.example" + b" " * 300 + b"\n") * 4_000 + b"\xc5",
    b"email;imie\n" + b"a@x.example;b\n" * 6_000 + b'"' + b"x\n" * 20_000,
    b"email;" * 300 + b"\na@x.example\n",
    b"email,imie\n\xf0\x9f\x98\x80@x.example,b\na@x.example,\xf0\x9f\x98\x80\n",
]  # fmt: skip


def _workbook() -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["E-mail", "Telefon", "Imię"])
    sheet.write_row(1, 0, ["ola@x.example", 505603496, "Ola"])
    book.close()
    return file.getvalue()


XLSX = _workbook()


def _with_half_a_character(*rows: list[str]) -> bytes:
    """A workbook where each `§` is half of a surrogate pair, which XML cannot say but by `_xD800_`."""
    plain, odd = io.BytesIO(), io.BytesIO()
    book = xlsxwriter.Workbook(plain)
    sheet = book.add_worksheet()
    for at, row in enumerate(rows):
        sheet.write_row(at, 0, row)
    book.close()
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(odd, "w", zipfile.ZIP_DEFLATED) as written:
        for part in source.namelist():
            written.writestr(part, source.read(part).replace("§".encode(), b"_xD800_"))
    return odd.getvalue()


def _is_clear(account, content: bytes, filename: str) -> str:
    """Preview and import; the state in which it ended, or the error's code."""
    if not content:
        return "empty"
    try:
        upload_id = account.upload(filename, content)
        account.call(previews.preview, upload_id=upload_id, mapping=None, options=ImportOptions().load({}))
        import_id = account.queue_import(content, filename)
    except Invalid as refused:
        assert refused.code.startswith("import.") and refused.detail
        return refused.code
    with account.database.transaction() as session:
        claimed = jobs.claim(session, new_id())
    Worker(account.database, JobLeases(account.database), threading.Event())._perform(claimed)
    job = account.call(imports.get, import_id=import_id)
    assert job["state"] in ("done", "failed")
    if job["state"] == "failed":
        assert job["error"]["code"].startswith("import.") and job["error"]["detail"]
        return job["error"]["code"]
    counts = job["counts"]
    ends = ("added", "updated", "unchanged", "merged", "rejected")
    assert counts["read"] == sum(counts[name] for name in ends)
    assert counts["added"] <= len(account.people())
    return "done"


_MANY = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_MANY
@given(st.binary(min_size=1, max_size=300), st.sampled_from(["a.csv", "a.txt", "a.xlsx"]))
def test_random_bytes(account, content, filename):
    _is_clear(account, content, filename)


@_MANY
@given(st.data())
def test_mutated_files(account, data):
    filename, sound = data.draw(
        st.sampled_from([("a.csv", CSV.encode()), ("a.csv", CSV.encode("cp1250")), ("a.xlsx", XLSX)])
    )
    content = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content)))
        kind = data.draw(st.sampled_from(["put", "cut", "end"]))
        if kind == "put":
            content[at:at] = data.draw(
                st.sampled_from([b"\x00", b'"', b"\r", b"\n", b";", b"\xff", b"\xc5", b"\x1a", b"PK\x05\x06"])
            )
        elif kind == "cut":
            del content[at : at + 5]
        else:
            del content[at:]
    _is_clear(account, bytes(content), filename)


def test_odd_files(new_account):
    for content in ODD:
        _is_clear(new_account(), content, "a.csv")


def test_what_is_sound_among_them_is_imported(account, new_account):
    for encoding in ("utf-8", "utf-8-sig", "cp1250", "iso8859-2", "utf-16", "utf-16-le", "utf-16-be"):
        one = new_account()
        assert _is_clear(one, CSV.encode(encoding), "a.csv") == "done"
        assert [(person["email"], person["first_name"]) for person in one.people()] == [
            ("jan@x.example", 'Jan; "Janek"\nz Gdyni'), ("ola@x.example", "Ola"),
        ]  # fmt: skip
    assert _is_clear(account, b"email;imie\r" + b"a@x.example;b\r" * 3, "a.csv") == "done"
    assert len(account.people()) == 1


def test_half_of_a_character_is_refused_at_its_cell(account):
    content = _with_half_a_character(
        ["E-mail", "Imię", "§"],
        ["ola@x.example", "O§la", ""],
        ["jan§@x.example", "", "§"],
        ["ewa@x.example", "Ewa", "x"],
    )
    upload_id = account.upload("a.xlsx", content)
    preview = account.call(previews.preview, upload_id=upload_id, mapping=None, options=ImportOptions().load({}))
    assert orjson.dumps(preview["columns"])  # as every answer is written
    assert [row["problems"] for row in preview["rows"]] == [
        ["first_name.unreadable"],
        ["email.unreadable"],
        [],
    ]

    job = account.import_file(content, "a.xlsx")

    assert (job["state"], job["counts"]["added"], job["counts"]["rejected"]) == ("done", 2, 1)
    assert [(one["email"], one["first_name"]) for one in account.people()] == [
        ("ewa@x.example", "Ewa"),
        ("ola@x.example", None),
    ]
    rejected, warnings = (account.download(job[f"{kind}_file_id"]) for kind in ("rejected", "warnings"))
    assert "email.unreadable" in rejected and "jan\ufffd@x.example" in rejected
    assert "first_name.unreadable" in warnings and "O\ufffdla" in warnings
