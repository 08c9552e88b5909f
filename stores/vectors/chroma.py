"""Chroma's client: embedded in this process over a folder, or over HTTP to a server; and what it complains about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stores.core.errors import KinodexError, StoreError
from stores.core.places import masked
from stores.sql.faults import store_error

TOKEN_VARIABLE = "KINODEX_CHROMA_TOKEN"
"""Environment variable with the token of a Chroma server, sent as ``Authorization: Bearer`` and ``X-Chroma-Token``."""

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 120.0
"""Longest wait for a server's answer. Source: our choice: the largest batch takes seconds. Chroma itself sets none."""

_PORTS = {"http": 8000, "https": 443}
_GATEWAY = ("502 Bad Gateway", "503 Service", "504 Gateway", "upstream connect error", "no healthy upstream")


def open_client(place: Path | str, database: str, create: bool) -> Any:
    """A client, or None if there is nothing yet and ``create`` is not set.

    Args:
        place: folder, or ``http(s)://host:port`` of a server; ``/name`` behind it chooses another database.
        database: of the server, made if it is not there.

    Raises:
        StoreError: as `chroma_faults`.
    """
    if isinstance(place, Path):
        if not create and not (place / "chroma.sqlite3").exists():
            return None
        import chromadb
        from chromadb.config import Settings

        with chroma_faults(place):
            return chromadb.PersistentClient(path=str(place), settings=Settings(anonymized_telemetry=False))
    database = urlsplit(place).path.strip("/") or database
    with chroma_faults(place):
        if not _has_database(place, database, create):
            return None
        return _http_client(place, database)


def load_chroma() -> None:
    """Import Chroma's client, which takes about a second, before it is needed."""
    import_module("chromadb")


def close_client(client: Any) -> None:
    """Releases what a client of `open_client` holds."""
    holders = (client, getattr(client, "_admin_client", None))
    sessions = [getattr(getattr(holder, "_server", None), "_session", None) for holder in holders]
    client.close()
    for session in filter(None, sessions):
        # Chroma leaves its connections open.
        session.close()


@contextmanager
def chroma_faults(place: Path | str) -> Iterator[None]:
    """Turns what Chroma raises inside the block into `StoreError`.

    Raises:
        StoreError: VECTOR_STORE_UNREACHABLE, VECTOR_STORE_FAILED, DISK_FULL or LIBRARY_READ_ONLY.
    """
    try:
        yield
    except KinodexError:
        raise
    except Exception as error:
        # Over HTTP Chroma raises httpx's errors, ValueError for a server that is not there, and bare Exceptions with
        # whatever a proxy said; anything else is ours.
        known = _known(error, place)
        if known is None:
            raise
        raise known from error


def _known(error: Exception, place: Path | str) -> KinodexError | None:
    import httpx
    from chromadb.errors import ChromaError, NotFoundError

    name = masked(str(place))
    if isinstance(error, httpx.TransportError) or isinstance(error.__context__, httpx.TransportError):
        return _unreachable(name, str(error.__context__ if isinstance(error, ValueError) else error))
    if isinstance(error, NotFoundError):
        # Another process swept the collection away between two calls, or a server lost what it had.
        again = "Run the same command again; if that does not help: `kinodex index rebuild`."
        return StoreError("VECTOR_STORE_FAILED", f"{name}: {error}.", again)
    if isinstance(error, ChromaError):
        known = store_error(error, name)
        return known or StoreError("VECTOR_STORE_FAILED", f"The vector index {name} failed: {error}.")
    if isinstance(place, str) and type(error) is Exception:
        said = str(error)[:200]
        if any(phrase in said for phrase in _GATEWAY):
            return _unreachable(name, said)
        return StoreError("VECTOR_STORE_FAILED", f"The Chroma server {name} answered: {said!r}.")
    return None


def _unreachable(name: str, said: str) -> StoreError:
    message = f"The Chroma server {name} cannot be reached: {said}."
    return StoreError(
        "VECTOR_STORE_UNREACHABLE", message, "Start the server or repair the network, then run the same command again."
    )


def _http_client(url: str, database: str) -> Any:
    import chromadb

    settings = _server_settings(url)
    client: Any = chromadb.HttpClient(
        host=settings.chroma_server_host,
        port=settings.chroma_server_http_port,
        ssl=settings.chroma_server_ssl_enabled,
        headers=settings.chroma_server_headers,
        settings=settings,
        database=database,
    )
    client._server._session.timeout = _timeout()
    client._admin_client._server._session.close()
    return client


def _has_database(url: str, name: str, create: bool) -> bool:
    import chromadb
    from chromadb.errors import ChromaError, NotFoundError

    settings = _server_settings(url)
    settings.chroma_api_impl = "chromadb.api.fastapi.FastAPI"
    admin: Any = chromadb.AdminClient(settings)
    admin._server._session.timeout = _timeout()
    try:
        try:
            admin.get_database(name)
        except NotFoundError:
            if not create:
                return False
            try:
                admin.create_database(name)
            except ChromaError as error:
                # Another process may have been faster.
                if "already exists" not in str(error):
                    raise
        return True
    finally:
        admin._server._session.close()
        admin._release_system(admin._identifier)


def _timeout() -> Any:
    import httpx

    # Chroma waits for ever and offers no setting for it; a server that hangs would hang the job.
    return httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)


def _server_settings(url: str) -> Any:
    from chromadb.config import Settings

    parts = urlsplit(url)
    token = os.environ.get(TOKEN_VARIABLE, "")
    headers = {"Authorization": f"Bearer {token}", "X-Chroma-Token": token} if token else {}
    return Settings(
        anonymized_telemetry=False,
        chroma_server_host=parts.hostname,
        chroma_server_http_port=parts.port or _PORTS[parts.scheme],
        chroma_server_ssl_enabled=parts.scheme == "https",
        chroma_server_headers=headers,
    )
