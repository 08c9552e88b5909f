"""A language model in this process: GGUF weights run by llama.cpp (package xllamacpp, extra ``local-llm``).

What it is asked and what it replies has the form of OpenAI's chat completions. A reply can be bound to a JSON schema.
What is kept of the last prompts is not read again, so that a text which many prompts begin with is read once.

Source: llama.cpp's server (tools/server/README.md), xllamacpp 2026.10.11549.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from encoders.registry.loading import LoadContext
from encoders.registry.specs import FOLDER_ROLE
from encoders.types import WeightsError

CONTEXT = 4096
"""Tokens of prompt and reply together, if the row does not say. Their memory grows with it: 28 KB each."""

BATCH = 128
"""Tokens read at a time; between two batches a reply can be given up. Ours."""

KEPT_MEGABYTES = 256
"""Of earlier prompts, as the model has read them: some 8,000 tokens."""

MOST_THREADS = 8
"""Of a model that nobody gave a number. Ours."""

INSTALL = "Run: pip install 'kinodex[local-llm]' (1.1 GB)"

OnChunk = Callable[[Mapping[str, Any]], None]


class OverlongError(Exception):
    """The prompt exceeds the model's context; the text says by how much."""


class RefusedError(Exception):
    """The model's engine refused what was asked; the text says why."""


class LateError(Exception):
    """The reply was given up, because its time was over."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked.

    Attributes:
        messages: ``role`` and ``content`` of each, the newest last.
        schema: JSON schema of the reply, whose properties are written in its order; None for free text.
        logprobs: number of likeliest tokens wanted at each place.
        stop: texts that end the reply.
        seconds: from now on.
    """

    messages: Sequence[Mapping[str, str]]
    max_tokens: int
    schema: Mapping[str, Any] | None = None
    logprobs: int = 0
    stop: tuple[str, ...] = ()
    seconds: float | None = None

    def body(self) -> dict[str, Any]:
        """The same as the engine takes it. The likeliest words are taken, so that two runs say the same."""
        made: dict[str, Any] = {
            "messages": [dict(message) for message in self.messages],
            "max_tokens": self.max_tokens,
            "temperature": 0.0,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
            "cache_prompt": True,
        }
        if self.schema is not None:
            form = {"name": "reply", "schema": self.schema, "strict": True}
            made["response_format"] = {"type": "json_schema", "json_schema": form}
        if self.logprobs:
            made |= {"logprobs": True, "top_logprobs": self.logprobs}
        if self.stop:
            made["stop"] = list(self.stop)
        return made


class LlamaModel:
    """One model. Loaded at its first reply; one reply at a time. Thread-safe.

    Args:
        path: a GGUF file.
        threads: of the processor; 0 for what is there.
    """

    def __init__(self, path: Path, threads: int = 0, context: int = CONTEXT) -> None:
        self.path = path
        self.context = context
        self._threads = threads or min(MOST_THREADS, idle_processors())
        self._lock = threading.Lock()
        self._server: Any = None
        self.tokens_per_second = 0.0

    def complete(self, prompt: Prompt, on_chunk: OnChunk) -> None:
        """Have a prompt answered.

        Args:
            on_chunk: gets the chunks of the reply as they are written. What it raises ends the reply.

        Raises:
            OverlongError: if the prompt exceeds the context.
            RefusedError: if the engine refuses it, e.g. for its schema.
            LateError: if the time is over first.
            WeightsError: ``missing`` if the engine is not installed; ``corrupt`` if it cannot load the weights.
        """
        end = time.monotonic() + prompt.seconds if prompt.seconds is not None else float("inf")
        with _held(self._lock, end):
            listener = _Listener(on_chunk, end)
            server = self._loaded()
            try:
                server.handle_chat_completions(prompt.body(), listener)
            except (RuntimeError, ValueError) as error:
                raise RefusedError(str(error)) from error
            if listener.read_per_second:
                self.tokens_per_second = listener.read_per_second
        if listener.failure is not None:
            raise listener.failure

    def measured_speed(self) -> float:
        """Tokens of a prompt read in a second, as last measured; loads the model and measures if nothing is yet."""
        if not self.tokens_per_second:
            self.complete(Prompt([{"role": "user", "content": _SAMPLE}], 1), lambda _: None)
        return self.tokens_per_second

    def close(self) -> None:
        """Give the memory back; a further reply would load the model again."""
        with self._lock:
            self._server = None

    def _loaded(self) -> Any:
        if self._server is None:
            try:
                import xllamacpp
            except ImportError as error:
                raise WeightsError("missing", f"The package xllamacpp cannot be loaded: {error}.", INSTALL) from error
            parameters = xllamacpp.CommonParams()
            parameters.model.path = str(self.path)
            parameters.n_ctx = self.context
            parameters.n_parallel = 1
            parameters.n_batch = parameters.n_ubatch = BATCH
            parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = self._threads
            parameters.cache_ram_mib = KEPT_MEGABYTES
            parameters.n_gpu_layers = 0
            parameters.warmup = False
            parameters.verbosity = -1
            parameters.offline = True
            # The engine cannot be had without a port on this machine; nobody else knows its key.
            parameters.ui = False
            parameters.endpoint_slots = False
            parameters.api_keys = [secrets.token_urlsafe(32)]
            try:
                self._server = xllamacpp.Server(parameters)
            except (RuntimeError, ValueError, OSError) as error:
                raise WeightsError(
                    "corrupt",
                    f"{self.path} cannot be loaded: {error}.",
                    "It needs about 2 GB of memory; if there is so much, run: kinodex models verify",
                ) from error
        return self._server


