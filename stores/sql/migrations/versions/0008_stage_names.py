"""Stages, a blob and a table get new names. Files and objects keep their paths (`stores.core.former_names`), and
fingerprints do not change."""

from alembic import op

revision = "0008"
down_revision = "0007"

_STAGES = {"voice": "speech_activity", "look": "visual_stats", "prints": "frame_hashes"}

_OF_STAGE = (
    "scenes",
    "clips",
    "utterances",
    "screen_texts",
    "labels",
    "tracklets",
    "facts",
    "speech_activities",
    "captions",
    "scripts",
    "vectors_index",
    "blobs_index",
    "evidence_lines",
    "stage_runs",
)


def upgrade() -> None:
    op.rename_table("voices", "speech_activities")
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in (*_OF_STAGE, *(("evidence_fts",) if postgres else ())):
        for former, now in _STAGES.items():
            # A part of a stage is called after it: prints.003.
            op.execute(
                f"UPDATE {table} SET stage = '{now}' || substr(stage, {len(former) + 1}) "
                f"WHERE stage = '{former}' OR stage LIKE '{former}.%'"
            )
    op.execute("UPDATE blobs_index SET name = 'frame_hashes.npz' WHERE stage = 'frame_hashes' AND name = 'prints.npz'")
    op.execute("UPDATE counters SET value = value + 1 WHERE name = 'revision'")


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")
