"""A video language model as a row of the registry names it: the loader of `VideoLLMDescriber`.

The row's ``preprocessing`` says which family it is and where its parts lie. A part is a path below the row's folder
(files of the hub), or the role of one of its files::

    preprocessing = { family = "valley", language_model = ".", tower = "clip" }
    preprocessing = { family = "video-chatgpt", language_model = "llava", projection = "a.bin", tower = "clip" }
    preprocessing = { family = "video-llama", language_model = "llama-2-7b-chat-hf", vision = ["VL.pth"],
                      audio = ["imagebind_huge.pth", "AL.pth"], template = "llama_2" }
    preprocessing = { family = "video-llava" }

``sizes`` changes sizes that a checkpoint does not say, where they are not the released ones; ``max_new_tokens`` is the
longest answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch

from encoders.reference.video_chatgpt.model import VideoChatGPTConfig
from encoders.reference.video_llama.audio import VideoLlamaAudioConfig
from encoders.reference.video_llama.prompts import STOPS
from encoders.reference.video_llama.vision import VideoLlamaVisionConfig
from encoders.reference.video_llava.model import VideoLlavaConfig
from encoders.reference.video_llm.describer import MAX_NEW_TOKENS, VideoLLMDescriber
from encoders.reference.video_llm.loading import (
    load_valley_llm,
    load_video_chatgpt_llm,
    load_video_llama_llm,
    load_video_llava_llm,
)
from encoders.reference.video_llm.model import VideoLLM
from encoders.registry.hf_folder import read_json
from encoders.runtime.device import chosen_dtype
from encoders.types import WeightsError

if TYPE_CHECKING:
    from encoders.registry.loading import LoadContext

_COMMON = {"family", "language_model", "max_new_tokens", "sizes"}
_Config = TypeVar("_Config")


def load(context: LoadContext) -> VideoLLMDescriber:
    """The describer of a row; half precision on a GPU, float32 on a CPU.

    Raises:
        WeightsError: ``missing`` if a part is not there; ``corrupt`` if an option is unknown or not of its kind, or if
            weights do not fit, naming the tensors.
    """
    row = _Row(context)
    family = str(row.options.get("family", ""))
    if family not in _FAMILIES:
        raise row.wrong(f"family must be one of {', '.join(_FAMILIES)}, not {family!r}")
    make, keys = _FAMILIES[family]
    if unknown := row.options.keys() - _COMMON - keys:
        raise row.wrong(f"unknown options of a {family}: {', '.join(sorted(unknown))}")
    most = row.options.get("max_new_tokens", MAX_NEW_TOKENS)
    if not isinstance(most, int) or most < 1:
        raise row.wrong(f"max_new_tokens must be a whole number above 0, not {most!r}")
    torch.set_num_threads(context.threads)
    return VideoLLMDescriber(make(row), context.spec.name, most)


@dataclass(frozen=True, slots=True)
class _Row:
    """What the row says, read strictly."""

    context: LoadContext

    @property
    def options(self) -> Mapping[str, object]:
        return self.context.spec.preprocessing

    @property
    def device(self) -> str:
        return self.context.device

    @property
    def dtype(self) -> torch.dtype:
        return chosen_dtype(self.context.device)

    @property
    def language_model(self) -> Path:
        return self.part("language_model", ".")

    @property
    def width(self) -> int:
        """Channels of the language model."""
        said = read_json(self.language_model, "config.json")
        said = cast(dict[str, Any], said.get("text_config", said))
        if not isinstance(said.get("hidden_size"), int):
            raise WeightsError("corrupt", f"{self.language_model / 'config.json'} lacks hidden_size.")
        return int(said["hidden_size"])

    def wrong(self, what: str) -> WeightsError:
        return WeightsError("corrupt", f"The row {self.context.spec.name} of the registry: {what}.")

    def part(self, key: str, default: str = "") -> Path:
        """Where the one part that ``key`` names lies."""
        said = self.options.get(key, default)
        if not isinstance(said, str) or not said:
            raise self.wrong(f"{key} must be a path below its folder or the role of a file, not {said!r}")
        return self._place(said)

    def parts(self, key: str) -> list[Path]:
        """The same of a list; none where the row lacks it."""
        said = self.options.get(key, [])
        names = [said] if isinstance(said, str) else said
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise self.wrong(f"{key} must be a list of paths below its folder or of roles, not {said!r}")
        return [self._place(name) for name in names]

    def sized(self, config: _Config, part: str = "") -> _Config:
        """``config`` with the row's ``sizes``, or with the table ``part`` of them."""
        sizes = self.table()
        return self.resized(config, sizes.get(part, {}) if part else sizes)

    def table(self) -> Mapping[str, object]:
        """The row's ``sizes``."""
        sizes = self.options.get("sizes", {})
        if not isinstance(sizes, Mapping):
            raise self.wrong(f"sizes must be a table, not {sizes!r}")
        return sizes

    def _place(self, name: str) -> Path:
        if name in self.context.paths and name != "folder":
            return self.context.paths[name]
        folder, below = self.context.paths.get("folder"), PurePosixPath(name)
        if folder is None:
            raise WeightsError(
                "missing", f"The registry names no folder and no file {name!r}: {self.context.spec.name}."
            )
        if below.is_absolute() or ".." in below.parts:
            raise self.wrong(f"{name!r} lies outside its folder")
        if not (folder / below).exists():
            raise WeightsError(
                "missing", f"{folder / below} is not there.", f"Fetch it: kinodex models pull {self.context.spec.name}"
            )
        return folder / below

    def resized(self, config: _Config, sizes: object) -> _Config:
        if not isinstance(sizes, Mapping):
            raise self.wrong(f"sizes of {type(config).__name__} must be a table, not {sizes!r}")
        known: dict[str, Any] = {field.name: getattr(config, field.name) for field in fields(cast(Any, config))}
        changes: dict[str, Any] = {}
        for name, value in sizes.items():
            if name not in known:
                raise self.wrong(f"{type(config).__name__} has no size {name!r}")
            old = known[name]
            if is_dataclass(old):
                changes[name] = self.resized(old, value)
            elif isinstance(old, tuple) and isinstance(value, list):
                changes[name] = tuple(value)
            elif type(value) is type(old) or (isinstance(old, float) and isinstance(value, int)):
                changes[name] = value
            else:
                raise self.wrong(f"{name} must be like {old!r}, not {value!r}")
        try:
            return cast(_Config, replace(cast(Any, config), **changes))
        except ValueError as error:
            raise self.wrong(str(error)) from error


