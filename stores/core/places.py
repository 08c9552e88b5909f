"""Where the parts of a library are: in its folder, or on servers that several machines share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from stores.core.errors import UsageError

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PASSWORD = re.compile(r"([a-z0-9+.-]+)(://[^/\s:@]*:)(\S*)@", re.IGNORECASE)
# A value that is a URL and nothing else is masked with the spaces that its password may have.
_PASSWORD_OF_ALL = re.compile(_PASSWORD.pattern.replace(r"\S*", ".*"), re.IGNORECASE | re.DOTALL)
_OPTION = re.compile(r"((?:^|[?&\s])[\w-]*(?:password|passwd|secret|token|key|sig)=)[^&\s]+", re.IGNORECASE)
_PORT = re.compile(r"\d+[/?#]")
_USER = re.compile(r"[^:/@]*(:[^@]*)?@")
_OPEN_OPTIONS = {"endpoint_url", "anon"}
_DATABASES = ("postgresql://", "postgres://", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True, repr=False)
class Places:
    """The three places of a library; "" means inside its folder. Its ``repr`` shows no password.

    Attributes:
        database: URL of a Postgres database, ``postgresql://user:password@host:5432/name``. The tables go into the
            first schema of its search path, so that several libraries can share a database:
            ``?options=-csearch_path%3Dfilms`` keeps one in the schema ``films``, which is created if it is missing.
        vectors: URL of a Chroma server, ``http://host:8000`` or ``https://…``. Each library has a Chroma database of
            its own there, ``http://host:8000/name`` if a name is given. A token is read from the environment
            (`stores.vectors.chroma.TOKEN_VARIABLE`).
        blobs: fsspec URL of a folder in an object store, ``s3://bucket/prefix``; each library needs its own.
        blob_options: what fsspec's file system is opened with, e.g. ``endpoint_url``, ``key``, ``secret`` for
            ``s3://``; without a key, the environment variables ``AWS_*`` are used.

    Raises:
        UsageError: SETTINGS_INVALID if one of them is not such a URL.
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
        """Whether any part is outside the library's folder."""
        return bool(self.database or self.vectors or self.blobs)

    def named(self) -> dict[str, str]:
        """Each place without user, password and secret options, as it may be written down and compared."""
        return {name: _public(value) for name, value in self._urls().items()}

    def _urls(self) -> dict[str, str]:
        return {"database": self.database, "vectors": self.vectors, "blobs": self.blobs}


def masked(text: str) -> str:
    """``text`` with the password of every URL in it, and of every ``password=``, ``api_key=`` and the like, as ``***``.

    A password is everything between the user's colon and the last ``@``, since database drivers accept unescaped ``/``,
    ``?`` and ``@`` in it. When in doubt, too much is hidden rather than too little.
    """
    pattern = _PASSWORD_OF_ALL if _URL.match(text) else _PASSWORD
    return _OPTION.sub(r"\1***", pattern.sub(_hidden, text))


def _hidden(found: re.Match[str]) -> str:
    scheme, user, password = found.groups()
    if scheme.lower() in ("http", "https") and _PORT.match(password):
        return found[0]  # host:8000/a@b has a port and no password
    return f"{scheme}{user}***@"


def _public(url: str) -> str:
    if not url:
        return ""
    scheme, _, rest = url.partition("://")
    if scheme.startswith("postgres"):
        # As SQLAlchemy parses it (a password ends at the first @), else as everything else does.
        authority = re.split("[/?#]", rest, maxsplit=1)[0]
        user = authority.rpartition("@")[0]
        rest = rest[len(user) + 1 :] if user else _USER.sub("", rest, count=1)
        url = f"postgresql://{rest}"
    parts = urlsplit(masked(url))
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}" + (f"?{parts.query}" if parts.query else "")


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.port != 0 else None
    except ValueError:
        return None


def _invalid(name: str, url: str, example: str) -> UsageError:
    return UsageError("SETTINGS_INVALID", f"{masked(url)!r} cannot be the place of the {name}.", f"Example: {example}")
