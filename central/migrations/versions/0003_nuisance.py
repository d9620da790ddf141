"""Nuisance areas that operators have removed; the areas themselves follow from the verdicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CURSOR = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "nuisance_removals",
        sa.Column("cursor", CURSOR, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("node", sa.String(length=63), nullable=False),
        sa.Column("camera", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("box", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("cursor"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_nuisance_removals_at"), "nuisance_removals", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_nuisance_removals_at"), table_name="nuisance_removals")
    op.drop_table("nuisance_removals")
