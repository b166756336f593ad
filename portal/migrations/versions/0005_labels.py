"""The tables of labels."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "label_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_batch")),
        sa.UniqueConstraint("asked", name=op.f("uq_label_batch_asked")),
        sa.UniqueConstraint("reference", name=op.f("uq_label_batch_reference")),
    )
    with op.batch_alter_table("label_batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_batch_ordered_at"), ["ordered_at"], unique=False)

    op.create_table(
        "label_check",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("label_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "label_id", "verdict", name=op.f("pk_label_check")),
    )

    op.create_table(
        "label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(voided_at IS NULL) = (void_reason = '')", name=op.f("ck_label_void_with_reason")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["service_location.id"],
            name=op.f("fk_label_location_id_service_location"),
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["label.id"], name=op.f("fk_label_replaces_id_label")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_label_replaces_id")),
        sa.UniqueConstraint("serial", name=op.f("uq_label_serial")),
    )
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_location_id"), ["location_id"], unique=False)
        batch_op.create_index(
            "uq_label_live",
            ["location_id"],
            unique=True,
            sqlite_where=sa.text("voided_at IS NULL"),
            postgresql_where=sa.text("voided_at IS NULL"),
        )

    op.create_table(
        "label_print",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("label_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["label_batch.id"], name=op.f("fk_label_print_batch_id_label_batch")
        ),
        sa.ForeignKeyConstraint(
            ["label_id"], ["label.id"], name=op.f("fk_label_print_label_id_label")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_print")),
        sa.UniqueConstraint("batch_id", "position", name=op.f("uq_label_print_batch_id")),
    )
    with op.batch_alter_table("label_print", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_print_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_label_print_label_id"), ["label_id"], unique=False)


def downgrade() -> None:
    op.drop_table("label_print")
    op.drop_table("label")
    op.drop_table("label_check")
    op.drop_table("label_batch")
