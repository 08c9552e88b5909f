"""The tables of people, and their names in the view ``evidence``: a named face is found by the name."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

# (table, channel, shown, searched, confidence), as in 0016.
_CITABLE = (
    ("utterances", "speech", "e.text", "e.text", "e.confidence"),
    ("screen_texts", "screen", "e.text", "e.text", "e.confidence"),
    ("labels", "picture", "e.name", "e.search_text", "e.score"),
    ("tracklets", "object", "e.category", "e.search_text", "e.confidence"),
    ("facts", "format", "e.text", "e.text", "e.confidence"),
    ("captions", "caption", "e.text", "e.text", "CAST(COALESCE(e.score, 0.5) AS FLOAT)"),
    ("scripts", "script", "e.text", "e.text", "CAST(0.5 AS FLOAT)"),
    ("sound_events", "sound", "e.name", "CAST(e.name || '; ' || e.name_zh AS TEXT)", "e.confidence"),
    (
        "face_tracks",
        "face",
        # SQLite joins the tables of the view into one query only if their columns have one affinity.
        "CAST(CASE WHEN e.person <> '' THEN e.person ELSE e.name END AS TEXT)",
        "CAST(e.person || e.person_also || '; ' || e.name || '; ' || e.name_zh AS TEXT)",
        "e.confidence",
    ),
    ("speaker_turns", "speaker", "e.name", "CAST(e.name || '; ' || e.name_zh AS TEXT)", "e.confidence"),
)

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, **{"nullable": False, **options})


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(), nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _counted(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), primary_key=True, autoincrement=True, nullable=False)


def upgrade() -> None:
    op.create_table(
        "people",
        _text("person_id", primary_key=True),
        _text("name"),
        _text("folded"),
        _json("also"),
        sa.Column("kept", sa.Boolean(), nullable=False),
        _number("made_at"),
    )
    op.create_index("ix_people_folded", "people", ["folded"])
    op.create_table(
        "person_faces",
        _text("evidence_id", primary_key=True),
        _text("video_id"),
        _text("person_id"),
        _whole("start_tick"),
        _whole("end_tick"),
        _json("box"),
        _number("likeness"),
        _text("decided"),
    )
    op.create_table(
        "person_looks",
        _counted("look_id"),
        _text("person_id"),
        _text("collection"),
        _text("video_id"),
        _text("evidence_id"),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        _whole("weight"),
    )
    for table in ("person_faces", "person_looks"):
        for column in ("video_id", "person_id"):
            op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_table("person_runs", _text("video_id", primary_key=True), _text("run"))
    op.create_table(
        "forgotten_faces",
        _text("evidence_id", primary_key=True),
        _text("video_id"),
        _whole("start_tick"),
        _whole("end_tick"),
        _json("box"),
        _number("at"),
    )
    op.create_index("ix_forgotten_faces_video_id", "forgotten_faces", ["video_id"])
    op.create_table("faces_off", _text("collection_id", primary_key=True), _number("at"))
    op.create_table(
        "person_events",
        _counted("event_id"),
        _number("at"),
        *(_text(name) for name in ("by_name", "action", "person_id", "other_id")),
        _json("detail"),
    )
    op.create_index("events_of_person", "person_events", ["person_id", "event_id"])
    for name in ("person", "person_also"):
        op.add_column("face_tracks", sa.Column(name, _TEXT, nullable=False, server_default=sa.text("''")))
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
