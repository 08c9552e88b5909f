"""The models: which a profile uses, and their weights on this machine. None is loaded.

Those that an ingest can do without are fetched when they are first wanted, and if that cannot be, what needs them is
left out and said so, and is pending until they are there.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from encoders.language_model import TASK, name_of
from encoders.registry.hub import offline
from encoders.registry.registry import Registry
from encoders.registry.specs import TASKS
from encoders.types import WeightsError
from kinodex.schemas import models as schema
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from pipeline.perception import PerceptionConfig

AGAIN_SECONDS = 24 * 3600.0
"""Before a fetch that failed is tried again by itself: without a network, each would keep an ingest waiting. Ours."""

_log = logging.getLogger(__name__)


def models(settings: Settings, chinese: bool = False) -> schema.ModelsDocument:
    """The models of the profile, and whether their weights are here and intact. Nothing is fetched.

    The language model of this process is listed where the settings choose it; its row says how large it is.

    Args:
        chinese: whether limits are said in Chinese, where somebody wrote so.

    Raises:
        WeightsError: ``missing`` if there is no such profile.
    """
    registry = Registry.load(added=settings.added_models())
    tasks = registry.profile(settings.profile)
    listed = [_model(registry, task, name, chinese) for task, name in tasks.items()]
    missing = sorted({model.name for model in listed if not model.present})
    apart = [TASK] if settings.endpoint.local and TASK not in tasks else []
    listed += [_model(registry, task, name_of(registry, settings.profile), chinese) for task in apart]
    return schema.ModelsDocument(
        profile=settings.profile,
        device=settings.device,
        missing=missing,
        hint=f"Run: kinodex models pull --profile {settings.profile}" if missing else "",
        models=listed,
    )


def _model(registry: Registry, task: str, name: str, chinese: bool) -> schema.ModelDocument:
    present, problem = False, ""
    try:
        present = registry.present(name)
        registry.locate(name, fetch=False)
    except WeightsError as error:
        problem = f"{error.message} {error.hint}".strip()
    spec = registry.spec(name)
    if chinese and spec.limits_zh:
        spec = replace(spec, limits=spec.limits_zh)
    return schema.model(task, spec, present, problem)


def pull(settings: Settings, name: str | None = None, profile: str | None = None) -> schema.PulledDocument:
    """Fetch what is missing or altered of a model, or of all models of a profile (None for that of the settings).

    Raises:
        UsageError: USAGE if both are given.
        WeightsError: a file cannot be fetched, or is not what it should be.
    """
    _either(name, profile)
    registry = Registry.load(added=settings.added_models())
    pulled = []
    for each in _chosen(registry, name, settings.profile):
        before = registry.spec(each)
        fetched = registry.pull(each)
        pinned = registry.spec(each).hub_files[0].requirement if before.open else ""
        pulled.append(schema.pulled(each, pinned, fetched))
    return schema.PulledDocument(models=pulled)


def verify(settings: Settings, name: str | None = None, profile: str | None = None) -> schema.CheckedModelsDocument:
    """Hash the files of a model again, of all models of a profile, or of all models there are.

    Raises:
        UsageError: USAGE if both are given.
        WeightsError: ``missing`` if there is no such model or profile.
    """
    _either(name, profile)
    registry = Registry.load(added=settings.added_models())
    checked = [schema.checked(registry.verify(each)) for each in _chosen(registry, name, profile)]
    return schema.CheckedModelsDocument(models=checked)


def _either(name: str | None, profile: str | None) -> None:
    if name is not None and profile is not None:
        raise UsageError("USAGE", "Name either a model or a profile.", "Leave out NAME or --profile.")


def _chosen(registry: Registry, name: str | None, profile: str | None) -> list[str]:
    if name is not None:
        return [registry.spec(name).name]
    if profile is not None:
        models = registry.profile(profile)
        return list(dict.fromkeys(models[task] for task in sorted(models, key=lambda task: task not in TASKS)))
    return [spec.name for spec in registry.models]


def fetch_optional(encoders: Encoders, config: PerceptionConfig) -> list[str]:
    """Fetch the optional models that the settings want and that are not here.

    Returns:
        For each that is still not here, which stage is left out for what reason, and what to do; also logged.
    """
    wanted = [("sound", "sounds")] if config.sound.enabled else []
    wanted += [("faces", "faces"), ("faces", "face")] if config.faces.enabled else []
    wanted += [("speakers", "speaker")] if config.speakers.enabled else []
    said = []
    for stage, task in wanted:
        if encoders.has(task) and not encoders.has_files(task) and (reason := _fetched(encoders, task)):
            said.append(f"The stage {stage} is left out: {reason}")
            _log.warning(said[-1])
    return said


def _fetched(encoders: Encoders, task: str) -> str:
    """Why a model cannot be had; "" once it is here."""
    name = encoders.spec(task).name
    advice = f"Run: kinodex models pull {name}"
    if setting := offline():
        return f"its model {name} is not here, and {setting} forbids fetching it. {advice}"
    failed = encoders.registry.cache / "packages" / f".failed-{name}"
    if failed.is_file() and time.time() - failed.stat().st_mtime < AGAIN_SECONDS:
        return f"its model {name} is not here, and could not be fetched lately. {advice}"
    try:
        encoders.registry.pull(name)
    except WeightsError as error:
        failed.parent.mkdir(parents=True, exist_ok=True)
        failed.touch()
        return f"{error.message} {advice}"
    failed.unlink(missing_ok=True)
    return ""
