"""Templates with their folders and versions, those that ship with Wici, and contents that are kept nowhere."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from campaigns import ready_made
from campaigns.store import pictures as pictures_store
from campaigns.usecases import pictures
from chassis.database import Database
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


def made(owner: Any, **parts: Any) -> Any:
    return owner("create_template", **{"name": "T", "channel": "email", "content": {"subject": "Hej"}, **parts})


def test_html_is_made_of_mjml_when_a_template_is_saved(caller: Callable) -> None:
    owner = caller()
    template = made(owner, content={"subject": "Hej", "mjml": "<mjml>a"}, design={"blocks": [1]})

    changed = owner("update_template", template_id=template["id"], content={"subject": "Hej", "mjml": "<mjml>b"})

    assert (template["content"]["html"], changed["content"]["html"]) == ("<p><mjml>a</p>", "<p><mjml>b</p>")
    assert (changed["design"], changed["report"]["figures"]) == ({"blocks": [1]}, {"weight": 1})
    with pytest.raises(Invalid) as refused:
        made(owner, content={"mjml": "<p>"})
    assert refused.value.errors[0]["field"] == "content.mjml"


def test_every_saved_state_is_a_version_that_can_be_read_compared_and_restored(caller: Callable) -> None:
    owner = caller()
    template_id = made(owner, content={"subject": "Raz", "html": "<p>\na\n</p>"})["id"]
    owner("update_template", template_id=template_id, content={"subject": "Dwa", "html": "<p>\nb\n</p>"})
    same = owner("update_template", template_id=template_id, name="T", folder="Sklep")

    compared = owner("compare_template_versions", template_id=template_id, version=1)
    restored = owner("restore_template_version", template_id=template_id, version=1)

    assert (same["version"], same["folder"]) == (2, "Sklep"), "a folder is no part of what it says"
    assert (compared["from"], compared["to"]) == (1, 2)
    assert {change["field"]: change["lines"] for change in compared["changes"]} == {
        "subject": ["@@ -1 +1 @@", "-Raz", "+Dwa"],
        "html": ["@@ -1,3 +1,3 @@", " <p>", "-a", "+b", " </p>"],
    }
    assert (restored["version"], restored["content"]["subject"]) == (3, "Raz")
    versions = owner("list_template_versions", template_id=template_id)["items"]
    assert [version["version"] for version in versions] == [3, 2, 1]
    assert {version["created_by"] for version in versions} == {owner.actor["user_id"]}
    assert owner("get_template_version", template_id=template_id, version=2)["content"]["subject"] == "Dwa"
    for version in (0, 4, 2**40):
        with pytest.raises(NotFound):
            owner("get_template_version", template_id=template_id, version=version)


def test_who_saves_over_somebody_elses_change_is_told(caller: Callable) -> None:
    owner = caller()
    template_id = made(owner)["id"]
    owner("update_template", template_id=template_id, name="Moje", version=1)

    with pytest.raises(Conflict) as refused:
        owner("update_template", template_id=template_id, name="Twoje", version=1)

    assert (refused.value.code, refused.value.extra) == ("template.changed", {"version": 2})
    assert owner("get_template", template_id=template_id)["name"] == "Moje"


def test_a_template_of_before_there_were_versions_keeps_its_first_state(caller: Callable, database: Database) -> None:
    owner = caller()
    template_id = made(owner)["id"]
    with database.transaction() as session:
        session.execute(text("DELETE FROM template_versions"))

    owner("update_template", template_id=template_id, content={"subject": "Nowy"})

    first = owner("get_template_version", template_id=template_id, version=1)
    assert (first["content"], first["created_by"]) == ({"subject": "Hej"}, None)


def test_the_last_hundred_versions_are_kept(caller: Callable, database: Database) -> None:
    owner = caller()
    template_id = made(owner)["id"]
    with database.transaction() as session:
        session.execute(text("UPDATE templates SET version = 150"))
    owner("update_template", template_id=template_id, content={"subject": "Nowy"})

    kept = [version["version"] for version in owner("list_template_versions", template_id=template_id)["items"]]

    assert kept == [151, 150]


def test_of_large_versions_fewer_are_kept(caller: Callable, database: Database) -> None:
    owner = caller()
    template_id = made(owner)["id"]
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO template_versions (template_id, version, account_id, name, content, created_at)"
                " SELECT id, number, account_id, name, content, now() FROM templates, generate_series(2, 40) number"
            )
        )
        session.execute(text("UPDATE templates SET version = 40"))
    owner("update_template", template_id=template_id, content={"subject": "x", "html": "a" * 900_000})

    kept = [version["version"] for version in owner("list_template_versions", template_id=template_id)["items"]]

    assert kept == list(range(41, 19, -1)), "twenty million characters hold twenty-two of them"


def test_templates_are_found_by_folder_and_by_words_of_name_and_subject(caller: Callable) -> None:
    owner = caller()
    made(owner, name="Lato", folder="Sklep/2026", content={"subject": "Łąka 100%"})
    made(owner, name="Zima", folder="Sklep/2026")
    made(owner, name="Inny")

    def names(**query: Any) -> list[str]:
        return [item["name"] for item in owner("list_templates", **query)["items"]]

    assert names(folder="Sklep/2026") == ["Zima", "Lato"]
    assert names(folder="") == ["Inny"]
    assert (names(q="ŁĄKA"), names(q="100%"), names(q="%"), names(q="in")) == (["Lato"], ["Lato"], ["Lato"], ["Inny"])
    assert owner("list_template_folders")["items"] == [
        {"folder": "", "templates": 1},
        {"folder": "Sklep/2026", "templates": 2},
    ]
    first = owner("list_templates", q="100%")["items"][0]
    assert "content" not in first and first["subject"] == "Łąka 100%"


def test_ready_made_templates_are_listed_shown_and_copied_but_never_changed(caller: Callable) -> None:
    owner = caller()
    first = owner("list_templates", kind="ready_made", language="pl", limit=5)
    second = owner("list_templates", kind="ready_made", language="pl", cursor=first["next_cursor"])
    template_id = first["items"][0]["id"]

    copy = owner("copy_template", template_id=template_id, name="Mój", folder="Kopie")

    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [5, 7, None]
    assert len(owner("list_templates", kind="ready_made", limit=1000)["items"]) == 24
    assert owner("list_templates", kind="ready_made", channel="sms")["items"] == []
    shown = owner("get_template", template_id=template_id)
    assert (shown["kind"], shown["content"]) == ("ready_made", copy["content"])
    assert (copy["kind"], copy["name"], copy["folder"], copy["version"]) == ("own", "Mój", "Kopie", 1)
    for method in ("update_template", "delete_template", "list_template_versions"):
        with pytest.raises(Conflict):
            owner(method, template_id=template_id)


def test_ones_own_template_can_be_copied(caller: Callable) -> None:
    owner = caller()
    template = made(owner, design={"a": 1})

    copy = owner("copy_template", template_id=template["id"])

    assert copy["id"] != template["id"]
    assert {name: copy[name] for name in ("name", "content", "design")} == {
        name: template[name] for name in ("name", "content", "design")
    }


def test_a_copy_is_in_the_folder_of_its_original_unless_told_another(caller: Callable) -> None:
    owner = caller()
    template_id = made(owner, folder="Sklep/2026")["id"]
    shipped_id = owner("list_templates", kind="ready_made", limit=1)["items"][0]["id"]

    copies = [owner("copy_template", template_id=template_id, **told) for told in ({}, {"folder": "X"}, {"folder": ""})]

    assert [copy["folder"] for copy in copies] == ["Sklep/2026", "X", ""]
    assert owner("copy_template", template_id=shipped_id)["folder"] == ""


def test_another_account_sees_no_template_and_no_version_of_it(caller: Callable) -> None:
    owner, stranger = caller(), caller()
    template_id = made(owner)["id"]

    for method in ("get_template", "update_template", "copy_template", "delete_template", "list_template_versions"):
        with pytest.raises(NotFound):
            stranger(method, template_id=template_id)
    for method in ("get_template_version", "restore_template_version", "compare_template_versions"):
        with pytest.raises(NotFound):
            stranger(method, template_id=template_id, version=1)
    assert stranger("list_templates")["items"] == [] and stranger("list_template_folders")["items"] == []


def test_who_may_only_read_changes_nothing(caller: Callable) -> None:
    owner = caller()
    template_id = made(owner)["id"]
    reader = caller(permissions=["email.campaigns.read"], account_id=owner.account_id)

    assert reader("get_template", template_id=template_id)["name"] == "T"
    for method, payload in (("copy_template", {}), ("restore_template_version", {"version": 1})):
        with pytest.raises(Forbidden):
            reader(method, template_id=template_id, **payload)
    with pytest.raises(Forbidden):
        reader("preview_content", channel="sms", content={"text": "x"})


def test_unsaved_content_is_shown_as_contacts_and_samples_would_get_it(caller: Callable) -> None:
    owner = caller()
    contact_id = str(uuid4())
    asked = {"channel": "sms", "content": {"text": "Hej {{ first_name }}"}, "contact_ids": [contact_id]}

    shown = owner("preview_content", **asked, samples=[{"address": "x", "fields": {"first_name": "Nobody"}}])

    assert shown["variables"] == ["first_name"]
    assert [preview["contact_id"] for preview in shown["previews"]] == [contact_id, None]
    assert "'LATO10'" in shown["previews"][0]["rendered"]["text"]
    assert shown["previews"][1] == {"contact_id": None, "rendered": None, "problem": "line 1: no"}
    blind = caller(permissions=["sms.campaigns.read"], account_id=owner.account_id)
    with pytest.raises(Forbidden):
        blind("preview_content", **asked)


def test_a_check_names_unknown_variables_with_the_nearest_that_there_is(caller: Callable) -> None:
    content = {"subject": "{{ fist_name }} {{ xyzzy }}", "html": "{{ unsubscribe_url }} {{ city }}"}

    checked = caller()("check_content", channel="email", content=content)

    assert checked["unknown"] == [{"name": "fist_name", "nearest": "first_name"}, {"name": "xyzzy", "nearest": None}]
    assert {"city", "unsubscribe_url"} <= set(checked["known_variables"])
    with pytest.raises(Invalid):
        caller()("check_content", channel="sms", content=content)


def test_links_are_looked_at_where_that_is_asked_for_and_never_inside(caller: Callable) -> None:
    owner = caller()
    content = {"text": "https://10.0.0.1/x {{ first_name }}"}

    assert owner("check_content", channel="sms", content=content)["links"] is None
    checked = owner("check_content", channel="sms", content=content, check_links=True)
    assert [(one["target"], one["state"]) for one in checked["links"]] in (
        [("https://10.0.0.1/x", "unreachable")], [("https://10.0.0.1/x", "unchecked")],  # a machine may be busy
    )  # fmt: skip


def test_ready_made_templates_have_ids_of_their_own() -> None:
    found = ready_made.fitting(["email"], language=None, part=None)  # type: ignore[list-item]

    assert len({one.id for one in found}) == len(found) == 24
    assert [one.slug for one in ready_made.fitting(["email"], language="en", part="BIRTHDAY")] == ["birthday"]  # type: ignore[list-item]


def test_each_version_gets_a_picture_of_its_page(caller: Callable, database: Database) -> None:
    owner = caller()
    template_id = made(owner, content={"subject": "Hej", "html": "<p>{{ first_name }} {{ points }}</p>"})["id"]
    listed = made(owner, content={"subject": "Hej", "html": "<p>a</p>"})["id"]
    owner("update_template", template_id=template_id, content={"subject": "Hej", "text": "no page"})
    with pytest.raises(NotFound) as waiting:
        owner("get_template_picture", template_id=template_id, version=1)

    drawn = draw_all(owner, database, lambda html: html.encode())

    assert drawn == [owner.account_id] * 2
    shown = {one["id"]: one["has_picture"] for one in owner("list_templates", limit=10)["items"]}
    assert shown == {template_id: False, listed: True}  # of the present version
    assert pictured(owner, template_id) == {1: True, 2: False}
    picture = owner("get_template_picture", template_id=template_id, version=1)
    assert b64decode(picture["content"]) == b"<p>[('first_name', 'Anna'), ('points', 'points')]</p>"
    assert (waiting.value.code, picture["filename"]) == ("template_version.no_picture", "template-1.png")
    with pytest.raises(NotFound):
        caller()("get_template_picture", template_id=template_id, version=1)
    for one in (template_id, listed):
        owner("delete_template", template_id=one)
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM template_pictures")) == 0


def test_a_page_that_has_no_picture_is_tried_three_times(caller: Callable, database: Database) -> None:
    owner, tried = caller(), list[str]()

    def fails(html: str) -> bytes:
        tried.append(html)
        raise RuntimeError("no picture")

    template_id = made(owner, content={"html": "<p>a</p>"})["id"]
    for _ in range(5):
        draw_all(owner, database, fails)
        with database.transaction() as session:
            session.execute(text("UPDATE template_pictures SET due_at = now() WHERE due_at IS NOT NULL"))

    assert len(tried) == 3
    assert pictured(owner, template_id) == {1: False}


def test_pictures_wait_for_a_browser_that_works_and_for_the_channel(caller: Callable, database: Database) -> None:
    owner, works = caller(), list[bool]()

    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("service.timeout", "")

    def picture_of(html: str) -> bytes:
        if not works:
            raise pictures.NoBrowser
        return b"PNG"

    template_id = made(owner, content={"html": "<p>a</p>"})["id"]
    for _ in range(pictures_store.MOST_TRIES + 1):
        with pytest.raises(pictures.NoBrowser):
            draw_all(owner, database, picture_of)
        with database.transaction() as session:
            session.execute(text("UPDATE template_pictures SET due_at = now()"))
        draw_all(owner, database, picture_of, call=away)
        with database.transaction() as session:
            session.execute(text("UPDATE template_pictures SET due_at = now()"))
    works.append(True)
    draw_all(owner, database, picture_of)

    assert pictured(owner, template_id) == {1: True}


def test_accounts_take_turns_at_the_browser(caller: Callable, database: Database) -> None:
    busy, other = caller(), caller()
    for _ in range(4):
        made(busy, content={"html": "<p>a</p>"})
    made(other, content={"html": "<p>b</p>"})

    drawn = draw_all(busy, database, lambda html: b"PNG")

    assert drawn.index(other.account_id) < 2
    assert drawn.count(busy.account_id) == 4


def draw_all(owner: Any, database: Database, picture_of: Callable[[str], bytes], call: Any = None) -> list[UUID]:
    """Whose pictures were drawn, in their order, until none is due."""
    drawn, last = list[UUID](), None
    while True:
        now = datetime.now(UTC) + timedelta(seconds=1)
        last = pictures.make_next(database, call or owner.client.call, picture_of, now=now, after=last)
        if last is None:
            return drawn
        drawn.append(last)


def pictured(owner: Any, template_id: str) -> dict[int, bool]:
    versions = owner("list_template_versions", template_id=template_id)["items"]
    for version in versions:
        alone = owner("get_template_version", template_id=template_id, version=version["version"])
        assert alone["has_picture"] == version["has_picture"]
    return {version["version"]: version["has_picture"] for version in versions}
