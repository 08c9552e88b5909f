"""The models: which a profile uses, and their weights on this machine. None is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from encoders.language_model import TASK, name_of
from encoders.registry.registry import Registry
from encoders.types import WeightsError
from kinodex.schemas import models as schema
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from kinodex.settings import Settings


def models(settings: Settings) -> schema.ModelsDocument:
    """The models of the profile, and whether their weights are here and intact. Nothing is fetched.

    The language model of this process is listed where the settings choose it; its row says how large it is.

    Raises:
        WeightsError: ``missing`` if there is no such profile.
    """
    registry = Registry.load(added=settings.added_models())
    tasks = registry.profile(settings.profile)
    listed = [_model(registry, task, name) for task, name in tasks.items()]
    missing = sorted({model.name for model in listed if not model.present})
    apart = [TASK] if settings.endpoint.local and TASK not in tasks else []
    listed += [_model(registry, task, name_of(registry, settings.profile)) for task in apart]
    return schema.ModelsDocument(
        profile=settings.profile,
        device=settings.device,
        missing=missing,
        hint=f"Run: kinodex models pull --profile {settings.profile}" if missing else "",
        models=listed,
    )


def _model(registry: Registry, task: str, name: str) -> schema.ModelDocument:
    present, problem = False, ""
    try:
        present = registry.present(name)
        registry.locate(name, fetch=False)
    except WeightsError as error:
        problem = f"{error.message} {error.hint}".strip()
    return schema.model(task, registry.spec(name), present, problem)


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
        return list(dict.fromkeys(registry.profile(profile).values()))
    return [spec.name for spec in registry.models]
