"""The tables of registry."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "institution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("name_tc", sa.String(), nullable=False),
        sa.Column("name_sc", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspension_reason", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.CheckConstraint("name_en <> '' OR name_tc <> ''", name=op.f("ck_institution_named")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
        sa.UniqueConstraint("number", name=op.f("uq_institution_number")),
        sa.UniqueConstraint("source", "external_id", name="uq_institution_external"),
    )
    with op.batch_alter_table("institution", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_institution_kind"), ["kind"], unique=False)

    op.create_table(
        "register_index",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("next_record", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_index")),
    )

    op.create_table(
        "register_posting",
        sa.Column(
            "term",
            sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("df", sa.Integer(), nullable=False),
        sa.Column("bitmap", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("term", name=op.f("pk_register_posting")),
    )

    op.create_table(
        "service_location",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("name_tc", sa.String(), nullable=False),
        sa.Column("name_sc", sa.String(), nullable=False),
        sa.Column("address_en", sa.String(), nullable=False),
        sa.Column("address_tc", sa.String(), nullable=False),
        sa.Column("address_sc", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("registers_patients", sa.Boolean(), nullable=False),
        sa.Column("certificate_installed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.CheckConstraint(
            "address_en <> '' OR address_tc <> ''", name=op.f("ck_service_location_addressed")
        ),
        sa.CheckConstraint(
            "name_en <> '' OR name_tc <> ''", name=op.f("ck_service_location_named")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_service_location_institution_id_institution"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_location")),
        sa.UniqueConstraint("number", name=op.f("uq_service_location_number")),
        sa.UniqueConstraint("source", "external_id", name="uq_service_location_external"),
    )
    with op.batch_alter_table("service_location", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_service_location_district"), ["district"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_service_location_institution_id"), ["institution_id"], unique=False
        )

    op.create_table(
        "register_listing",
        sa.Column("record", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=True),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("terms", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(institution_id IS NULL) <> (location_id IS NULL)",
            name=op.f("ck_register_listing_one_subject"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_register_listing_institution_id_institution"),
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["service_location.id"],
            name=op.f("fk_register_listing_location_id_service_location"),
        ),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_register_listing")),
        sa.UniqueConstraint("institution_id", name=op.f("uq_register_listing_institution_id")),
        sa.UniqueConstraint("location_id", name=op.f("uq_register_listing_location_id")),
    )
    with op.batch_alter_table("register_listing", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_register_listing_effective_at"), ["effective_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_register_listing_ended_at"), ["ended_at"], unique=False
        )


def downgrade() -> None:
    op.drop_table("register_listing")
    op.drop_table("service_location")
    op.drop_table("register_posting")
    op.drop_table("register_index")
    op.drop_table("institution")
