"""(to be written)"""

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")
