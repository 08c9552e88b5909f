"""(to be written)"""

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")
