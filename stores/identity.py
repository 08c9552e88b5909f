"""The identity of a library and the places of its parts, so that no wrong setting mixes the parts of two libraries.

``library.json`` in the library's folder names its places on this machine. The database stores the library's id and,
for machines that have no such file yet, in what kind of places its vectors and blobs are. An object
store contains a marker file with the id: two libraries under one prefix would delete each other's blobs.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from stores.core.errors import StoreError, UsageError
from stores.core.places import Places, masked
from stores.files.blobs import write_whole
from stores.files.objects import ObjectFiles
from stores.sql.database import reading, writing
from stores.sql.tables import AboutRow

FORMAT = 1
"""Version of the folder's layout; the database has its own (`stores.sql.opening.HEAD`)."""

OBJECT_MARKER = "kinodex-library.json"
"""Name of the marker file in an object store."""


def check_library_file(file: Path, places: Places) -> None:
    """Checks that this Kinodex or an older one made a library's folder, and for the same places.

    Raises:
        StoreError: LIBRARY_DAMAGED, or LIBRARY_VERSION if a newer Kinodex made it.
        UsageError: SETTINGS_INVALID if the library keeps its parts elsewhere.
    """
    content: object = None
    with suppress(ValueError):
        content = json.loads(file.read_text(encoding="utf-8"))
    version = content.get("kinodex_library") if isinstance(content, dict) else None
    if not isinstance(version, int) or not isinstance(content, dict):
        raise StoreError("LIBRARY_DAMAGED", f"{file} does not say which library this is.", "Restore it from a backup.")
    if version > FORMAT:
        message = f"The library {file.parent} has format {version}; this Kinodex knows only up to {FORMAT}."
        raise StoreError("LIBRARY_VERSION", message, "Update Kinodex.")
    kept = {"database": "", "vectors": "", "blobs": "", **content.get("places", {})}
    for part, asked in places.named().items():
        if asked != kept[part]:
            here = f"in {file.parent}"
            message = (
                f"The library {file.parent} keeps its {part} {_at(kept[part], here)}; "
                f"the settings say {_at(asked, here)}."
            )
            hint = (
                f"Set {part} = {kept[part]!r}, or choose another --library. If it was moved on purpose, or the server "
                f"has a new address, correct `places` in {file} (docs/runbook.md describes how to move a library)."
            )
            raise UsageError("SETTINGS_INVALID", message, hint)


def write_library_file(file: Path, places: Places) -> None:
    """Writes ``library.json``, without user names, passwords and keys."""
    content: dict[str, object] = {"kinodex_library": FORMAT}
    if places:
        content["places"] = places.named()
    write_whole(file, json.dumps(content, indent=1).encode())


def identify(engine: Engine, places: Places, objects: ObjectFiles | None) -> str:
    """The library's id, created at first; checks that its parts are in the configured places.

    Raises:
        StoreError: as `stores.sql.database.writing`, BLOB_STORE_UNREACHABLE, LIBRARY_READ_ONLY.
        UsageError: SETTINGS_INVALID if the vectors or blobs of this database's library are in another kind of place,
            if the object store holds the blobs of another library, or no longer holds those of this one.
    """
    kinds = {
        "vectors": "a server" if places.vectors else "a folder",
        "blobs": "an object store" if places.blobs else "a folder",
    }
    with reading(engine) as connection:
        about = _about(connection)
    if "library" not in about:
        with writing(engine) as connection:
            about = _about(connection)
            if "library" not in about:
                about = {"library": secrets.token_hex(8)}
                connection.execute(insert(AboutRow).values(name="library", value=about["library"]))
                if places.database:
                    rows = [{"name": part, "value": kind} for part, kind in kinds.items()]
                    connection.execute(insert(AboutRow), rows)
                    about |= kinds
    for part, kind in kinds.items():
        if places.database and about.get(part, kind) != kind:
            message = f"This library keeps its {part} in {about[part]}; the settings name {kind}."
            raise UsageError(
                "SETTINGS_INVALID", message, f"Set {part} as it is set on the machine that made the library."
            )
    if objects is not None:
        _check_objects(engine, objects, about)
    return about["library"]


def _check_objects(engine: Engine, objects: ObjectFiles, about: Mapping[str, str]) -> None:
    path = f"{objects.root}/{OBJECT_MARKER}"
    found = objects.read(path)
    library = ""
    if found is not None:
        with suppress(ValueError, AttributeError):
            library = str(json.loads(found).get("library"))
        if library != about["library"]:
            message = f"{masked(objects.url)} holds the blobs of another library."
            raise UsageError("SETTINGS_INVALID", message, "Give every library a prefix of its own: s3://bucket/name")
    elif "object mark" in about:
        message = f"{masked(objects.url)} no longer holds the blobs of this library: {OBJECT_MARKER} is not there."
        raise UsageError("SETTINGS_INVALID", message, "Correct blobs in the settings, or restore them from a backup.")
    else:
        objects.write(path, json.dumps({"library": about["library"]}).encode())
    if "object mark" not in about:
        with writing(engine) as connection:
            if "object mark" not in _about(connection):
                connection.execute(insert(AboutRow).values(name="object mark", value=OBJECT_MARKER))


def _about(connection: Connection) -> dict[str, str]:
    return {row.name: row.value for row in connection.execute(select(AboutRow.name, AboutRow.value))}


def _at(place: str, here: str) -> str:
    return f"at {place}" if place else here
