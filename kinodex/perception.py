"""``[perception.<stage>]`` tables of the settings file, made into the configs of the stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pipeline.derive.vectors import VectorConfig
from pipeline.perception import PerceptionConfig
from stores.core.errors import UsageError
from stores.core.ids import sha256_of

_WORDS: dict[Any, str] = {
    int: "a whole number from 1 on",
    float: "a number from 0 on",
    str: "a text",
    bool: "true or false",
}


def perception_config(tables: Mapping[str, Mapping[str, Any]]) -> PerceptionConfig:
    """The config of every stage; what ``tables`` do not set stays as it is.

    Args:
        tables: setting by name, by stage.

    Raises:
        UsageError: SETTINGS_INVALID, naming the table or key, and those there are or what the key takes.
    """
    kinds = get_type_hints(PerceptionConfig)
    configs: dict[str, Any] = {}
    for stage, table in tables.items():
        if stage not in kinds:
            raise _invalid(f"there is no table [perception.{stage}].", f"Valid tables: {', '.join(kinds)}.")
        configs[stage] = _config(stage, kinds[stage], table)
    if "vectors" in configs:
        configs["vectors"] = _hashed(configs["vectors"])
    return PerceptionConfig(**configs)


def _hashed(config: VectorConfig) -> VectorConfig:
    """The config with the hash of its weights, which stands for them wherever the file lies."""
    if not config.video_weights:
        return config
    path = Path(config.video_weights).expanduser().absolute()
    try:
        found = config.video_sha256 or sha256_of(path)
    except OSError as error:
        message = f"key 'perception.vectors.video_weights': {path} cannot be read: {error.strerror}."
        raise _invalid(message, "Give the path of an official checkpoint.") from None
    return replace(config, video_weights=str(path), video_sha256=found)


def _config(stage: str, kind: Any, table: Mapping[str, Any]) -> Any:
    types = get_type_hints(kind)
    valid = [each.name for each in fields(kind)]
    values: dict[str, Any] = {}
    for name, value in table.items():
        key = f"perception.{stage}.{name}"
        if name not in valid:
            raise _invalid(f"unknown key {key!r}.", f"Valid keys there: {', '.join(valid)}.")
        fits, values[name] = _fitted(types[name], value)
        if not fits or (name.endswith("_seconds") and not value):
            raise _invalid(f"key {key!r} cannot be {value!r}.", f"It takes {_in_words(types[name])}.")
    try:
        return kind(**values)
    except ValueError as error:
        raise _invalid(f"[perception.{stage}]: {error}.", f"Keys there: {', '.join(valid)}.") from None


def _fitted(kind: Any, value: Any) -> tuple[bool, Any]:
    """Whether ``value`` is of the type ``kind``, and the value as that type."""
    if get_origin(kind) is Literal:
        return value in get_args(kind), value
    if get_origin(kind) in (Union, UnionType):
        tried = (_fitted(each, value) for each in get_args(kind))
        return next(((fits, fitted) for fits, fitted in tried if fits), (False, value))
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        items = [_fitted(inner, item) for item in value] if isinstance(value, list) else [(False, value)]
        return all(fits for fits, _ in items), tuple(item for _, item in items)
    if kind is float:
        # TOML tells 2 from 2.0; people need not. What is counted or measured here is never below nought.
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
        return fits, (float(value) if fits else value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1, value
    return isinstance(value, kind), value


def _in_words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(repr(each) for each in get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_in_words(each) for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is tuple:
        return f"a list of {_in_words(get_args(kind)[0])}"
    return _WORDS.get(kind, str(kind))


_invalid = partial(UsageError, "SETTINGS_INVALID")
