"""Snapshots of a library's content, read without Kinodex: by SQL, by Chroma's own client, byte by byte.

They leave out what depends on how the content was made: times, workers, counts of attempts, the log of runs, measured
rates, row numbers, and the library's own random name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from sqlalchemy import MetaData, Table, create_engine, text
from sqlalchemy.pool import NullPool

from stores.core.places import Places

_IGNORED_TABLES = frozenset({"about", "runs", "counters", "alembic_version", "rates"})
_IGNORED_COLUMNS = frozenset(
    {"started_at", "finished_at", "seconds", "worker", "attempts", "strikes", "seen_at", "decided_at", "line", "run"}
)

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a library's content is; "" for inside its folder, as `stores.core.places.Places`.

    ``vectors`` includes the Chroma database: ``http://host:port/name``.
    """

    root: Path
    database: str = ""
    vectors: str = ""
    blobs: str = ""
    blob_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def places(self) -> Places:
        """The same, for Kinodex."""
        return Places(self.database, self.vectors, self.blobs, self.blob_options)

    @property
    def sql(self) -> str:
        """SQLAlchemy URL."""
        if not self.database:
            return f"sqlite:///{self.root / 'kinodex.sqlite3'}"
        return self.database.replace("postgresql://", "postgresql+psycopg://", 1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of a library.

    Attributes:
        rows: table to its rows, each as text, sorted.
        blobs: key to sha256.
        vectors: (collection, id) to metadata and the bytes of the float32 vector.
        lines: of the full-text index, as text, sorted.
    """

    rows: dict[str, list[str]]
    blobs: dict[str, str]
    vectors: dict[tuple[str, str], tuple[str, bytes]]
    lines: list[str]

    def of(self, video_ids: Collection[str]) -> Snapshot:
        """The content that belongs to some videos."""

        def about(row: object) -> bool:
            return any(one in str(row) for one in video_ids)

        return Snapshot(
            {table: list(filter(about, rows)) for table, rows in self.rows.items()},
            {key: digest for key, digest in self.blobs.items() if about(key)},
            {key: value for key, value in self.vectors.items() if about(value[0])},
            list(filter(about, self.lines)),
        )


def snapshot(place: Place | Path) -> Snapshot:
    """Take a snapshot of a library while nothing writes to it."""
    place = place if isinstance(place, Place) else Place(place)
    engine = create_engine(place.sql, poolclass=NullPool)
    with engine.connect() as connection:
        schema = MetaData()
        schema.reflect(connection)
        rows = {
            name: _rows(connection, table)
            for name, table in schema.tables.items()
            if name not in _IGNORED_TABLES and not name.startswith(("evidence_fts", "evidence_lines"))
        }
        lines = _lines(connection)
    engine.dispose()
    return Snapshot(rows, _blobs(place), _vectors(place), lines)


def differences(wanted: Snapshot, got: Snapshot) -> list[str]:
    """Differences between two libraries, at most a few of each kind; [] if they are equal."""
    found = []
    for table in sorted(wanted.rows.keys() | got.rows.keys()):
        before, after = wanted.rows.get(table, []), got.rows.get(table, [])
        if before != after:
            found += _only(f"table {table}", before, after)
    for what, ours, theirs in (
        ("blob", wanted.blobs, got.blobs),
        ("vector", wanted.vectors, got.vectors),
    ):
        found += _only(what, map(str, ours), map(str, theirs))
        found += [f"{what} {key} differs" for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]][:5]
    return found + _only("line", wanted.lines, got.lines)


def _only(what: str, ours: Any, theirs: Any) -> list[str]:
    ours, theirs = list(ours), list(theirs)
    missing, extra = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
    found = [f"{what} missing: {one[:400]}" for one in missing[:5]] + [
        f"{what} unexpected: {one[:400]}" for one in extra[:5]
    ]
    if not found and len(ours) != len(theirs):
        found = [f"{what}: {len(ours)} and {len(theirs)}, with duplicates"]
    return found


def _rows(connection: Any, table: Table) -> list[str]:
    kept = [column for column in table.columns if column.name not in _IGNORED_COLUMNS]
    found = connection.execute(table.select().with_only_columns(*kept))
    return sorted(str(dict(row._mapping)) for row in found)


def _lines(connection: Any) -> list[str]:
    """The index's rows and the stage of each, without row numbers."""
    if connection.dialect.name == "sqlite":
        statement = (
            "select l.stage, f.video_id, f.evidence_id, f.channel, f.body from evidence_fts f "
            "left join evidence_lines l on l.line = f.rowid"
        )
        owners = connection.execute(text("select count(*) from evidence_lines")).scalar()
        rows = connection.execute(text(statement)).all()
        assert owners == len(rows), f"{owners} owners of {len(rows)} full-text lines"
    else:
        rows = connection.execute(text("select stage, video_id, evidence_id, channel, body from evidence_fts")).all()
    return sorted(str(tuple(row)) for row in rows)


def _blobs(place: Place) -> dict[str, str]:
    if not place.blobs:
        root = place.root / "blobs"
        files = [path for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    import fsspec

    store, root_name = fsspec.core.url_to_fs(place.blobs, **place.blob_options, skip_instance_cache=True)
    found = store.find(root_name)
    return {name.removeprefix(root_name): hashlib.sha256(store.cat_file(name)).hexdigest() for name in found}


def _vectors(place: Place) -> dict[tuple[str, str], tuple[str, bytes]]:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    folder = place.root / "vectors"
    if (current := folder / "current").is_file():  # after a rebuild
        folder = folder / current.read_text().strip()
    if place.vectors:
        server = urlsplit(place.vectors)
        host, database = str(server.hostname), server.path.strip("/")
        client: Any = chromadb.HttpClient(host=host, port=server.port or 8000, database=database, settings=settings)
    elif not (folder / "chroma.sqlite3").exists():
        return {}
    else:
        client = chromadb.PersistentClient(path=str(folder), settings=settings)
    found: dict[tuple[str, str], tuple[str, bytes]] = {}
    try:
        for collection in client.list_collections():
            page = collection.get(include=["embeddings", "metadatas"])
            for name, vector, about in zip(page["ids"], page["embeddings"], page["metadatas"], strict=True):
                key = (collection.name, name)
                assert key not in found, f"{key} is there twice"
                found[key] = (str(sorted(about.items())), np.asarray(vector, np.float32).tobytes())
            assert collection.count() == len(page["ids"])
    finally:
        if place.vectors:
            for one in (client, client._admin_client):
                one._server._session.close()  # `close` leaves their connections open
        client.close()
    return found
