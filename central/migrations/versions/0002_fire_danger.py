"""The weather of each commune's day, and the fire danger that follows from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "weather",
        sa.Column("area", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("temperature_c", sa.Float(), nullable=False),
        sa.Column("humidity", sa.Float(), nullable=False),
        sa.Column("rain_mm", sa.Float(), nullable=False),
        sa.Column("danger_index", sa.Float(), nullable=False),
        sa.Column("missing_days", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=3), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("area", "day"),
    )
    op.create_index(op.f("ix_weather_told_at"), "weather", ["told_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_weather_told_at"), table_name="weather")
    op.drop_table("weather")
