"""(to be written)"""

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")
