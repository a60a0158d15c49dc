"""A service works in its database and does not own it; an installation where it did is mended by the next migration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from chassis import migrate as migrations
from chassis import ownership
from chassis.database import Database, make_engine
from chassis.migrate import main, migrate
from chassis.partitions import ensure_partitions
from chassis.testing import admin_url, new_database, wait_until


@pytest.fixture
def sms(open_database: Callable[[str], Database]) -> Database:
    return open_database("sms_gateway")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE ledger ADD COLUMN more text",
        "DROP TABLE ledger",
        "TRUNCATE ledger",
        "CREATE TABLE public.mine ()",
        "CREATE INDEX ON outbox (body)",
        "UPDATE alembic_version SET version_num = '0000'",
        "ALTER FUNCTION create_day_partition SECURITY INVOKER",
        "SET ROLE {owner}",
    ],
)
def test_a_services_role_has_no_ddl(sms: Database, statement: str) -> None:
    owner = ownership.owner_of(str(sms.engine.url.username))

    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), sms.transaction() as session:
        session.execute(text(statement.format(owner=owner)))


def test_partitions_made_while_running_are_the_services_own(sms: Database) -> None:
    day = datetime(2031, 1, 1, tzinfo=UTC).date()

    with sms.transaction() as session:
        [name] = ensure_partitions(session, "ledger", day, days=1)
        session.execute(text(f"ALTER TABLE {name} SET (fillfactor = 50)"))
        session.execute(text(f"ANALYZE {name}"))

    with sms.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE INDEX CONCURRENTLY {name}_x ON {name} (hashtext(address))"))
        connection.execute(text(f"DROP TABLE {name}"))


def test_one_service_is_not_let_into_anothers_database(database_url: Callable[[str], str]) -> None:
    mine = make_url(database_url("sms_gateway"))
    theirs = mine.set(database=make_url(database_url("contacts")).database)

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(theirs.render_as_string(hide_password=False))


@pytest.fixture
def before() -> Iterator[str]:
    """A database as older releases made them: the service owns it and all that is in there."""
    name = f"test_before_{uuid4().hex[:8]}"
    url = make_url(admin_url()).set(database=name, username=name, password="plain")
    role, owner = sql.Identifier(name), sql.Identifier(ownership.owner_of(name))
    with psycopg.connect(admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'plain'").format(role))
        admin.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(role))
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id uuid, name text) PARTITION BY RANGE (id)")
        connection.execute(
            "CREATE TABLE kept_p20260101 PARTITION OF kept FOR VALUES FROM"
            " ('00000000-0000-0000-0000-000000000000') TO ('ffffffff-ffff-ffff-ffff-ffffffffffff')"
        )
        connection.execute("CREATE TABLE trail (n integer)")
        connection.execute("REVOKE UPDATE, DELETE ON trail FROM CURRENT_USER")
        connection.execute("GRANT UPDATE (n) ON trail TO CURRENT_USER")
        connection.execute(f"CREATE TABLE snapshot_{uuid4().hex} ()")
        connection.execute("CREATE TABLE alembic_version ()")
    yield url.render_as_string(hide_password=False)
    with psycopg.connect(admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(role))
        admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(owner))
        admin.execute(sql.SQL("DROP ROLE {}").format(role))


def taken_over(url: str, through: str) -> None:
    with ownership.opened_as_owner(url, through) as connection:
        ownership.take_over(connection, url)
        ownership.grant(connection, url)


def test_an_older_installation_changes_hands_and_keeps_its_rows(before: str) -> None:
    with psycopg.connect(before, autocommit=True) as connection:
        connection.execute("INSERT INTO kept VALUES (gen_random_uuid(), 'ala')")
    with pytest.raises(ownership.OwnershipError):
        taken_over(before, admin_url())

    ownership.create_database(before, admin_url())
    for _ in range(2):
        taken_over(before, admin_url())

    owners = (
        "SELECT relname, relowner::regrole::text, relnamespace::regnamespace::text FROM pg_class WHERE relname ~ %s"
        " ORDER BY relname"
    )
    role = make_url(before).username
    with psycopg.connect(before, autocommit=True) as connection:
        assert connection.execute("SELECT name FROM kept").fetchall() == [("ala",)]
        assert connection.execute(owners, ("^(kept|trail)$",)).fetchall() == [
            ("kept", f"{role}_owner", "public"), ("trail", f"{role}_owner", "public"),
        ]  # fmt: skip
        made = connection.execute(owners, ("^(kept_p20260101|snapshot_[0-9a-f]{32})$",)).fetchall()
        assert [row[1:] for row in made] == [(role, "work"), (role, "work")]
        connection.execute("INSERT INTO trail VALUES (1)")
        connection.execute("UPDATE trail SET n = 2")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM trail")


def test_a_database_that_was_put_back_is_whole_after_the_next_migration(before: str) -> None:
    """A dump has no settings of roles; without them the service does not find its partitions."""
    ownership.create_database(before, admin_url())
    taken_over(before, admin_url())
    name = str(make_url(before).database)
    with psycopg.connect(admin_url(), autocommit=True) as admin:
        role = sql.Identifier(name)
        admin.execute(sql.SQL("ALTER ROLE {} IN DATABASE {} RESET search_path").format(role, role))

    with ownership.opened_as_owner(before, admin_url()) as connection:
        ownership.grant(connection, before)

    with psycopg.connect(before) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ("work, public",)


def test_an_owner_that_is_no_administrator_takes_over_too(before: str) -> None:
    """On Kubernetes an operator makes the roles, and the migration knows the owner's password alone."""
    ownership.create_database(before, admin_url())
    url = make_url(before)
    owner = sql.Identifier(ownership.owner_of(str(url.username)))
    with psycopg.connect(admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD 'owned'").format(owner))
    through = url.set(username=ownership.owner_of(str(url.username)), password="owned")

    taken_over(before, through.render_as_string(hide_password=False))

    with psycopg.connect(before, autocommit=True) as connection:
        connection.execute("INSERT INTO trail VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DROP TABLE trail")


def test_a_changed_password_is_in_force_after_the_next_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    with new_database("sms") as url:
        changed = make_url(url).set(password="changed").render_as_string(hide_password=False)
        monkeypatch.setenv("SMS_GATEWAY_DATABASE_URL", changed)
        monkeypatch.setenv("WICI_ADMIN_DATABASE_URL", admin_url())

        assert main(["sms_gateway", "--create"]) == 0

        Database(make_engine(changed)).ping()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)


