"""Whether a job may be done: asked when it is ordered, and again when it begins, which may be much later."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from stores.core.errors import UsageError
from stores.core.principal import OWNER, Principal
from stores.core.uris import uri_of
from stores.holdings import was_given

if TYPE_CHECKING:
    from kinodex.settings import ServerSettings, Settings
    from stores.jobs.records import Job
    from stores.library_store import LibraryStore


def orderer(store: LibraryStore, job: Job) -> Principal:
    """Who ordered a job, with the scopes of now.

    Raises:
        UsageError: FORBIDDEN if that is nobody any more.
    """
    found = store.access.by_id(job.owner) if job.owner else OWNER
    if found is None:
        raise UsageError("FORBIDDEN", "Who ordered this job is no user any more.", "Order it again.")
    return found


def roots_of(server: ServerSettings, who: Principal) -> tuple[Path, ...] | None:
    """The folders in which somebody may have files ingested; None for any.

    Any only for who sits at this machine: the server listens there alone, and access control is off.
    """
    if server.ingest_roots is not None:
        return tuple(root.expanduser().resolve() for root in server.ingest_roots)
    owner = not who.user_id and not who.key_id and who.everything
    return None if owner and server.local else ()


def check_path(path: Path, roots: tuple[Path, ...] | None) -> None:
    """Refuse a path, with all links followed, that is in none of the folders.

    Raises:
        UsageError: FORBIDDEN.
    """
    if roots is None or any(path.is_relative_to(root) for root in roots):
        return
    hint = "The setting server.ingest_roots names the folders that may be; GET /api/v1/folders lists them."
    raise UsageError("FORBIDDEN", "That path is in no folder that may be ingested.", hint)


def check_ingest(store: LibraryStore, settings: Settings, job: Job, paths: Iterable[str], *, retry: bool) -> None:
    """Refuse an ingest that its orderer might not order now.

    Args:
        retry: what the library was given already may be done again, also outside of the folders.

    Raises:
        UsageError: FORBIDDEN.
    """
    who = orderer(store, job)
    if not who.may("jobs"):
        message = f"{who.name}, who ordered this job, may order none any more."
        raise UsageError("FORBIDDEN", message, "Ask an administrator for the scope 'jobs', and order it again.")
    roots = roots_of(settings.server, who)
    if roots is None:
        return
    for text in paths:
        try:
            check_path(Path(text).resolve(), roots)
        except UsageError:
            if not retry or not was_given(store, uri_of(Path(text))):
                raise
        except (OSError, RuntimeError):  # a circle of links
            raise UsageError("FORBIDDEN", "That path leads in a circle.", "Order another one.") from None


def check_propose(store: LibraryStore, job: Job) -> None:
    """Refuse a search for proposals that its orderer might not order now.

    Raises:
        UsageError: FORBIDDEN.
    """
    who = orderer(store, job)
    whole = store.access.editable(who.user_id, who.key_id) is None
    if not (whole and who.may("edit") and who.may("jobs")):
        message = f"{who.name}, who ordered this job, may change the vocabulary no more."
        raise UsageError("FORBIDDEN", message, "Ask an administrator to do it.")
