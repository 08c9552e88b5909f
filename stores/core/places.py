"""Where the parts of a library lie: in its folder, or on servers that several machines share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from stores.core.errors import UsageError

_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s]*@|((?:^|[?&\s])[\w-]*(?:password|secret|token)=)[^&\s]+", re.IGNORECASE)
_OPEN_OPTIONS = {"endpoint_url", "anon"}
_DATABASES = ("postgresql://", "postgres://", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True, repr=False)
class Places:
    """The three places of a library; "" means inside its folder.

    Printing it shows no password; `to_json` holds them all and is for the library's own worker processes only.

    Attributes:
        database: URL of a Postgres database, ``postgresql://user:password@host:5432/name``. The tables go into the
            first schema of its search path, so that several libraries can share a database:
            ``?options=-csearch_path%3Dfilms`` keeps one in the schema ``films``, which is made if need be.
        vectors: URL of a Chroma server, ``http://host:8000`` or ``https://…``. Each library has a Chroma database of
            its own there, ``http://host:8000/name`` if a name is given. A token is taken from the environment
            (`stores.vectors.chroma.TOKEN_VARIABLE`).
        blobs: fsspec URL of a folder in an object store, ``s3://bucket/prefix``. One library each.
        blob_options: what fsspec's file system is opened with, e.g. ``endpoint_url``, ``key``, ``secret`` for
            ``s3://``; without a key the environment's ``AWS_*`` counts.

    Raises:
        UsageError: SETTINGS_INVALID if one is no such URL.
    """

    database: str = ""
    vectors: str = ""
    blobs: str = ""
    blob_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.database and not self.database.startswith(_DATABASES):
            raise _invalid("database", self.database, "postgresql://user:password@host:5432/name")
        if self.vectors and (urlsplit(self.vectors).scheme not in ("http", "https") or not _host(self.vectors)):
            raise _invalid("vectors", self.vectors, "http://host:8000")
        if self.blobs and (not re.fullmatch(r"[a-z0-9+]+://[^/].*", self.blobs) or self.blobs.startswith("file:")):
            raise _invalid("blobs", self.blobs, "s3://bucket/prefix")

    def __repr__(self) -> str:
        options = {name: value if name in _OPEN_OPTIONS else "***" for name, value in self.blob_options.items()}
        shown = (f"{name}={masked(value)!r}" for name, value in self._urls().items() if value)
        return f"Places({', '.join([*shown, *([f'blob_options={options}'] if options else [])])})"

    def __bool__(self) -> bool:
        """Whether anything lies outside of the library's folder."""
        return bool(self.database or self.vectors or self.blobs)

    def to_json(self) -> str:
        """All of it, secrets too, for `from_json` in another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Places:
        """What `to_json` was called on.

        Raises:
            UsageError: SETTINGS_INVALID if a place is no such URL.
        """
        return cls(**json.loads(text))

    def named(self) -> dict[str, str]:
        """Each place without user, password and options that are secret: what may be written down and compared."""
        return {name: _public(value) for name, value in self._urls().items()}

    def _urls(self) -> dict[str, str]:
        return {"database": self.database, "vectors": self.vectors, "blobs": self.blobs}


def masked(text: str) -> str:
    """``text`` with the password of every URL in it, and of every ``password=``, replaced by ``***``."""
    return _PASSWORD.sub(lambda found: f"{found[1]}***@" if found[1] else f"{found[2]}***", text)


def _public(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(masked(url))
    scheme = "postgresql" if parts.scheme.startswith("postgres") else parts.scheme
    path = parts.path.rstrip("/")
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}{path}" + (f"?{parts.query}" if parts.query else "")


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.port != 0 else None
    except ValueError:
        return None


def _invalid(name: str, url: str, example: str) -> UsageError:
    return UsageError("SETTINGS_INVALID", f"{masked(url)!r} cannot be the place of the {name}.", f"Example: {example}")