def test_a_migration_gives_way_to_who_reads_and_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Identity's last revision alters a table that each request of the API reads."""
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 0.2)
    with new_database("identity") as url:
        migrate("identity", url, admin_url(), "0010")
        reader, later = psycopg.connect(url), psycopg.connect(url, autocommit=True)
        reader.execute("SELECT FROM api_keys")
        with ThreadPoolExecutor() as threads:
            migrating = threads.submit(migrate, "identity", url, admin_url())
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'api_keys'::regclass"
            wait_until(lambda: later.execute(waiting).fetchone() != (0,), what="the migration waits")
            wait_until(lambda: later.execute(waiting).fetchone() == (0,), what="the migration has given way")
            assert not migrating.done()
            reader.close()
            assert str(migrating.result(30)) >= "0011"
        later.close()


def test_a_migration_that_never_gets_a_table_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(migrations, "MOST_TRIES", 3)
    with new_database("identity") as url:
        migrate("identity", url, admin_url(), "0010")
        with psycopg.connect(url) as reader:
            reader.execute("SELECT FROM api_keys")
            with pytest.raises(migrations.MigrationError, match="stop the service's processes"):
                migrate("identity", url, admin_url())
        assert str(migrate("identity", url, admin_url())) >= "0011"


def test_an_older_releases_migration_leaves_a_newer_database_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release is rolled back: its migration runs first, and compose starts nothing where that fails."""
    with new_database("identity") as url:
        migrate("identity", url, admin_url())
        with ownership.opened_as_owner(url, admin_url()) as owner:
            owner.execute(text("UPDATE alembic_version SET version_num = '9999'"))
            owner.commit()
        monkeypatch.setenv("IDENTITY_DATABASE_URL", url)
        monkeypatch.setenv("WICI_ADMIN_DATABASE_URL", admin_url())

        assert main(["identity", "--create"]) == 0

        assert migrate("identity", url, admin_url()) == "9999"


def test_later_tables_are_the_services_to_work_in(database_url: Callable[[str], str]) -> None:
    url = database_url("sms_gateway")
    with ownership.opened_as_owner(url, admin_url()) as connection:
        connection.execute(text("CREATE TABLE later (id integer GENERATED ALWAYS AS IDENTITY, name text)"))
        connection.commit()

    with psycopg.connect(url, autocommit=True) as service:
        service.execute("INSERT INTO later (name) VALUES ('a')")
    migrate("sms_gateway", url, admin_url())
    with psycopg.connect(url, autocommit=True) as service:
        service.execute("INSERT INTO later (name) VALUES ('a')")
    with ownership.opened_as_owner(url, admin_url()) as connection:
        connection.execute(text("DROP TABLE later"))
        connection.commit()


def test_a_service_has_no_more_connections_than_its_share(before: str) -> None:
    ownership.create_database(before, admin_url(), connections=2)

    with psycopg.connect(before), psycopg.connect(before), pytest.raises(psycopg.OperationalError, match="too many"):
        psycopg.connect(before)