class _Listener:
    """Passes chunks on, and tells the engine when to stop (by True); it must not raise, the engine would not pass it
    on."""

    def __init__(self, on_chunk: OnChunk, end: float) -> None:
        self._on_chunk = on_chunk
        self._end = end
        self.failure: BaseException | None = None
        self.read_per_second = 0.0

    def __call__(self, given: object) -> bool:
        if self.failure is not None:
            return True
        try:
            self._take(given)
        except BaseException as error:  # noqa: BLE001 - raised again in `complete`
            self.failure = error
        return self.failure is not None

    def _take(self, given: object) -> None:
        chunk = cast("Mapping[str, Any]", json.loads(given) if isinstance(given, str | bytes) else given)
        if "error" in chunk:
            raise _error_of(chunk["error"])
        timings = chunk.get("timings") or {}
        if timings.get("prompt_n", 0) >= _LEAST_MEASURED:
            self.read_per_second = float(timings["prompt_per_second"])
        self._on_chunk(chunk)
        if time.monotonic() > self._end and not timings:
            raise LateError("its time is over")


@contextmanager
def _held(lock: threading.Lock, end: float) -> Iterator[None]:
    """The lock of a model, waited for until a time."""
    left = end - time.monotonic()
    if not lock.acquire(timeout=-1 if left == float("inf") else max(0.0, left)):
        raise LateError("another reply took all of its time")
    try:
        yield
    finally:
        lock.release()


def _error_of(error: object) -> Exception:
    given = error if isinstance(error, Mapping) else {"message": str(error)}
    message = str(given.get("message", ""))
    if given.get("type") == "exceed_context_size_error":
        return OverlongError(message)
    return RefusedError(message)


def idle_processors() -> int:
    """How many this process may use, less those that others keep busy; at least one.

    The engine's threads wait for each other at every step: one that shares its processor holds up all others. Measured
    on two processors with a load of 8: two threads read 4 tokens a second, one 22.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    there = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    try:
        busy = int(os.getloadavg()[0])
    except (AttributeError, OSError):  # Windows has none
        busy = 0
    return max(1, there - busy)


def load(context: LoadContext) -> LlamaModel:
    """The model of a row whose assembly is one GGUF file.

    Raises:
        WeightsError: ``corrupt`` if the row has none.
    """
    files = sorted(context.paths[FOLDER_ROLE].glob("*.gguf")) if FOLDER_ROLE in context.paths else []
    if not files:
        raise WeightsError("corrupt", f"The model {context.spec.name} has no file *.gguf.")
    size = context.spec.preprocessing.get("context", CONTEXT)
    return LlamaModel(files[0], context.threads, size if isinstance(size, int) else CONTEXT)


_LEAST_MEASURED = 48
"""Tokens of a prompt from which a speed can be read."""

_SAMPLE = (
    "A train leaves the station in the morning. Two people wait on the platform with a red suitcase, a dog and three "
    "paper cups. The clock above them shows twenty minutes past seven, and it begins to rain. Say whether this is true."
)
