"""Every table of a library, and the view ``evidence`` of everything that can be cited.

Rows of a stage have (video_id, stage, fingerprint); ``ordinal`` is their order in the stage's output.
Spans are integer ticks; the time base is a column of the video. Readers see only the rows of
stage runs with ``active`` set; the commit that sets it replaces all rows of that stage of that
video.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

JsonList = list[Any]


class Base(DeclarativeBase):
    """All tables share one metadata."""

    type_annotation_map = {int: BigInteger, float: Float, str: Text, JsonList: JSON, dict[str, Any]: JSON}  # noqa: RUF012


class VideoRow(Base):
    """One content; the probe's columns are NULL until stage ``probe`` is done. ``standing``: `stores.sql.standing`."""

    __tablename__ = "videos"
    video_id: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]
    duration: Mapped[int | None]
    time_base_numerator: Mapped[int | None]
    time_base_denominator: Mapped[int | None]
    start_pts: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    rotation: Mapped[int | None]
    frame_rate_numerator: Mapped[int | None]
    frame_rate_denominator: Mapped[int | None]
    variable_frame_rate: Mapped[bool | None]
    video_codec: Mapped[str | None]
    audio_codec: Mapped[str | None]
    container: Mapped[str | None]
    warnings: Mapped[JsonList | None]
    standing: Mapped[int] = mapped_column(server_default="0")


class LocationRow(Base):
    """A file with a video's content (`stores.core.uris`); size and mtime show whether it was changed since.

    ``name`` and ``stem``: the end of ``uri``, with and without its extension.
    """

    __tablename__ = "locations"
    uri: Mapped[str] = mapped_column(primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id"), index=True)
    size: Mapped[int]
    mtime_ns: Mapped[int]
    seen_at: Mapped[float]
    missing: Mapped[bool]
    name: Mapped[str] = mapped_column(server_default=text("''"), index=True)
    stem: Mapped[str] = mapped_column(server_default=text("''"), index=True)


class InputErrorRow(Base):
    """A file that could not be read."""

    __tablename__ = "input_errors"
    uri: Mapped[str] = mapped_column(primary_key=True)
    error_code: Mapped[str]
    error_message: Mapped[str]
    seen_at: Mapped[float]


Index("input_errors_by_time", InputErrorRow.seen_at, InputErrorRow.uri)


class StageRunRow(Base):
    """The ledger. ``active``: readers see its rows; at most one run of each stage of a video.

    ``attempts`` only grows; ``strikes`` are those that count against the video; ``row_count``: records, vectors and
    blobs of a finished run, NULL for runs from before it was recorded.
    """

    __tablename__ = "stage_runs"
    video_id: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    active: Mapped[bool]
    attempts: Mapped[int]
    error_code: Mapped[str]
    error_message: Mapped[str]
    worker: Mapped[str]
    started_at: Mapped[float]
    finished_at: Mapped[float | None]
    seconds: Mapped[float]
    strikes: Mapped[int] = mapped_column(server_default="0")
    row_count: Mapped[int | None]


Index(
    "one_active_run",
    StageRunRow.video_id,
    StageRunRow.stage,
    unique=True,
    sqlite_where=text("active"),
    postgresql_where=text("active"),
)


Index(
    "frame_hashes_by_end",
    StageRunRow.finished_at,
    sqlite_where=text("stage = 'frame_hashes'"),
    postgresql_where=text("stage = 'frame_hashes'"),
)


Index(
    "bad_runs",
    StageRunRow.started_at,
    StageRunRow.video_id,
    StageRunRow.stage,
    sqlite_where=text("status IN ('failed', 'quarantined')"),
    postgresql_where=text("status IN ('failed', 'quarantined')"),
)


class _OfStage:
    """Columns of every row that a stage leaves for a video."""

    # sort_order: these come first, in the table and in its primary key, which serves as the index of a stage's rows.
    video_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-7)
    stage: Mapped[str] = mapped_column(primary_key=True, sort_order=-6)
    fingerprint: Mapped[str] = mapped_column(sort_order=-4)


class _RecordRow(_OfStage):
    ordinal: Mapped[int] = mapped_column(primary_key=True, sort_order=-5)
    start_tick: Mapped[int] = mapped_column(sort_order=-3)
    end_tick: Mapped[int] = mapped_column(sort_order=-2)


