"""The language model that runs in this process: which one the registry has for it, and whether it can be had."""

from __future__ import annotations

import importlib.util
from typing import Never

from encoders.adapters.llama import INSTALL, LlamaModel
from encoders.registry.loading import LoadContext, loader
from encoders.registry.registry import Registry
from encoders.registry.rows import RegistryRows
from encoders.types import WeightsError

TASK = "language"
DEFAULT = "qwen2.5-coder-1.5b"
"""The model where a profile names none for `TASK`: none of ours does, so that it is never fetched with a profile."""


def name_of(registry: Registry, profile: str) -> str:
    """The model that a profile has for `TASK`, or `DEFAULT`.

    Raises:
        WeightsError: ``missing`` if there is no such profile.
    """
    return registry.profile(profile).get(TASK, DEFAULT)


def check_installed() -> None:
    """Nothing if the engine is installed; it is not imported.

    Raises:
        WeightsError: ``missing`` if it is not.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise WeightsError("missing", "The language model of this machine needs the package xllamacpp.", INSTALL)


def missing_weights(name: str, why: str) -> WeightsError:
    """The error where a model's weights are not here: what is wrong, and both ways to get them."""
    return WeightsError("missing", why, f"{INSTALL}, or: kinodex models pull {name}")


def open_language_model(profile: str, threads: int = 0, added: RegistryRows | None = None) -> LlamaModel:
    """The model of a profile, verified and joined where it is in parts; it is loaded when it is first asked.

    Args:
        threads: of the processor; 0 for what is there.
        added: models and profiles of the settings.

    Raises:
        WeightsError: ``missing`` if the engine or weights are not installed; ``corrupt`` if weights were altered.
    """
    check_installed()
    registry = Registry.load(added=added)
    name = name_of(registry, profile)
    try:
        paths = registry.locate(name, fetch=False)
    except WeightsError as error:
        if error.kind != "missing" or registry.present(name):
            raise
        raise missing_weights(name, error.message) from error

    model = loader(registry.spec(name))(LoadContext(registry.spec(name), paths, threads, "cpu", _nothing, _nothing))
    if not isinstance(model, LlamaModel):
        raise WeightsError("corrupt", f"The loader of {name} gives no language model of encoders.adapters.llama.")
    return model


def _nothing() -> Never:
    raise WeightsError("missing", "A language model has nothing to do with texts and pictures of videos.")
