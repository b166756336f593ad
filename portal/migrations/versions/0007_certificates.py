"""The tables of certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "certificate_authority",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_label", sa.String(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_authority")),
        sa.UniqueConstraint("active", name=op.f("uq_certificate_authority_active")),
        sa.UniqueConstraint("name", name=op.f("uq_certificate_authority_name")),
    )
    op.create_table(
        "installation_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_installation_code_institution_id_institution"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation_code")),
    )
    with op.batch_alter_table("installation_code", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_installation_code_institution_id"), ["institution_id"], unique=False
        )

    op.create_table(
        "certificate_own_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tbs", sa.LargeBinary(), nullable=False),
        sa.Column("tbs_sha256", sa.String(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id"],
            ["certificate_authority.id"],
            name=op.f("fk_certificate_own_key_authority_id_certificate_authority"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_own_key")),
        sa.UniqueConstraint("serial", name=op.f("uq_certificate_own_key_serial")),
    )
    with op.batch_alter_table("certificate_own_key", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_certificate_own_key_authority_id"), ["authority_id"], unique=False
        )

    op.create_table(
        "registration_paper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_registration_paper_institution_id_institution"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_paper")),
        sa.UniqueConstraint(
            "institution_id", "says", name=op.f("uq_registration_paper_institution_id")
        ),
    )
    with op.batch_alter_table("registration_paper", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_registration_paper_institution_id"), ["institution_id"], unique=False
        )

    op.create_table(
        "revocation_list",
        sa.Column("authority_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("this_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_id"],
            ["certificate_authority.id"],
            name=op.f("fk_revocation_list_authority_id_certificate_authority"),
        ),
        sa.PrimaryKeyConstraint("authority_id", name=op.f("pk_revocation_list")),
    )
    op.create_table(
        "certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("spki_sha256", sa.String(), nullable=False),
        sa.Column("spki", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=True),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("authority_id", sa.Integer(), nullable=True),
        sa.Column("serial", sa.String(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tbs", sa.LargeBinary(), nullable=True),
        sa.Column("tbs_sha256", sa.String(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", sa.String(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=False),
        sa.Column("revocation_reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revocation_reason = '')",
            name=op.f("ck_certificate_revoked_why"),
        ),
        sa.CheckConstraint(
            "(tbs IS NULL) = (serial IS NULL)", name=op.f("ck_certificate_reserved_whole")
        ),
        sa.CheckConstraint(
            "certificate IS NULL OR tbs IS NOT NULL",
            name=op.f("ck_certificate_reserved_before_issued"),
        ),
        sa.ForeignKeyConstraint(
            ["authority_id"],
            ["certificate_authority.id"],
            name=op.f("fk_certificate_authority_id_certificate_authority"),
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["service_location.id"],
            name=op.f("fk_certificate_location_id_service_location"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("asked", name=op.f("uq_certificate_asked")),
        sa.UniqueConstraint("serial", name=op.f("uq_certificate_serial")),
        sa.UniqueConstraint("spki_sha256", name=op.f("uq_certificate_spki_sha256")),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_certificate_location_id"), ["location_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_certificate_not_after"), ["not_after"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_revoked_at"), ["revoked_at"], unique=False)

    op.create_table(
        "set_up_note",
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("noted_by", sa.String(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["service_location.id"],
            name=op.f("fk_set_up_note_location_id_service_location"),
        ),
        sa.PrimaryKeyConstraint("location_id", "item", name=op.f("pk_set_up_note")),
    )


def downgrade() -> None:
    op.drop_table("set_up_note")
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificate_revoked_at"))
        batch_op.drop_index(batch_op.f("ix_certificate_not_after"))
        batch_op.drop_index(batch_op.f("ix_certificate_location_id"))

    op.drop_table("certificate")
    op.drop_table("revocation_list")
    with op.batch_alter_table("registration_paper", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registration_paper_institution_id"))

    op.drop_table("registration_paper")
    with op.batch_alter_table("certificate_own_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificate_own_key_authority_id"))

    op.drop_table("certificate_own_key")
    with op.batch_alter_table("installation_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_installation_code_institution_id"))

    op.drop_table("installation_code")
    op.drop_table("certificate_authority")