class _EvidenceRow(_RecordRow):
    @declared_attr
    def evidence_id(cls) -> Mapped[str]:  # noqa: N805
        return mapped_column(unique=True, sort_order=-1)


class SceneRow(_RecordRow, Base):
    """`records.Scene`."""

    __tablename__ = "scenes"
    scene_id: Mapped[str]


class ClipRow(_RecordRow, Base):
    """`records.Clip`."""

    __tablename__ = "clips"
    clip_id: Mapped[str] = mapped_column(unique=True)
    keyframe: Mapped[int]
    thumbnail: Mapped[str]


class UtteranceRow(_EvidenceRow, Base):
    """`records.Utterance`; ``words``: [text, start, end, probability] each."""

    __tablename__ = "utterances"
    text: Mapped[str]
    language: Mapped[str]
    confidence: Mapped[float]
    words: Mapped[JsonList]


class ScreenTextRow(_EvidenceRow, Base):
    """`records.ScreenText`."""

    __tablename__ = "screen_texts"
    text: Mapped[str]
    confidence: Mapped[float]
    box: Mapped[JsonList]


class LabelRow(_EvidenceRow, Base):
    """`records.Label`."""

    __tablename__ = "labels"
    clip_id: Mapped[str]
    concept: Mapped[str]
    name: Mapped[str]
    name_zh: Mapped[str]
    broader: Mapped[JsonList]
    score: Mapped[float]
    peak: Mapped[float]
    search_text: Mapped[str]


class TrackletRow(_EvidenceRow, Base):
    """`records.Tracklet`; ``trajectory``: [tick, x0, y0, x1, y1] each."""

    __tablename__ = "tracklets"
    concept: Mapped[str]
    category: Mapped[str]
    category_zh: Mapped[str]
    broader: Mapped[JsonList]
    appearance: Mapped[str]
    motion: Mapped[str]
    trajectory: Mapped[JsonList]
    audio: Mapped[str]
    confidence: Mapped[float]
    search_text: Mapped[str]


class FactRow(_EvidenceRow, Base):
    """`records.Fact`."""

    __tablename__ = "facts"
    text: Mapped[str]
    confidence: Mapped[float]


class SpeechActivityRow(_RecordRow, Base):
    """`records.SpeechActivity`."""

    __tablename__ = "speech_activities"


class CaptionRow(_EvidenceRow, Base):
    """`records.Caption`; ``frames``: ticks."""

    __tablename__ = "captions"
    text: Mapped[str]
    clip_id: Mapped[str]
    model: Mapped[str]
    frames: Mapped[JsonList]
    score: Mapped[float | None]


class ScriptRow(_EvidenceRow, Base):
    """`records.Script`; ``cites``: evidence ids."""

    __tablename__ = "scripts"
    text: Mapped[str]
    model: Mapped[str]
    cites: Mapped[JsonList]


class SoundEventRow(_EvidenceRow, Base):
    """`records.SoundEvent`."""

    __tablename__ = "sound_events"
    name: Mapped[str]
    name_zh: Mapped[str]
    confidence: Mapped[float]


class FaceTrackRow(_EvidenceRow, Base):
    """`records.FaceTrack`; ``trajectory``: [tick, x0, y0, x1, y1] each.

    ``person``, ``person_also``: names of whose face it is ("" if nobody knows), kept up by `stores.people`; the latter
    each behind "; ".
    """

    __tablename__ = "face_tracks"
    name: Mapped[str]
    name_zh: Mapped[str]
    trajectory: Mapped[JsonList]
    female: Mapped[float]
    confidence: Mapped[float]
    person: Mapped[str] = mapped_column(server_default=text("''"))
    person_also: Mapped[str] = mapped_column(server_default=text("''"))


class SpeakerTurnRow(_EvidenceRow, Base):
    """`records.SpeakerTurn`."""

    __tablename__ = "speaker_turns"
    name: Mapped[str]
    name_zh: Mapped[str]
    speaker: Mapped[int]
    confidence: Mapped[float]


RECORD_TABLES: tuple[type[_RecordRow], ...] = (
    SceneRow,
    ClipRow,
    UtteranceRow,
    ScreenTextRow,
    LabelRow,
    TrackletRow,
    FactRow,
    SpeechActivityRow,
    CaptionRow,
    ScriptRow,
    SoundEventRow,
    FaceTrackRow,
    SpeakerTurnRow,
)