def _valley(row: _Row) -> VideoLLM:
    tower = row.part("tower") if "tower" in row.options else None
    return load_valley_llm(row.language_model, tower, row.dtype, tower_sizes=_tower(row), device=row.device)


def _video_chatgpt(row: _Row) -> VideoLLM:
    sizes = {name: value for name, value in row.table().items() if name != "tower"}
    config = row.resized(VideoChatGPTConfig(row.width), sizes)
    parts = row.language_model, row.part("projection"), row.part("tower")
    return load_video_chatgpt_llm(*parts, config, row.dtype, tower_sizes=_tower(row), device=row.device)


def _video_llama(row: _Row) -> VideoLLM:
    template = row.options.get("template", "vicuna")
    if template not in STOPS:
        raise row.wrong(f"template must be {' or '.join(STOPS)}, not {template!r}")
    if not row.options.get("vision"):
        raise row.wrong("vision must name the checkpoints of the vision branch")
    return load_video_llama_llm(
        row.language_model,
        row.parts("vision"),
        row.parts("audio"),
        "llama_2" if template == "llama_2" else "vicuna",
        row.dtype,
        vision_config=row.sized(VideoLlamaVisionConfig(llama_width=row.width), "vision"),
        audio_config=row.sized(VideoLlamaAudioConfig(llama_width=row.width), "audio"),
        device=row.device,
    )


def _video_llava(row: _Row) -> VideoLLM:
    sized = row.sized(VideoLlavaConfig(hidden_size=row.width)) if row.table() else None
    return load_video_llava_llm(row.language_model, sized, row.dtype, device=row.device)


def _tower(row: _Row) -> dict[str, Any]:
    sizes = row.table().get("tower", {})
    if not isinstance(sizes, Mapping):
        raise row.wrong(f"sizes of the tower must be a table, not {sizes!r}")
    return dict(sizes)


_FAMILIES: Mapping[str, tuple[Callable[[_Row], VideoLLM], set[str]]] = {
    "valley": (_valley, {"tower"}),
    "video-chatgpt": (_video_chatgpt, {"projection", "tower"}),
    "video-llama": (_video_llama, {"vision", "audio", "template"}),
    "video-llava": (_video_llava, set()),
}
