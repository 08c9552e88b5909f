"""The backend for OpenAI-compatible endpoints: parameters that they differ in, retries, streams, and coded errors."""

from __future__ import annotations

import base64
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

import openai

from agents.llm.completion import Completion, Message, Request, UnsupportedError
from agents.llm.failures import Failures, retry_after
from agents.llm.refusals import Refusal
from agents.llm.replies import FilteredError, StreamedReply, UnreadableError, completion_of
from agents.llm.request_options import RequestOptions
from agents.llm.settings import EndpointSettings
from stores.core.errors import EndpointError

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
"""Seconds between attempts where the endpoint does not say: doubled each time. Source: the openai library's own."""

_PATH = "/chat/completions"
_MOST_CHANGES = 10  # of parameters: more than there are to change


class _CutError(Exception):
    """A stream ended before the reply did."""


class _ToldError(Exception):
    """An error in a reply with status 200."""

    def __init__(self, error: object) -> None:
        super().__init__()
        self.refusal = Refusal.of(error, 0)


_FAILURES = (openai.APIError, _CutError, _ToldError, ValueError, RecursionError)
"""The last two: what a reply holds that is no JSON, or JSON with longer numbers or deeper lists than are read."""


class OpenAIBackend:
    """Talks to one endpoint. Which parameters it takes is found out once. Thread-safe."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._failures = Failures(settings)
        self._lock = threading.Lock()
        self._options = RequestOptions()
        # Retries are ours: the library would wait two minutes, whatever the time-out is.
        self._client = openai.OpenAI(
            base_url=settings.base_url, api_key=settings.api_key, timeout=settings.timeout_seconds, max_retries=0
        )

    def complete(self, request: Request) -> Completion:
        """The model's reply (`agents.llm.completion.Backend`)."""
        end = time.monotonic() + request.seconds if request.seconds is not None else float("inf")
        attempt, changes, waited = 0, 0, 0.0
        while True:
            options = self._options
            parameters = options.parameters(request)
            shown = False
            try:
                if "stream" not in parameters:
                    return self._whole(request, parameters, end)
                streamed = StreamedReply(request.on_text or _nowhere)
                try:
                    return self._streamed(request, parameters, end, streamed)
                finally:
                    shown = streamed.shown
            except _FAILURES as error:
                refusal = _refusal_of(error)
                if refusal is not None and changes < _MOST_CHANGES and self._adapts(options, refusal, parameters):
                    changes += 1
                    continue
                wait = retry_after(error.response.headers) if isinstance(error, openai.APIStatusError) else None
                if wait is None:
                    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) * (1 - 0.25 * random.random())
                too_long = waited + wait > self._settings.timeout_seconds or time.monotonic() + wait > end
                transient = isinstance(error, openai.APIConnectionError | _CutError) or (
                    refusal is not None and refusal.reason == "busy"
                )
                if not transient or shown or too_long or attempt >= self._settings.max_retries:
                    raise self._coded(error, refusal, wait if too_long and transient else 0.0) from error
            except (UnreadableError, FilteredError) as error:
                raise self._failures.unusable(error) from error
            attempt += 1
            waited += wait
            time.sleep(wait)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _whole(self, request: Request, parameters: Mapping[str, Any], end: float) -> Completion:
        body = self._body(request, parameters)
        made = _completion(self._client.post(_PATH, cast_to=object, body=body, options={"timeout": self._seconds(end)}))
        if request.on_text is not None and made.text:
            request.on_text(made.text)
        return made

    def _streamed(
        self, request: Request, parameters: Mapping[str, Any], end: float, reply: StreamedReply
    ) -> Completion:
        stream = self._client.post(
            _PATH,
            cast_to=object,
            body=self._body(request, parameters),
            options={"timeout": self._seconds(end)},
            stream=True,
            stream_cls=openai.Stream[object],
        )
        with stream:
            if "event-stream" not in stream.response.headers.get("content-type", "event-stream"):
                stream.response.read()  # a server that knows no streams
                made = _completion(stream.response.json())
                if made.text:
                    reply.on_text(made.text)
                return made
            for chunk in stream:
                reply.add(chunk)
                if time.monotonic() > end:
                    raise self._failures.slow()
        if not reply.finished:
            raise _CutError
        return reply.completion()

    def _seconds(self, end: float) -> float:
        """The time-out of an attempt that begins now."""
        return max(0.05, min(self._settings.timeout_seconds, end - time.monotonic()))

    def _body(self, request: Request, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": self._settings.model, "messages": list(map(_as_json, request.messages)), **parameters}

    def _adapts(self, refused: RequestOptions, refusal: Refusal, sent: Mapping[str, Any]) -> bool:
        """Leave out the parameter that the endpoint rejects; False if it rejects none that can be left out."""
        if refusal.reason == "context":
            return False  # its wordings name max_tokens as well
        name = refusal.parameter(sent)
        if name in ("tools", "tool_choice"):
            raise UnsupportedError("tools")
        with self._lock:
            if self._options != refused:  # another thread has adapted them
                return bool(name)
            options = refused.without(name) if name else None
            self._options = options or refused
            return options is not None

    def _coded(self, error: Exception, refusal: Refusal | None, wait: float) -> EndpointError:
        if isinstance(error, _CutError):
            return self._failures.cut()
        if isinstance(error, openai.APITimeoutError):
            return self._failures.slow()
        if isinstance(error, openai.APIConnectionError):
            # A connection that was made and then lost is another matter than one that cannot be made.
            lost = "connect" not in type(error.__cause__).__name__.casefold()
            return self._failures.cut() if lost else self._failures.absent()
        if refusal is None:
            return self._failures.unusable(UnreadableError("it is not JSON"))
        return self._failures.refused(refusal, wait)


def _refusal_of(error: Exception) -> Refusal | None:
    """What the endpoint said, if it said anything."""
    if isinstance(error, _ToldError):
        return error.refusal
    if isinstance(error, openai.APIStatusError):
        refusal = Refusal.of(error.body, error.status_code)
        return refusal if refusal.message else Refusal.of(error.response.text[:2000], error.status_code)
    if isinstance(error, openai.APIConnectionError | openai.APIResponseValidationError):
        return None
    if isinstance(error, openai.APIError):  # inside a reply
        return Refusal.of(error.body, 0) if isinstance(error.body, Mapping) else Refusal(0, error.message)
    return None


def _completion(body: object) -> Completion:
    if isinstance(body, Mapping) and body.get("error") and not body.get("choices"):
        raise _ToldError(body["error"])
    return completion_of(body)


def _as_json(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.pictures:
        made["content"] = [{"type": "text", "text": message.text}, *map(_picture, message.pictures)]
    if message.calls:
        made["tool_calls"] = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    if message.role == "tool":
        made["tool_call_id"] = message.call_id
    return made


def _picture(data: bytes) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"}}


def _nowhere(_: str) -> None:
    pass
