"""The library as a model of OpenAI's API, for chat programs that speak it; off unless the settings say otherwise."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from kinodex.exits import OUTCOMES
from kinodex.faults import explained
from kinodex.schemas.api import completions as schema
from kinodex.server.asking import Viewed
from kinodex.server.events import HEARTBEAT_SECONDS, Streams, streams_of
from kinodex.views.conversations import completions as views
from kinodex.views.library_view import LibraryView
from kinodex.views.names import without_paths
from stores.core.errors import KinodexError, UsageError

_SINCE = 1_767_225_600
"""When the model was made, in seconds since 1970: 2026-01-01, since clients want some number."""

_LOOK_SECONDS = 0.1

_CODES = {"LOGIN_REQUIRED": "invalid_api_key", "TOO_MANY_REQUESTS": "rate_limit_exceeded"}
"""Codes that clients know. Source: https://platform.openai.com/docs/guides/error-codes."""

_LOG = logging.getLogger(__name__)


class _Route(APIRoute):
    """A route whose errors are OpenAI's."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await answer(request)
            except HTTPException:
                raise  # too large: no client gets that far
            except RequestValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"] if part != "body")
                return _failed(UsageError("USAGE", f"{where or 'The request'}: {first['msg']}."), where or None)
            except Exception as error:  # noqa: BLE001
                return _failed(error)

        return guarded


_FAILURE = {"application/json": {"schema": {"$ref": "#/components/schemas/FailureDocument"}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": what, "content": _FAILURE}
    for status, what in {
        400: "It cannot be read, or asks nothing.",
        401: "The key is not valid.",
        403: "This may not be asked for.",
        404: "There is no such model.",
        429: "Too many questions at a time.",
    }.items()
} | {503: {"description": "What answers is away.", "model": schema.FailureDocument}}

router = APIRouter(prefix="/v1", tags=["openai"], route_class=_Route, responses=_RESPONSES)


@router.get("/models")
def list_models(view: Viewed) -> schema.ModelList:
    """The one model there is: the library."""
    return schema.ModelList(data=[_model(view, schema.MODEL)])


@router.get("/models/{model}")
def get_model(view: Viewed, model: str) -> schema.ModelCard:
    """A model by its id."""
    return _model(view, model)


@router.post(
    "/chat/completions",
    response_model=schema.Completion,
    responses={
        200: {
            "description": "The answer; with `stream` as server-sent events, each a chunk, until `[DONE]`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
def complete_chat(view: Viewed, request: Request, body: schema.CompletionRequest) -> Response:
    """Answer the last question of a conversation out of the videos, with links to where what it cites plays.

    What clients send beside `model`, `messages` and `stream` is passed over.
    """
    _model(view, body.model)
    question, before = _conversation(body.messages)
    asked = views.begin(view, question, before, str(request.base_url).rstrip("/"))
    if body.stream:
        counted = body.stream_options is not None and bool(body.stream_options.include_usage)
        chunks = _chunks(asked, streams_of(request.app), counted)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(chunks, headers=headers, media_type="text/event-stream")
    found = asked.result()
    made = schema.Completion(
        id=_id(asked),
        created=asked.began_at,
        model=schema.MODEL,
        choices=[schema.Choice(message=schema.Reply(content="\n".join(found.lines)))],
        usage=_usage(found),
    )
    return JSONResponse(made.model_dump(), headers={"Cache-Control": "no-store"})


def _model(view: LibraryView, name: str) -> schema.ModelCard:
    """The card of a model.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND.
    """
    view.require("chat")
    if name != schema.MODEL:
        raise UsageError("NOT_FOUND", "There is no such model.", f"The one there is: {schema.MODEL}.")
    return schema.ModelCard(id=name, created=_SINCE, owned_by="kinodex")


def _conversation(messages: list[schema.Message]) -> tuple[str, list[views.Exchange]]:
    """The last question, and what was said before it.

    Raises:
        UsageError: USAGE if there is none, or it comes with something that is no text.
    """
    asked: list[tuple[str, list[str]]] = []
    for one in messages:
        if one.role == "user":
            asked.append((_text(one), []))
        elif one.role == "assistant" and asked:
            asked[-1][1].append(_text(one))
    if not asked:
        raise UsageError("USAGE", "There is no question: no message is a user's.", "Ask something.")
    last = next(one for one in reversed(messages) if one.role == "user")
    if isinstance(last.content, list) and any(part.type != "text" for part in last.content):
        raise UsageError("USAGE", "Only text can be asked: pictures and sounds are not looked at.", "Leave them out.")
    before = [views.Exchange(question, "\n".join(answers)) for question, answers in asked[:-1] if question.strip()]
    return asked[-1][0], before


def _text(one: schema.Message) -> str:
    if isinstance(one.content, list):
        return "\n".join(part.text for part in one.content if part.type == "text" and part.text)
    return one.content or ""


async def _chunks(asked: views.Answering, streams: Streams, counted: bool) -> AsyncIterator[bytes]:
    """The answer as it is sent: at once, when it was checked, line by line."""
    try:
        yield _chunk(asked, schema.Delta(role="assistant", content=""))
        spoken = time.monotonic()
        while not asked.over:
            if streams.closing:
                return
            if time.monotonic() - spoken > HEARTBEAT_SECONDS:
                spoken = time.monotonic()
                yield b": still here\n\n"
            await asyncio.sleep(_LOOK_SECONDS)
        try:
            found = asked.result()
        except Exception as error:  # noqa: BLE001
            yield _data(json.loads(bytes(_failed(error).body)))
            return
        for number, line in enumerate(found.lines):
            yield _chunk(asked, schema.Delta(content=line if number == 0 else f"\n{line}"))
        yield _chunk(asked, schema.Delta(), "stop")
        if counted:
            yield _data(_made(asked, [], _usage(found)).payload())
        yield b"data: [DONE]\n\n"
    finally:
        asked.cancel()


def _chunk(asked: views.Answering, delta: schema.Delta, reason: Any = None) -> bytes:
    return _data(_made(asked, [schema.ChunkChoice(delta=delta, finish_reason=reason)]).payload())


def _made(
    asked: views.Answering, choices: list[schema.ChunkChoice], usage: schema.CompletionUsage | None = None
) -> schema.Chunk:
    return schema.Chunk(id=_id(asked), created=asked.began_at, model=schema.MODEL, choices=choices, usage=usage)


def _data(value: Any) -> bytes:
    return f"data: {json.dumps(value, allow_nan=False, separators=(',', ':'))}\n\n".encode()


def _id(asked: views.Answering) -> str:
    return f"chatcmpl-{asked.turn_id}"


def _usage(found: views.Answered) -> schema.CompletionUsage:
    return schema.CompletionUsage(prompt_tokens=found.tokens, completion_tokens=0, total_tokens=found.tokens)


def _failed(error: Exception, param: str | None = None) -> JSONResponse:
    """An error as OpenAI's clients read it."""
    said = error if isinstance(error, KinodexError) else explained(error)
    name = said.code.name
    if name == "INTERNAL":
        _LOG.error("A completion failed: %s", error)
        said = KinodexError("INTERNAL", "Something went wrong inside Kinodex.", "The log of the server says what.")
    status = OUTCOMES[name].http_status
    code = "model_not_found" if name == "NOT_FOUND" else _CODES.get(name, name)
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    failure = schema.Failure(
        message=without_paths(f"{said.message} {said.hint}".strip()), type=kind, param=param, code=code
    )
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(schema.FailureDocument(error=failure).model_dump(), status, headers)
