"""(to be written)"""

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")
