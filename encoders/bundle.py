"""All models of a profile behind one door, each loaded when it is first needed.

Importing this module and asking for names and revisions loads no model library: a run that finds nothing to do
must not wait for torch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import cast

from threadpoolctl import threadpool_limits

from encoders.concepts import ConceptSpace, prototypes_revision
from encoders.loading import DEVICES, LoadContext, loader
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


class Encoders:
    """The models of one profile. Safe to share between threads; each model is loaded once.

    Args:
        registry: where models are described and found.
        profile: name of a profile of that registry.
        threads: CPU threads of one model call.
        device: ``cpu`` or ``cuda``, for those models that can choose.

    Raises:
        WeightsError: ``missing`` if there is no such profile.
        ValueError: if ``threads`` or ``device`` is none of these.
    """

    def __init__(self, registry: Registry, profile: str, threads: int, device: str = "cpu") -> None:
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
    def open(cls, profile: str = "embedded", threads: int = 1, device: str = "cpu") -> Encoders:
        """The models of a profile; nothing is loaded yet.

        Raises:
            WeightsError: ``missing`` if there is no such profile.
        """
        return cls(Registry.load(), profile, threads, device)

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
        return cast(ConceptSpace, self._once("concepts", lambda: ConceptSpace.load(self.spec("text").revision)))

    @property
    def image(self) -> ImageEncoder:
        """Pictures into text space."""
        return cast(ImageEncoder, self._model("image"))

    @property
    def text(self) -> TextEncoder:
        """Texts into the same space."""
        return cast(TextEncoder, self._model("text"))

    @property
    def speech(self) -> SpeechRecognizer:
        """Sound into words."""
        return cast(SpeechRecognizer, self._model("speech"))

    @property
    def voice(self) -> VoiceDetector:
        """Sound into spans of speech."""
        return cast(VoiceDetector, self._model("voice"))

    @property
    def reader(self) -> TextReader:
        """Pictures into lines of text."""
        return cast(TextReader, self._model("reader"))

    @property
    def detector(self) -> Detector:
        """Pictures into objects."""
        return cast(Detector, self._model("detector"))

    def _model(self, task: str) -> object:
        return self._once(task, lambda: self._load(self.spec(task)))

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
        return loader(spec)(LoadContext(spec, paths, self.threads, self.device, self))
