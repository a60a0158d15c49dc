"""Two roles for each service's database: one that owns it and runs migrations, and one that the service works as.

The owner has every table. The service's role may read and write rows there, with the rights that a migration left the
owner itself (`REVOKE DELETE ON audit_entries FROM CURRENT_USER` binds both), and cannot change, empty or drop a table.
What a service makes while it runs (partitions of days, staging tables, snapshots) is its own, in the schema `work`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy
from psycopg import sql
from sqlalchemy import Connection, text

from chassis.database import make_engine

WORK = "work"
NO_LIMIT = -1  # PostgreSQL's own word for it
# PostgreSQL 17 lets who does not own a table gather its statistics; before that autovacuum alone does.
_MAINTAIN_SINCE = 170_000
_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
# What a service made in `public` before there was `work`: its name ends with a day or an id.
_MADE_WHILE_RUNNING = "_p[0-9]{8}$|_[0-9a-f]{32}(_rest)?$"


class OwnershipError(Exception):
    """The database belongs to the service's own role."""


def create_database(url: str, admin_url: str, connections: int = NO_LIMIT) -> None:
    """Create the role that `url` names, with its password, and the database with an owner; what exists is mended.

    :param connections: that the role may have at once.
    """
    wanted = sqlalchemy.make_url(url)
    role, database = wanted.username or "", sql.Identifier(wanted.database or "")
    owner = owner_of(role)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for name in (role, owner):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
        login = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {} CONNECTION LIMIT {}")
        password, limit = sql.Literal(wanted.password or ""), sql.Literal(connections)
        connection.execute(login.format(sql.Identifier(role), password, limit))
        # An owner may do what its service may: take over what that one had made, and look after its partitions.
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(owner)))
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper").fetchone():
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(owner)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (wanted.database,)).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(database))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, sql.Identifier(owner)))


def owner_of(role: str) -> str:
    return f"{role}_owner"


@contextmanager
def opened_as_owner(url: str, through: str) -> Iterator[Connection]:
    """A connection to the database of `url` that acts as its owner.

    :param through: URL of the owner itself, or of an administrator; of another database is fine.
    :raises OwnershipError: the service owns its database.
    """
    wanted = sqlalchemy.make_url(url)
    address = sqlalchemy.make_url(through).set(database=wanted.database)
    engine = make_engine(address.render_as_string(hide_password=False), pool_size=1, application_name="wici-migrate")
    try:
        with engine.connect() as connection:
            owner = connection.scalar(
                text("SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()")
            )
            if connection.scalar(text("SELECT to_regrole(:role)::text"), {"role": wanted.username}) == owner:
                raise OwnershipError(
                    f"the database {wanted.database} belongs to the service's role {owner}: once with --create, or see"
                    " docs/operations.md, Roles"
                )
            connection.execute(text(f"SET ROLE {owner}"))
            connection.commit()
            yield connection
    finally:
        engine.dispose()


def take_over(connection: Connection, url: str) -> None:
    """Give to the owner what the service made when it was the owner, and to the service its schema `work`; once."""
    if connection.scalar(text("SELECT to_regnamespace(:work)"), {"work": WORK}) is not None:
        return
    role = _quoted(connection, url)
    connection.execute(text(f"REASSIGN OWNED BY {role} TO CURRENT_USER"))
    connection.execute(text(f"CREATE SCHEMA {WORK} AUTHORIZATION {role}"))
    made = text("SELECT quote_ident(relname) FROM pg_class"
                " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname ~ :made")  # fmt: skip
    for table in connection.scalars(made, {"made": _MADE_WHILE_RUNNING}).all():
        connection.execute(text(f"ALTER TABLE public.{table} SET SCHEMA {WORK}"))
        connection.execute(text(f"ALTER TABLE {WORK}.{table} OWNER TO {role}"))
    connection.commit()


def _look_in_work_first(connection: Connection, role: str, database: str) -> None:
    """The server says so and not the URL: whoever connects as the service, with a pooler between or without, has it.

    It is no part of a database's dump: each migration renews it, and so makes one that was put back whole.
    """
    owner = connection.scalar(text("SELECT quote_ident(current_user)"))
    connection.execute(text(f"SET ROLE {role}"))
    connection.execute(text(f"ALTER ROLE {role} IN DATABASE {database} SET search_path TO {WORK}, public"))
    connection.execute(text(f"SET ROLE {owner}"))


def grant(connection: Connection, url: str) -> None:
    """Let the service into its database, and nobody else; renewed after each migration."""
    role = _quoted(connection, url)
    database = connection.scalar(text("SELECT quote_ident(current_database())"))
    may_maintain = int(connection.scalar(text("SHOW server_version_num")) or 0) >= _MAINTAIN_SINCE
    rights = [*_RIGHTS, "MAINTAIN"] if may_maintain else [*_RIGHTS]
    statements = [
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {', '.join(rights)} ON TABLES TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        *connection.scalars(text(_OF_TABLES), {"role": role, "rights": rights}).all(),
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
        _CREATE_DAY_PARTITION,
        "REVOKE ALL ON FUNCTION create_day_partition FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION create_day_partition TO {role}",
    ]
    for statement in statements:
        connection.execute(text(statement))
    _look_in_work_first(connection, role, str(database))
    connection.commit()


def _quoted(connection: Connection, url: str) -> str:
    role = sqlalchemy.make_url(url).username
    return str(connection.scalar(text("SELECT quote_ident(:role)"), {"role": role}))


# The owner's own rights, table by table and where a migration says so column by column, as grants to the service.
_OF_TABLES = """
WITH mine AS (
    SELECT oid, relname, coalesce(relacl, acldefault('r', relowner)) AS acl FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
)
SELECT format('GRANT %s ON public.%I TO %s', string_agg(a.privilege_type, ', '), relname, CAST(:role AS text))
FROM mine, aclexplode(acl) a
WHERE a.grantee = CAST(current_user AS regrole) AND a.privilege_type = ANY(:rights) GROUP BY relname
UNION ALL
SELECT format('GRANT %s (%I) ON public.%I TO %s', a.privilege_type, attname, relname, CAST(:role AS text))
FROM mine JOIN pg_attribute c ON c.attrelid = mine.oid, aclexplode(c.attacl) a
WHERE a.grantee = CAST(current_user AS regrole) AND a.privilege_type = ANY(:rights)
"""

# Only who owns a table can give it a partition; the partition is the service's, which indexes it and later drops it.
_CREATE_DAY_PARTITION = f"""
CREATE OR REPLACE FUNCTION create_day_partition(parent name, partition name, low uuid, high uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TABLE {WORK}.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
        partition, parent, low, high);
    EXECUTE format('ALTER TABLE {WORK}.%I OWNER TO %s', partition,
        (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = '{WORK}'));
END $$
"""
