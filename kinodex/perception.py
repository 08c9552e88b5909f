"""Turns the ``[perception.<stage>]`` tables of the settings file into the configs of the stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache, partial
from pathlib import Path
from types import GenericAlias, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, Strict, ValidationError, create_model

from pipeline.audio.speakers import SpeakerConfig
from pipeline.derive.vectors import VectorConfig
from pipeline.perception import PerceptionConfig
from stores.core.errors import UsageError
from stores.core.ids import sha256_of

RENAMED_TABLES = {"prints": "frame_hashes", "look": "visual_stats", "listen": "audio"}
"""Tables by their former names, which are errors that say the new one."""

RENAMED_KEYS = {
    "labels.faintest": "min_peak",
    "labels.most": "max_labels",
    "pictures.strongest": "top_k",
    "objects.same": "change_threshold",
    "pictures.same": "change_threshold",
    "tracklets.lonely": "min_single_score",
}
"""Keys by their former names, likewise."""

_WORDS: dict[Any, str] = {
    int: "a whole number of 1 or more",
    float: "a number of 0 or more",
    str: "a text",
    bool: "true or false",
}


def perception_config(tables: Mapping[str, Mapping[str, Any]]) -> PerceptionConfig:
    """The config of every stage; what ``tables`` do not set keeps its default.

    Args:
        tables: setting by name, by stage.

    Raises:
        UsageError: SETTINGS_INVALID, naming the table or key, and those there are or what the key takes.
    """
    configs = checked_tables(tables)
    if "vectors" in configs:
        configs["vectors"] = _hashed(configs["vectors"])
    if "faces" in configs and not configs["faces"].enabled and "enabled" not in tables.get("speakers", {}):
        # People are switched off as a whole: a voice tells who somebody is, too.
        configs["speakers"] = replace(configs.get("speakers", SpeakerConfig()), enabled=False)
    return PerceptionConfig(**configs)


def faces_enabled(tables: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether faces are looked at, by the tables that `perception_config` takes."""
    return bool(tables.get("faces", {}).get("enabled", True))


def checked_tables(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The config of each stage that has a table, by stage. No file that a table names is read.

    Raises:
        UsageError: SETTINGS_INVALID, as `perception_config`.
    """
    kinds = get_type_hints(PerceptionConfig)
    configs: dict[str, Any] = {}
    for stage, table in tables.items():
        if stage in RENAMED_TABLES:
            new = RENAMED_TABLES[stage]
            raise _invalid(f"table [perception.{stage}] is called [perception.{new}] now.", "Rename it; its keys stay.")
        if stage not in kinds:
            raise _invalid(f"there is no table [perception.{stage}].", f"Valid tables: {', '.join(kinds)}.")
        configs[stage] = _config(stage, kinds[stage], table)
    return configs


def _hashed(config: VectorConfig) -> VectorConfig:
    """The config with the hash of its weights, which identifies them independent of their path."""
    if not config.video_weights:
        return config
    path = Path(config.video_weights).expanduser().absolute()
    try:
        found = config.video_sha256 or sha256_of(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL, which no path can have
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"key 'perception.vectors.video_weights': {str(path)!r} cannot be read: {reason}."
        raise _invalid(message, "Give the path of an official checkpoint.") from None
    return replace(config, video_weights=str(path), video_sha256=found)


def _config(stage: str, kind: Any, table: Mapping[str, Any]) -> Any:
    valid = [each.name for each in fields(kind)]
    try:
        checked = _model(kind).model_validate(dict(table))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        key = f"perception.{stage}.{name}"
        if new := RENAMED_KEYS.get(f"{stage}.{name}"):
            raise _invalid(f"key {key!r} is called {new!r} now.", "Rename it; its values mean what they did.") from None
        if first["type"] == "extra_forbidden":
            raise _invalid(f"unknown key {key!r}.", f"Valid keys there: {', '.join(valid)}.") from None
        takes = _in_words(get_type_hints(kind)[name])
        raise _invalid(f"key {key!r} cannot be {table[name]!r}.", f"It takes {takes}.") from None
    try:
        return kind(**{name: getattr(checked, name) for name in checked.model_fields_set})
    except ValueError as error:
        raise _invalid(f"[perception.{stage}]: {error}.", f"Keys there: {', '.join(valid)}.") from None


@cache
def _model(kind: Any) -> type[BaseModel]:
    """A pydantic model with the fields of a stage's config, to check TOML; the config itself stays a dataclass."""
    types = get_type_hints(kind)
    made: dict[str, Any] = {each.name: (_checked(types[each.name], each.name), None) for each in fields(kind)}
    return create_model(kind.__name__, __config__=ConfigDict(extra="forbid"), **made)


def _checked(kind: Any, name: str) -> Any:
    """The type as TOML gives it: numbers are never booleans, and counts and measures are never negative."""
    if get_origin(kind) in (Union, UnionType):
        return Union[tuple(_checked(each, name) for each in get_args(kind))]  # noqa: UP007
    if get_origin(kind) is tuple:
        inner = _checked(get_args(kind)[0], name)
        return GenericAlias(tuple, (inner, ...))
    if kind is float:
        least = Field(strict=True, gt=0) if name.endswith("_seconds") else Field(strict=True, ge=0)
        return Annotated[float, least, AllowInfNan(False)]
    if kind is int:
        return Annotated[int, Field(strict=True, ge=1)]
    return Annotated[kind, Strict()] if kind in (str, bool) else kind


def _in_words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(repr(each) for each in get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_in_words(each) for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is tuple:
        return f"a list of {_in_words(get_args(kind)[0])}"
    return _WORDS.get(kind, str(kind))


_invalid = partial(UsageError, "SETTINGS_INVALID")
