"""All models of a profile behind one door, each loaded when it is first needed.

Importing this module and asking for names and revisions loads no model library: a run that finds nothing to do
must not wait for torch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import cast

from threadpoolctl import threadpool_limits

from encoders.concepts import ConceptSpace, prototypes_revision
from encoders.registry.loading import DEVICES, LoadContext, loader
from encoders.registry.registry import Registry
from encoders.registry.rows import RegistryRows
from encoders.registry.specs import ModelSpec
from encoders.runtime.memory_use import keep_freed_memory
from encoders.styles.head import ENCODER, VisualStyles, shipped_styles
from encoders.types import (
    Captioner,
    CutDetector,
    Detector,
    FaceEncoder,
    FaceFinder,
    ImageEncoder,
    ImageTextRanker,
    SoundDetector,
    SpeakerEncoder,
    SpeechRecognizer,
    TextEncoder,
    TextReader,
    VideoDescriber,
    VoiceDetector,
    WeightsError,
)
from encoders.zero_shot import PictureTexts, ZeroShot, load_zero_shot, zero_shot_revision


class Encoders:
    """The models of one profile. Safe to share between threads; each model is loaded once.

    Args:
        registry: where models are described and found.
        profile: name of a profile of that registry.
        threads: CPU threads of one model call.
        device: ``cpu`` or ``cuda``, for those models that can choose; ``auto`` for what is there.

    Raises:
        WeightsError: ``missing`` if there is no such profile.
        ValueError: if ``threads`` or ``device`` is none of these.
    """

    def __init__(self, registry: Registry, profile: str, threads: int, device: str = "auto") -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        if device not in DEVICES:
            raise ValueError(f"device must be one of {', '.join(DEVICES)}, not {device!r}")
        keep_freed_memory()  # before there are worker threads, each of which would get an arena of its own
        self.registry = registry
        self.profile = profile
        self.threads = threads
        self.device = device
        self._tasks = registry.profile(profile)
        self._loaded: dict[str, object] = {}
        self._lock = threading.Lock()
        self._loading: dict[str, threading.RLock] = {}

    @classmethod
    def open(
        cls,
        profile: str = "embedded",
        threads: int = 1,
        device: str = "auto",
        pins: Mapping[str, str] | None = None,
        added: RegistryRows | None = None,
    ) -> Encoders:
        """The models of a profile; nothing is loaded yet.

        Args:
            pins: commits of models that another machine has resolved (`Registry.pins`).
            added: models and profiles of the settings, beside those of Kinodex and of installed packages.

        Raises:
            WeightsError: ``missing`` if there is no such profile; ``corrupt`` as `Registry.load`.
        """
        return cls(Registry.load(pins=pins, added=added), profile, threads, device)

    def close(self) -> None:
        """Let go of all loaded models; the next use loads them again."""
        with self._lock:
            self._loaded.clear()

    def __enter__(self) -> Encoders:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def spec(self, task: str) -> ModelSpec:
        """What the registry says about the model of a task.

        Raises:
            WeightsError: ``missing`` if the profile has no model for that task.
        """
        if task not in self._tasks:
            able = ", ".join(name for name in self.registry.profiles if task in self.registry.profile(name))
            raise WeightsError(
                "missing",
                f"The profile {self.profile!r} has no model for {task!r}.",
                f"Choose a profile that has one: {able}." if able else "No profile of this version has one.",
            )
        return self.registry.spec(self._tasks[task])

    def has(self, task: str) -> bool:
        """Whether the profile names a model for a task; its weights may still have to be fetched."""
        return task in self._tasks

    def has_files(self, task: str) -> bool:
        """Whether the profile names a model for a task, and all its files are on this machine."""
        return self.has(task) and self.registry.present(self._tasks[task])

    @property
    def on_gpu(self) -> bool:
        """Whether models that can choose compute on a GPU; PyTorch is asked, unless the device is ``cpu``."""
        if self.device == "cpu":
            return False
        from encoders.runtime.device import chosen_device

        return chosen_device() == "cuda"

    def revision(self, task: str) -> str:
        """``name@revision`` of the model of a task, or of ``concepts`` or ``zero_shot``.

        Vectors of texts also depend on the concepts' prototypes and centres, whose revision is therefore part of
        theirs, and of that of pictures where they lie in the same space. Where the profile names no ``image_text``,
        its revision is that of ``text``.

        Raises:
            WeightsError: ``missing`` if the profile has no model for that task, or it is not resolved yet which commit
                of the hub its weights are of.
        """
        if task == "concepts":
            return f"concepts@{prototypes_revision()}"
        if task == "zero_shot":
            return f"concepts@{zero_shot_revision(self._resolved('image_text'))}"
        if task == "image_text" and not self.has(task):
            task = "text"
        spec = self._resolved(task)
        if task == "text" or (task == "image" and not self.has("image_text")):
            return f"{spec.identity}-{prototypes_revision()}"
        return spec.identity

    @property
    def pulled(self) -> bool:
        """Whether some of the models come from the hub: they are larger, and made for a GPU."""
        return any(self.registry.spec(name).hub_files for name in self._tasks.values())

    @property
    def concepts(self) -> ConceptSpace:
        """What the picture models can name, and where that lies in text space."""
        return cast(ConceptSpace, self._once("concepts", lambda: ConceptSpace.load(self.spec("text").revision)))

    @property
    def zero_shot(self) -> ZeroShot | None:
        """The concepts in the space of a picture model with a text tower of its own.

        None where pictures lie in the space of `text`, and `concepts` says where the concepts are.
        """
        if not self.has("image_text"):
            return None
        return cast(ZeroShot, self._once("zero_shot", self._load_zero_shot))

    @property
    def has_styles(self) -> bool:
        """Whether the shipped head of visual styles knows the features of `image`. Loads nothing."""
        return self.spec("image").identity == ENCODER

    @property
    def styles(self) -> VisualStyles:
        """Tells drawings, renderings and screens from photographs, where it `has_styles`.

        Raises:
            WeightsError: as `VisualStyles.load`.
        """
        return shipped_styles()

    @property
    def image(self) -> ImageEncoder:
        """Pictures into the space of `image_text`."""
        return cast(ImageEncoder, self._model("image"))

    @property
    def text(self) -> TextEncoder:
        """Texts into one space: what is said, read on screen, or asked."""
        return cast(TextEncoder, self._model("text"))

    @property
    def image_text(self) -> TextEncoder:
        """Texts into the space of `image`: the other tower of the picture model, or `text` where that serves both."""
        return cast(TextEncoder, self._model("image_text")) if self.has("image_text") else self.text

    @property
    def speech(self) -> SpeechRecognizer:
        """Sound into words."""
        return cast(SpeechRecognizer, self._model("speech"))

    @property
    def voice(self) -> VoiceDetector:
        """Sound into spans of speech."""
        return cast(VoiceDetector, self._model("voice"))

    @property
    def sounds(self) -> SoundDetector:
        """Sound into speech, singing and music over time; optional."""
        return cast(SoundDetector, self._model("sounds"))

    @property
    def speaker(self) -> SpeakerEncoder:
        """Sound into vectors of the voices heard; optional."""
        return cast(SpeakerEncoder, self._model("speaker"))

    @property
    def reader(self) -> TextReader:
        """Pictures into lines of text."""
        return cast(TextReader, self._model("reader"))

    @property
    def detector(self) -> Detector:
        """Pictures into objects."""
        return cast(Detector, self._model("detector"))

    @property
    def cuts(self) -> CutDetector:
        """Frames into where scenes end; optional."""
        return cast(CutDetector, self._model("cuts"))

    @property
    def captioner(self) -> Captioner:
        """Pictures into sentences; optional."""
        return cast(Captioner, self._model("captioner"))

    @property
    def ranker(self) -> ImageTextRanker:
        """Pictures and texts into how well they match; optional."""
        return cast(ImageTextRanker, self._model("ranker"))

    @property
    def describer(self) -> VideoDescriber:
        """Stretches of video and questions into answers; optional."""
        return cast(VideoDescriber, self._model("describer"))

    @property
    def faces(self) -> FaceFinder:
        """Pictures into boxes of faces; optional."""
        return cast(FaceFinder, self._model("faces"))

    @property
    def face(self) -> FaceEncoder:
        """Faces into vectors of them; optional."""
        return cast(FaceEncoder, self._model("face"))

    def context(self, spec: ModelSpec, paths: Mapping[str, Path]) -> LoadContext:
        """What the loader of a model is given: its files by role, and what models of this profile share."""
        return LoadContext(spec, paths, self.threads, self.device, lambda: self.concepts, lambda: self.revision("text"))

    def _model(self, task: str) -> object:
        # By name: one model may have two tasks.
        spec = self.spec(task)
        return self._once(f"model {spec.name}", lambda: self._load(spec))

    def _resolved(self, task: str) -> ModelSpec:
        spec = self.spec(task)
        if spec.open:
            raise WeightsError(
                "missing",
                f"Which commit of {spec.hub_files[0].package} is used for {task!r} is resolved when its weights are "
                f"fetched, and they have not been.",
                f"Run: kinodex models pull --profile {self.profile}",
            )
        return spec

    def _load_zero_shot(self) -> ZeroShot:
        spec = self.spec("image_text")
        texts = self.image_text
        if not hasattr(texts, "encode_passages") or not hasattr(texts, "scale"):
            raise WeightsError("corrupt", f"The model {spec.name} has no text tower, so it cannot be an image_text.")
        return load_zero_shot(cast(PictureTexts, texts), spec, self.registry.cache)

    def _once(self, task: str, load: Callable[[], object]) -> object:
        # A lock for each, so that several models can be loaded at a time.
        with self._lock:
            loading = self._loading.setdefault(task, threading.RLock())
        with loading:
            if task not in self._loaded:
                self._loaded[task] = load()
                # numpy's own threads would compete with other workers, and add up in another order on each machine.
                threadpool_limits(self.threads, user_api="blas")
            return self._loaded[task]

    def _load(self, spec: ModelSpec) -> object:
        paths = self.registry.locate(spec.name)
        return loader(spec)(self.context(spec, paths))
