"""A picture of each version of a template whose page a browser can show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "template_pictures",
        sa.Column("template_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("png", sa.LargeBinary),
        # Null once the picture is made or given up.
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(
            ["template_id", "version"], ["template_versions.template_id", "template_versions.version"],
            ondelete="CASCADE",
        ),
    )  # fmt: skip
    op.create_index(
        "template_pictures_due",
        "template_pictures",
        ["account_id", sa.text("due_at DESC")],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    # Of what was saved before, the present versions.
    op.execute(
        "INSERT INTO template_pictures (template_id, version, account_id, due_at)"
        " SELECT v.template_id, v.version, v.account_id, now() FROM template_versions v"
        " JOIN templates t ON t.id = v.template_id AND t.version = v.version"
        " WHERE t.channel = 'email' AND coalesce(v.content ->> 'html', '') <> ''"
    )
