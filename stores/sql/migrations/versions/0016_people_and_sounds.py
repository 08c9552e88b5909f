"""Sounds, faces and turns of speakers, and all three in the view ``evidence``."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

# (table, channel, shown, searched, confidence), as in 0004.
_CITABLE = (
    ("utterances", "speech", "e.text", "e.text", "e.confidence"),
    ("screen_texts", "screen", "e.text", "e.text", "e.confidence"),
    ("labels", "picture", "e.name", "e.search_text", "e.score"),
    ("tracklets", "object", "e.category", "e.search_text", "e.confidence"),
    ("facts", "format", "e.text", "e.text", "e.confidence"),
    ("captions", "caption", "e.text", "e.text", "CAST(COALESCE(e.score, 0.5) AS FLOAT)"),
    ("scripts", "script", "e.text", "e.text", "CAST(0.5 AS FLOAT)"),
    ("sound_events", "sound", "e.name", "CAST(e.name || '; ' || e.name_zh AS TEXT)", "e.confidence"),
    ("face_tracks", "face", "e.name", "CAST(e.name || '; ' || e.name_zh AS TEXT)", "e.confidence"),
    ("speaker_turns", "speaker", "e.name", "CAST(e.name || '; ' || e.name_zh AS TEXT)", "e.confidence"),
)

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, **{"nullable": False, **options})


def _record_table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        _text("video_id", primary_key=True),
        _text("stage", primary_key=True),
        sa.Column("ordinal", sa.BigInteger(), primary_key=True, nullable=False),
        _text("fingerprint"),
        sa.Column("start_tick", sa.BigInteger(), nullable=False),
        sa.Column("end_tick", sa.BigInteger(), nullable=False),
        _text("evidence_id", unique=True),
        _text("name"),
        _text("name_zh"),
        *columns,
        sa.Column("confidence", sa.Float(), nullable=False),
    )


def upgrade() -> None:
    _record_table("sound_events")
    trajectory, female = (sa.Column(*of, nullable=False) for of in (("trajectory", sa.JSON()), ("female", sa.Float())))
    _record_table("face_tracks", trajectory, female)
    _record_table("speaker_turns", sa.Column("speaker", sa.BigInteger(), nullable=False))
    selects = (
        f"SELECT e.evidence_id, e.video_id, e.stage, e.fingerprint, e.start_tick, e.end_tick, '{channel}' AS channel, "
        f"{shown} AS text, {searched} AS search_text, {confidence} AS confidence FROM {table} AS e "
        "JOIN stage_runs AS r ON r.video_id = e.video_id AND r.stage = e.stage AND r.fingerprint = e.fingerprint "
        "WHERE r.active"
        for table, channel, shown, searched, confidence in _CITABLE
    )
    op.execute("DROP VIEW evidence")
    op.execute(f"CREATE VIEW evidence AS {' UNION ALL '.join(selects)}")


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")