class VectorRow(Base):
    """The vectors that the vector store should have, and what each one represents.

    The last five columns are NULL for vectors from before they existed; `kinodex index rebuild` fills them.
    """

    __tablename__ = "vectors_index"
    collection: Mapped[str] = mapped_column(primary_key=True)
    vector_id: Mapped[str] = mapped_column(primary_key=True)
    video_id: Mapped[str]
    stage: Mapped[str]
    fingerprint: Mapped[str]
    channel: Mapped[str | None]
    start_tick: Mapped[int | None]
    end_tick: Mapped[int | None]
    clip_id: Mapped[str | None]
    evidence_id: Mapped[str | None]


Index("vectors_of_stage", VectorRow.video_id, VectorRow.stage)


class BlobRow(_OfStage, Base):
    """The blobs that the blob store should have. ``sha256``: hex, "" for blobs from before it was recorded."""

    __tablename__ = "blobs_index"
    name: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(server_default=text("''"))


class IndexedLineRow(Base):
    """Which full-text row belongs to which stage: FTS5 finds its rows by row id only."""

    __tablename__ = "evidence_lines"
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    video_id: Mapped[str]
    stage: Mapped[str]


Index("lines_of_stage", IndexedLineRow.video_id, IndexedLineRow.stage)


class TagRow(Base):
    """`records.Tag`; ``folded`` is the key of the name (`stores.core.text_keys`), ``position`` the order of tags."""

    __tablename__ = "tags"
    tag_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True)
    facet: Mapped[str]
    parent: Mapped[str] = mapped_column(index=True)
    language: Mapped[str]
    status: Mapped[str]


class TagAliasRow(Base):
    """Other names of a tag, in their order."""

    __tablename__ = "tag_aliases"
    tag_id: Mapped[str] = mapped_column(ForeignKey("tags.tag_id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    alias: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True)


class TagVectorRow(Base):
    """Vectors of some hundred tag texts in one space (`stores.tags.vectors`); can be rebuilt from the tags."""

    __tablename__ = "tag_vectors"
    chunk_id: Mapped[str] = mapped_column(primary_key=True)
    space: Mapped[str] = mapped_column(index=True)
    keys: Mapped[bytes]
    numbers: Mapped[bytes]
    checksum: Mapped[int]


class DecisionRow(Base):
    """`records.Decision`. ``origin``: ``automatic`` or ``person``; a new automatic run replaces automatic rows only,
    and a person's decision only the one on the same tag."""

    __tablename__ = "decisions"
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id"), primary_key=True)
    tag_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int]
    decision: Mapped[str]
    confidence: Mapped[float]
    recalled_by: Mapped[JsonList]
    scores: Mapped[JsonList]
    decided_at: Mapped[float]


class DecisionEvidenceRow(Base):
    """The evidence for a decision, in order of weight."""

    __tablename__ = "decision_evidence"
    video_id: Mapped[str] = mapped_column(primary_key=True)
    tag_id: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    evidence_id: Mapped[str]


class RunRow(Base):
    """One job: its command, and how it ended (NULL while it runs or if it was killed)."""

    __tablename__ = "runs"
    run_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    command: Mapped[str]
    worker: Mapped[str]
    started_at: Mapped[float]
    finished_at: Mapped[float | None]
    summary: Mapped[dict[str, Any]]


class CounterRow(Base):
    """``revision``: raised by every change that readers can see, which makes caches stale.

    ``text_keys``: the version of `stores.core.text_keys` that made the full-text lines and the keys of tags.
    ``videos_…``: numbers of videos by standing, maintained by triggers (`stores.sql.standing`).
    """

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class AboutRow(Base):
    """Properties of the whole library (`stores.identity`)."""

    __tablename__ = "about"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


EVIDENCE = Table(
    "evidence",
    MetaData(),
    Column("evidence_id", String),
    Column("video_id", String),
    Column("stage", String),
    Column("fingerprint", String),
    Column("start_tick", BigInteger),
    Column("end_tick", BigInteger),
    Column("channel", String),
    Column("text", String),
    Column("search_text", String),
    Column("confidence", Float),
)
"""The view: UNION ALL of all citable rows of active stage runs. Created by the migration."""

FULLTEXT = Table(
    "evidence_fts",
    MetaData(),
    Column("rowid", Integer),
    Column("evidence_id", String),
    Column("video_id", String),
    Column("channel", String),
    Column("body", String),
)
"""The FTS5 table of SQLite. Created by the migration; Postgres has another one (`stores.sql.fulltext_postgres`)."""
