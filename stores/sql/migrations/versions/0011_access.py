"""Users, sessions, API keys, collections, and whose threads are whose."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, *more, **{"nullable": False, **options})


def _real(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _user(**options: Any) -> sa.Column[Any]:
    return _text("user_id", sa.ForeignKey("users.user_id"), **options)


def _collection() -> sa.Column[Any]:
    return _text("collection_id", sa.ForeignKey("collections.collection_id"), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "users",
        _text("user_id", primary_key=True),
        _text("name"),
        _text("folded", unique=True),
        _text("password"),
        sa.Column("scopes", sa.JSON(), nullable=False),
        _flag("everything"),
        _real("created_at"),
    )
    op.create_table(
        "login_tries",
        _text("folded", primary_key=True),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        _real("closed_until"),
        _real("tried_at"),
    )
    op.create_index("ix_login_tries_tried_at", "login_tries", ["tried_at"])
    op.create_table(
        "sessions",
        _text("token_sha256", primary_key=True),
        _user(),
        _real("created_at"),
        _real("expires_at"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "api_keys",
        _text("key_id", primary_key=True),
        _text("token_sha256", unique=True),
        _user(),
        _text("name"),
        sa.Column("scopes", sa.JSON(), nullable=False),
        _flag("narrowed"),
        _real("created_at"),
        _real("expires_at", nullable=True),
        _real("used_at", nullable=True),
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])
    op.create_table(
        "collections",
        _text("collection_id", primary_key=True),
        _text("name"),
        _text("folded", unique=True),
        _text("description"),
        _real("created_at"),
    )
    op.create_table("collection_videos", _collection(), _text("video_id", primary_key=True))
    op.create_index("ix_collection_videos_video_id", "collection_videos", ["video_id"])
    op.create_table("collection_members", _collection(), _user(primary_key=True), _text("role"))
    op.create_index("ix_collection_members_user_id", "collection_members", ["user_id"])
    op.create_table(
        "key_collections",
        _text("key_id", sa.ForeignKey("api_keys.key_id"), primary_key=True),
        _collection(),
    )
    op.add_column("threads", _text("owner", server_default=sa.text("''")))
    op.create_index("ix_threads_owner", "threads", ["owner", "changed_at"])
    op.add_column("turns", _text("key_id", server_default=sa.text("''")))
    op.add_column("turns", _text("seen_as", server_default=sa.text("''")))


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")
