"""The vocabulary changes: files, edits, merges, history, likely doubles and proposals."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from kinodex.schemas.api import vocabulary as schema
from kinodex.schemas.api.jobs import OrderedJob
from kinodex.schemas.jobs.orders import ProposeOrder
from kinodex.schemas.tagging.explained import DecidedAtOnce
from kinodex.schemas.tags import ImportedDocument
from kinodex.server.asking import Viewed
from kinodex.server.idempotency import Key
from kinodex.server.problems import errors
from kinodex.server.routes.work.jobs import ordered
from kinodex.server.tag_ids import TAG_ID
from kinodex.views.tags import proposing
from kinodex.views.tags import vocabulary as views
from stores.core.errors import UsageError

router = APIRouter(tags=["vocabulary"])

Limit = Annotated[int, Query(ge=1, le=1_000)]

_FILE = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = {"text/csv": _FILE}
_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "ttl": "text/turtle",
    "rdf": "application/rdf+xml",
}


@router.post("/tags", responses=errors("NOT_FOUND", "CONFLICT"))
def add_tag(view: Viewed, request: schema.NewTagRequest) -> schema.TagsChanged:
    """Add a tag."""
    return views.add(view, request)


@router.post(
    "/tags/import",
    openapi_extra={"requestBody": {"required": True, "content": _CONTENT}},
    responses=errors("TOO_LARGE", "TAG_FILE_INVALID"),
)
async def import_tags(
    view: Viewed,
    request: Request,
    name: Annotated[str, Query(max_length=200)] = "",
    columns: Annotated[str, Query(max_length=500)] = "",
    dry_run: bool = False,
) -> ImportedDocument:
    """Add the tags of a file, sent as the body: a table, a list of names, JSON or SKOS, by the suffix of its name."""
    from anyio.to_thread import run_sync

    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > views.IMPORTED:
            raise UsageError("TOO_LARGE", f"A file of tags has at most {views.IMPORTED:,} bytes.", "Send it in pieces.")
    return await run_sync(views.import_bytes, view, bytes(data), name, columns, dry_run)


@router.get("/tags/export", response_class=Response, responses={200: {"content": _CONTENT}})
def export_tags(view: Viewed, form: Literal["csv", "tsv", "json", "jsonl", "ttl", "rdf"] = "csv") -> Response:
    """All tags as a file that the import reads; ``ttl`` and ``rdf`` are SKOS."""
    headers = {"Content-Disposition": f'attachment; filename="tags.{form}"'}
    return Response(views.export_bytes(view, form), headers=headers, media_type=_TYPES[form])


@router.get("/tags/duplicates")
def list_duplicates(view: Viewed, limit: Limit = 100, meaning: bool = False) -> schema.Duplicates:
    """Tags that share a name or an alias, and with ``meaning`` those whose names mean nearly the same.

    Nothing is merged by itself. What names mean is computed once, some hundred names for each request: while the
    answer has names ``left``, ask again.
    """
    return proposing.duplicates_by_meaning(view, limit) if meaning else proposing.shared_names(view, limit)


@router.get("/tags/proposals")
def list_proposals(
    view: Viewed, status: Literal["open", "accepted", "rejected"] = "open", limit: Limit = 50
) -> schema.Proposals:
    """What is frequent in the videos that one sees and covered by no tag, the best supported first."""
    return proposing.proposals(view, status, limit)


@router.post("/tags/proposals/search", status_code=202, responses=errors("CONFLICT"))
def search_proposals(view: Viewed, response: Response, idempotency_key: Key = None) -> OrderedJob:
    """Have a job look through the library, a thousand videos at a time, for what no tag covers; what it finds replaces
    the open proposals. The same key orders it once."""
    return ordered(view, ProposeOrder(kind="propose"), response, idempotency_key)


@router.post("/tags/proposals/{proposal_id}/reopen", responses=errors("NOT_FOUND", "CONFLICT"))
def reopen_proposal(view: Viewed, proposal_id: str) -> schema.ProposalCard:
    """Have a decided proposal wait again; a tag that it became is left alone."""
    return proposing.reopen(view, proposal_id)


@router.post("/tags/proposals/{proposal_id}/accept", responses=errors("NOT_FOUND", "CONFLICT"))
def accept_proposal(view: Viewed, proposal_id: str, request: schema.AcceptRequest) -> schema.TagsChanged:
    """Make a proposal a tag, or an alias of one."""
    return proposing.accept(view, proposal_id, request)


@router.post("/tags/proposals/{proposal_id}/reject", responses=errors("NOT_FOUND", "CONFLICT"))
def reject_proposal(view: Viewed, proposal_id: str) -> schema.ProposalCard:
    """Never propose it again."""
    return proposing.reject(view, proposal_id)


@router.post("/tags/undo", responses=errors("NOT_FOUND", "CONFLICT"))
def undo_change(view: Viewed, request: schema.UndoChangeRequest) -> schema.TagsChanged:
    """Take a change of the vocabulary back: everything is as it was."""
    return views.undo(view, request.undo)


@router.post("/tags/decide", responses=errors("NOT_FOUND", "LIBRARY_LOCKED", "NO_TAGS"))
def decide_tags(view: Viewed, request: schema.TagsRequest) -> DecidedAtOnce:
    """Decide about new and changed tags, only for the videos that they may fit; where that takes longer than seconds,
    nothing is decided and a job of the kind ``tag`` is left to do it."""
    return views.decide(view, request.tag_ids)


@router.post("/tags/retire", responses=errors("NOT_FOUND"))
def retire_tags(view: Viewed, request: schema.TagsRequest) -> schema.TagsChanged:
    """Have tags keep their decisions and get no new ones."""
    return views.retire(view, request.tag_ids)


@router.post("/tags/restore", responses=errors("NOT_FOUND"))
def restore_tags(view: Viewed, request: schema.TagsRequest) -> schema.TagsChanged:
    """Have retired tags get decisions again."""
    return views.restore(view, request.tag_ids)


@router.patch(f"/tags/{TAG_ID}", responses=errors("NOT_FOUND"))
def edit_tag(view: Viewed, tag_id: str, request: schema.TagEditRequest) -> schema.TagsChanged:
    """Change some values of a tag."""
    return views.edit(view, tag_id, request)


@router.delete(f"/tags/{TAG_ID}", responses=errors("NOT_FOUND"))
def remove_tag(view: Viewed, tag_id: str) -> schema.TagsChanged:
    """Remove a tag with all decisions about it; its children get its parent."""
    return views.remove(view, [tag_id])


@router.post(f"/tags/{TAG_ID}/merge", responses=errors("NOT_FOUND"))
def merge_tags(view: Viewed, tag_id: str, request: schema.MergeRequest) -> schema.TagsChanged:
    """Make other tags part of this one, with their aliases, children, decisions and reviews."""
    return views.merge(view, tag_id, request.sources)


@router.post(f"/tags/{TAG_ID}/split", responses=errors("NOT_FOUND", "CONFLICT"))
def split_tag(view: Viewed, tag_id: str, request: schema.SplitRequest) -> schema.TagsChanged:
    """Divide a tag into narrower ones."""
    return views.split(view, tag_id, request)


@router.get(f"/tags/{TAG_ID}/history", responses=errors("NOT_FOUND"))
def get_history(view: Viewed, tag_id: str, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> schema.TagHistory:
    """What happened to a tag and to the decisions with it, the newest first."""
    return views.history(view, tag_id, limit)
