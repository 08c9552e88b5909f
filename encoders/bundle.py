"""All models of a profile behind one door, each loaded when it is first needed.

Importing this module and asking for names and revisions loads no model library: a run that finds nothing to do
must not wait for torch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar, cast

from threadpoolctl import threadpool_limits

from encoders.concepts import ConceptSpace, prototypes_revision
from encoders.memory import keep_freed_memory
from encoders.registry import Registry
from encoders.specs import ModelSpec
from encoders.types import (
    Detector,
    ImageEncoder,
    SpeechRecognizer,
    TextEncoder,
    TextReader,
    VoiceDetector,
    WeightsError,
)

if TYPE_CHECKING:
    from encoders.e5 import E5TextEncoder

_Model = TypeVar("_Model")


class Encoders:
    """The models of one profile. Safe to share between threads; each model is loaded once.

    Args:
        registry: where models are described and found.
        profile: name of a profile of that registry.
        threads: CPU threads of one model call.

    Raises:
        WeightsError: ``missing`` if there is no such profile.
    """

    def __init__(self, registry: Registry, profile: str, threads: int) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        keep_freed_memory()  # before there are worker threads, each of which would get an arena of its own
        self.registry = registry
        self.profile = profile
        self.threads = threads
        self._tasks = registry.profile(profile)
        self._loaded: dict[str, object] = {}
        self._lock = threading.Lock()
        self._loading: dict[str, threading.RLock] = {}

    @classmethod
    def open(cls, profile: str = "embedded", threads: int = 1) -> Encoders:
        """The models of a profile; nothing is loaded yet.

        Raises:
            WeightsError: ``missing`` if there is no such profile.
        """
        return cls(Registry.load(), profile, threads)

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
            raise WeightsError("missing", f"The profile {self.profile!r} has no model for {task!r}.")
        return self.registry.spec(self._tasks[task])

    def revision(self, task: str) -> str:
        """``name@revision`` of the model of a task (``image text speech voice reader detector``) or ``concepts``.

        Vectors of pictures and texts also depend on the concepts' prototypes and centres, whose revision is
        therefore part of theirs.

        Raises:
            WeightsError: ``missing`` if the profile has no model for that task.
        """
        if task == "concepts":
            return f"concepts@{prototypes_revision()}"
        spec = self.spec(task)
        if task in ("image", "text"):
            return f"{spec.name}@{spec.revision}-{prototypes_revision()}"
        return f"{spec.name}@{spec.revision}"

    @property
    def concepts(self) -> ConceptSpace:
        """What the picture models can name, and where that lies in text space."""
        return self._once("concepts", lambda: ConceptSpace.load(self.spec("text").revision))

    @property
    def image(self) -> ImageEncoder:
        """Pictures into text space."""
        return self._once("image", self._load_image)

    @property
    def text(self) -> TextEncoder:
        """Texts into the same space."""
        return self._once("text", self._load_text)

    @property
    def speech(self) -> SpeechRecognizer:
        """Sound into words."""
        return self._once("speech", self._load_speech)

    @property
    def voice(self) -> VoiceDetector:
        """Sound into spans of speech."""
        return self._once("voice", self._load_voice)

    @property
    def reader(self) -> TextReader:
        """Pictures into lines of text."""
        return self._once("reader", self._load_reader)

    @property
    def detector(self) -> Detector:
        """Pictures into objects."""
        return self._once("detector", self._load_detector)

    def _once(self, task: str, load: Callable[[], _Model]) -> _Model:
        # A lock for each, so that several models can be loaded at a time.
        with self._lock:
            loading = self._loading.setdefault(task, threading.RLock())
        with loading:
            if task not in self._loaded:
                self._loaded[task] = load()
                # numpy's own threads would compete with other workers, and add up in another order on each machine.
                threadpool_limits(self.threads, user_api="blas")
            return cast(_Model, self._loaded[task])

    def _load_image(self) -> ImageEncoder:
        spec = self.spec("image")
        weights = self.registry.locate(spec.name)["weights"]
        import torch

        from encoders.conse import ConseEncoder
        from encoders.efficientnet_lite import load_efficientnet_lite

        torch.set_num_threads(self.threads)
        self._limit_opencv()
        return ConseEncoder(load_efficientnet_lite(weights), self.concepts, spec.name)

    def _load_text(self) -> E5TextEncoder:
        spec, space = self.spec("text"), self.concepts
        weights = self.registry.locate(spec.name)["weights"]
        from encoders.e5 import E5TextEncoder, RawE5

        revision = self.revision("text").partition("@")[2]
        return E5TextEncoder(
            RawE5(weights, self.threads), space.centre_query, space.centre_passage, revision, spec.name
        )

    def _load_speech(self) -> SpeechRecognizer:
        spec = self.spec("speech")
        folder = self.registry.locate(spec.name)["folder"]
        from encoders.whisper import WhisperRecognizer

        return WhisperRecognizer(folder, self.threads, spec.name)

    def _load_voice(self) -> VoiceDetector:
        spec = self.spec("voice")
        weights = self.registry.locate(spec.name)["weights"]
        from encoders.silero import SileroVoiceDetector

        return SileroVoiceDetector(weights, spec.name)

    def _load_reader(self) -> TextReader:
        spec = self.spec("reader")
        paths = self.registry.locate(spec.name)
        from encoders.ocr import RapidTextReader

        self._limit_opencv()
        return RapidTextReader(paths["detector"], paths["recogniser"], self.threads, spec.name)

    def _load_detector(self) -> Detector:
        spec = self.spec("detector")
        paths = self.registry.locate(spec.name)
        from encoders.ssd import SsdDetector

        self._limit_opencv()
        known = frozenset(concept.concept_id for concept in self.concepts.concepts)
        return SsdDetector(paths["weights"], paths["graph"], known, name=spec.name)

    def _limit_opencv(self) -> None:
        import cv2

        cv2.setNumThreads(self.threads)
