"""Conversations."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from kinodex.schemas.api.conversations import NewThread, NewTurn, ThreadChange, ThreadShown, ThreadsPage, TurnBegun
from kinodex.schemas.conversations.chat import ThreadDocument
from kinodex.server.asking import Viewed
from kinodex.server.etags import kept
from kinodex.server.idempotency import Key, once
from kinodex.server.problems import errors
from kinodex.server.routes.videos import Cursor
from kinodex.views.conversations import answering
from kinodex.views.conversations import threads as views

router = APIRouter(prefix="/threads", tags=["chat"])

_MARKDOWN = "text/markdown; charset=utf-8"


@router.get("", response_model=ThreadsPage)
def list_threads(
    view: Viewed, request: Request, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Response:
    """A page of conversations, the last changed first."""
    return kept(request, views.threads(view, limit, cursor))


@router.post("", status_code=201, responses=errors("UNKNOWN_VIDEO", "CONFLICT"))
def begin_thread(view: Viewed, request: Request, body: NewThread, idempotency_key: Key = None) -> ThreadDocument:
    """A new conversation, about all videos or about some."""
    return once(request, view, idempotency_key, body, lambda: views.begin(view, body))


@router.get("/{thread_id}", response_model=ThreadShown, responses=errors("UNKNOWN_THREAD"))
def get_thread(view: Viewed, request: Request, thread_id: str) -> Response:
    """A conversation with all that was said in it. A question whose process died is gone on with."""
    found = views.thread(view, thread_id)
    if any(turn.status == "running" for turn in found.turns):
        answering.resume(view, thread_id)
    return kept(request, found)


@router.patch("/{thread_id}", responses=errors("UNKNOWN_THREAD"))
def rename_thread(view: Viewed, thread_id: str, body: ThreadChange) -> ThreadDocument:
    """A conversation with another title."""
    return views.rename(view, thread_id, body.title)


@router.delete("/{thread_id}", status_code=204, responses=errors("UNKNOWN_THREAD"))
def delete_thread(view: Viewed, thread_id: str) -> Response:
    """Remove a conversation with all that was said in it."""
    views.delete(view, thread_id)
    return Response(status_code=204)


@router.get(
    "/{thread_id}/export",
    response_class=Response,
    responses=errors("UNKNOWN_THREAD")
    | {
        200: {
            "description": "The conversation as a file.",
            "content": {
                "text/markdown": {"schema": {"type": "string"}},
                "application/json": {"schema": {"$ref": "#/components/schemas/ThreadShown"}},
            },
        }
    },
)
def export_thread(view: Viewed, thread_id: str, format: Literal["md", "json"] = "md") -> Response:
    """A conversation as a file: Markdown or JSON."""
    if format == "md":
        text, media_type = views.as_markdown(view, thread_id), _MARKDOWN
    else:
        text, media_type = views.thread(view, thread_id).model_dump_json(indent=2) + "\n", "application/json"
    headers = {
        "Content-Disposition": f'attachment; filename="{thread_id}.{format}"',
        "Cache-Control": "private, no-store",
    }
    return Response(text.encode("utf-8", "replace"), media_type=media_type, headers=headers)


@router.post("/{thread_id}/turns", status_code=202, responses=errors("UNKNOWN_THREAD", "THREAD_BUSY", "CONFLICT"))
def ask(view: Viewed, request: Request, thread_id: str, body: NewTurn, idempotency_key: Key = None) -> TurnBegun:
    """Ask a question. It is answered whether or not anybody stays connected; its events tell how."""
    return once(request, view, idempotency_key, body, lambda: answering.begin(view, thread_id, body.question))
