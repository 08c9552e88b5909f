"""How to call every route of the API: a new route without a row here fails the suite.

In paths, queries and bodies ``{video_id}`` and the like stand for ids: the one asked for is once one that is seen, once
one that is hidden, once one that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kinodex.exports.formats import FORMATS
from tests.unit.server.leaks.canaries import WORD
from tests.unit.stores.query.hostile import KNOWN

Body = dict[str, Any]

HOSTILE = KNOWN[:12]
"""Statements that must stay out, whoever asks."""


@dataclass(frozen=True)
class Call:
    """One request; ``path``: values of what is no id in the route's path; ``content``: a body that is no JSON."""

    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    path: dict[str, str] = field(default_factory=dict)
    content: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def calls(*queries: Body, body: Any = None) -> list[Call]:
    """Some calls by their queries."""
    return [Call(query, body) for query in queries or ({},)]


def bodies(*some: Any) -> list[Call]:
    """Some calls by their bodies."""
    return [Call(body=one) for one in some]


SQL = (
    "SELECT * FROM videos ORDER BY video_id",
    "SELECT COUNT(*) FROM videos",
    "SELECT COUNT(DISTINCT video_id) FROM transcript",
    "SELECT text FROM transcript",
    f"SELECT * FROM transcript WHERE text LIKE '%{WORD[:5]}%'",
    "SELECT * FROM screen_text",
    "SELECT * FROM captions",
    "SELECT * FROM labels",
    "SELECT * FROM tags",
    "SELECT tag, COUNT(*) FROM tags GROUP BY tag ORDER BY tag",
    "SELECT * FROM clips",
    "SELECT * FROM scenes",
    "SELECT * FROM facts",
    "SELECT * FROM tracklets",
    "WITH all_of_them AS (SELECT * FROM videos) SELECT COUNT(*) FROM all_of_them",
    "SELECT name FROM videos UNION SELECT text FROM transcript",
    "SELECT (SELECT COUNT(*) FROM transcript) FROM videos",
    "SELECT MAX(video_id), MIN(video_id) FROM clips",
    "SELECT COUNT(*) FROM videos AS a CROSS JOIN videos AS b",
)

_EXPORTS = [
    {"format": name, "query": "harbour" if "moments" in one.parts else "", "video_ids": None}
    for name, one in FORMATS.items()
]

_SRT = "1\n00:00:00,000 --> 00:00:01,900\nThe harbour opens at noon.\n"

_LINK = "It opens. [[1]](http://127.0.0.1:8730/videos/{video_id}?t=0#{evidence_id})"


def _completion(*said: str, **more: Any) -> Body:
    """A conversation: a question, an answer, a question, and so on."""
    messages = [{"role": ("user", "assistant")[at % 2], "content": one} for at, one in enumerate(said)]
    return {"model": "kinodex", "messages": messages, **more}


ROWS: dict[str, list[Call]] = {
    "GET /health": calls(),
    "GET /ready": calls(),
    "GET /me": calls(),
    "GET /status": calls(),
    "GET /users": calls(),
    "GET /keys": calls(),
    "GET /collections": calls(),
    "GET /collections/{collection_id}": calls(),
    "GET /collections/{collection_id}/members": calls(),
    "GET /collections/{collection_id}/videos": calls({}, {"limit": 1}),
    "GET /videos": calls(
        {},
        {"limit": 1},
        {"name": WORD},
        {"tag": "t1"},
        {"status": "failed"},
        {"status": "done", "sort": "-added"},
        {"collection": "{collection_id}"},
        {"language": "en"},
        {"sort": "seconds"},
    ),
    "GET /videos/{video_id}": calls(),
    "GET /videos/{video_id}/timeline": calls(),
    "GET /people": calls(),
    "GET /people/{person_id}": calls(),
    "GET /people/{person_id}/face": calls(),
    "GET /people/{person_id}/faces/{evidence_id}.jpg": calls(),
    "GET /people/{person_id}/alike": calls(),
    "GET /videos/{video_id}/lines": calls({}, {"kind": "speech", "limit": 1}),
    "GET /videos/{video_id}/tracklets": calls(),
    "GET /videos/{video_id}/similar": calls({}, {"start": 1, "end": 5, "k": 50}),
    "GET /videos/{video_id}/media": [Call(), Call(headers={"Range": "bytes=0-3"})],
    "HEAD /videos/{video_id}/media": calls(),
    "GET /videos/{video_id}/frames": calls({"end": 1}),
    "GET /videos/{video_id}/frame": calls({"t": 1}),
    "GET /videos/{video_id}/thumbnails/{name}": [Call(path={"name": "000000004000.jpg"})],
    "GET /videos/{video_id}/proxy": calls(),
    "GET /videos/{video_id}/proxy/media": calls(),
    "HEAD /videos/{video_id}/proxy/media": calls(),
    "GET /videos/{video_id}/sprites": calls(),
    "GET /videos/{video_id}/sprites/{number}.jpg": [Call(path={"number": "0"})],
    "GET /videos/{video_id}/peaks": calls({"buckets": 10}),
    "GET /videos/{video_id}/captions.vtt": calls(),
    "GET /search": calls(
        {"q": "harbour", "k": 50},
        {"q": WORD, "k": 50},
        {"q": "taxi", "k": 50},
        {"q": "harbour", "k": 50, "duplicates": True},
        {"q": WORD, "mode": "exact"},
        {"q": "harbour", "mode": "exact", "k": 50},
        {"q": "harbour", "video_id": "{video_id}"},
        {"q": "harbour", "collection": "{collection_id}"},
    ),
    "GET /evidence": calls({"id": "{evidence_id}"}),
    "GET /query/schema": calls(),
    "POST /query": bodies(*({"sql": one, "max_rows": 500} for one in (*SQL, *HOSTILE))),
    "GET /exports": calls(),
    "POST /exports": bodies(*_EXPORTS, {"format": "srt", "video_ids": ["{video_id}"]}),
    "GET /videos/{video_id}/export/{format}": [
        Call({"query": "harbour"} if "moments" in one.parts else {}, path={"format": name})
        for name, one in FORMATS.items()
    ],
    "GET /tags": calls({}, {"q": "cook"}, {"q": WORD}, {"sort": "-videos", "facet": "-"}, {"sort": "name", "limit": 1}),
    "GET /tags/facets": calls(),
    "GET /tags/export": calls({}, {"form": "ttl"}),
    "GET /tags/duplicates": calls({}, {"meaning": True}),
    "GET /tags/proposals": calls({}, {"status": "rejected", "limit": 1}),
    "GET /tags/{tag_id}/history": calls(),
    "GET /tags/{tag_id}": calls(),
    "GET /tags/{tag_id}/videos": calls({}, {"limit": 1}),
    "GET /videos/{video_id}/tags": calls(),
    "GET /videos/{video_id}/reviews": calls(),
    "GET /videos/{video_id}/lines/{evidence_id}/versions": calls(),
    "GET /review": calls(
        {},
        {"limit": 1},
        {"tag": "t1"},
        {"video_id": "{video_id}"},
        {"collection": "{collection_id}"},
        {"facet": "what"},
    ),
    "GET /settings": calls(),
    "GET /doctor": calls(),
    "GET /models": calls(),
    "GET /failures": calls(),
    "GET /folders": calls({}, {"path": "/"}),
    "GET /jobs": calls({}, {"limit": 1}),
    "GET /jobs/{job_id}": calls(),
    "GET /jobs/{job_id}/file": calls(),
    "GET /jobs/{job_id}/events": [Call(), Call(headers={"Last-Event-ID": "1"})],
    "GET /threads": calls({}, {"limit": 1}),
    "GET /threads/{thread_id}": calls(),
    "GET /threads/{thread_id}/export": calls({"format": "md"}, {"format": "json"}),
    "GET /turns/{turn_id}": calls(),
    "GET /turns/{turn_id}/events": [Call(), Call(headers={"Last-Event-ID": "1"}), Call({"after": 2})],
    "GET /v1/models": calls(),
    "GET /v1/models/{model}": [Call(path={"model": "kinodex"}), Call(path={"model": WORD})],
    "POST /v1/chat/completions": bodies(
        _completion("How many videos are there?"),
        _completion(f"When does the {WORD} open?", stream=True),
        _completion("What opens in the harbour?", _LINK, "When is that said?"),
        _completion("What opens in the harbour?", _LINK, "And what is said after that?", stream=True),
    ),
    # What changes something follows what only reads.
    "POST /login": bodies({"name": "Ada", "password": "a wrong password"}),
    "POST /logout": calls(),
    "POST /me/password": bodies({"old": "a wrong password", "new": "another wrong password"}),
    "POST /settings/endpoint-test": calls(),
    "PATCH /videos/{video_id}/lines/{evidence_id}": bodies({"text": "The harbour opens at noon."}),
    "DELETE /videos/{video_id}/lines/{evidence_id}": calls(),
    "POST /decisions": bodies({"decisions": [{"video_id": "{video_id}", "tag_id": "t1", "verdict": "rejected"}]}),
    "POST /decisions/undo": bodies({"undo": "of nobody"}),
    "POST /tags/import": [
        Call(content="id,name\nt3,sailing\n"),
        Call({"name": "words.txt", "dry_run": True}, content="sailing\n"),
    ],
    "POST /tags": bodies({"name": "Rowing", "tag_id": "t4"}),
    "PATCH /tags/{tag_id}": bodies({"facet": "what"}),
    "POST /tags/decide": bodies({"tag_ids": ["{tag_id}"]}),
    "POST /tags/retire": bodies({"tag_ids": ["{tag_id}"]}),
    "POST /tags/restore": bodies({"tag_ids": ["{tag_id}"]}),
    "POST /tags/{tag_id}/split": bodies({"parts": [{"name": "One"}, {"name": "Two"}]}),
    "POST /tags/{tag_id}/merge": bodies({"sources": ["t4"]}),
    "POST /tags/undo": bodies({"undo": "of nobody"}),
    "DELETE /tags/{tag_id}": calls(),
    "POST /tags/proposals/{proposal_id}/accept": bodies({}),
    "POST /tags/proposals/{proposal_id}/reject": calls(),
    "POST /tags/proposals/{proposal_id}/reopen": calls(),
    "POST /tags/proposals/search": calls(),
    "PATCH /people/{person_id}": bodies({"name": "Nora Lind"}, {"name": WORD}),
    "POST /people/{person_id}/merge": bodies({"others": ["{person_id}"]}, {"others": [WORD]}),
    "POST /people/{person_id}/split": bodies({"video_ids": ["{video_id}"]}),
    "DELETE /people/{person_id}": calls(),
    "POST /imports": [
        Call({"name": "any.srt", "video_id": "{video_id}", "dry_run": True}, content=_SRT),
        Call({"name": f"10-{WORD}.srt", "dry_run": True}, content=_SRT),
        Call({"name": "cited.srt", "dry_run": True}, content=_SRT.replace("1\n", "{evidence_id}\n", 1)),
        Call({"name": "tags.csv", "dry_run": True}, content="video_id,tag_id,decision\n{video_id},t1,rejected\n"),
        Call(
            {"name": "lines.csv", "dry_run": True}, content="video_id,evidence_id,text\n{video_id},{evidence_id},No.\n"
        ),
    ],
    "POST /videos/{video_id}/signed": bodies({"path": "media"}, {"path": "../../users"}),
    "POST /videos/{video_id}/proxy": calls(),
    "POST /videos/{video_id}/proxy/cancel": calls(),
    "POST /jobs/plan": bodies(
        {"kind": "describe", "video_ids": ["{video_id}"]},
        {"kind": "describe"},
        {"kind": "tag", "video_ids": ["{video_id}"]},
        {"kind": "tag"},
    ),
    "POST /jobs": bodies(
        {"kind": "tag", "video_ids": ["{video_id}"]},
        {"kind": "tag"},
        {"kind": "ingest", "paths": ["/films"]},
        {"kind": "ingest", "paths": ["/films"], "collection": "{collection_id}"},
        {"kind": "verify"},
        {"kind": "propose"},
        {"kind": "export", "format": "lines.csv", "video_ids": ["{video_id}"]},
        {"kind": "export", "format": "moments.csv", "query": "harbour"},
        {"kind": "export", "format": "otio", "tags": ["cooking"]},
    ),
    "POST /jobs/{job_id}/retry": calls(),
    "POST /jobs/{job_id}/cancel": calls(),
    "POST /failures/retry": bodies({}),
    "POST /threads": bodies({}, {"video_ids": ["{video_id}"]}),
    "PATCH /threads/{thread_id}": bodies({"title": "Other"}),
    "POST /threads/{thread_id}/turns": bodies({"question": "How many videos are there, and what opens?"}),
    "POST /turns/{turn_id}/cancel": calls(),
    "DELETE /threads/{thread_id}": calls(),
    "POST /users": bodies({"name": "Eve", "password": "correct horse battery"}),
    "PATCH /users/{user_id}": bodies({"everything": True}),
    "DELETE /users/{user_id}": calls(),
    "POST /keys": bodies(
        {"name": "more"}, {"name": "more", "user": "{user_id}"}, {"name": "more", "collections": ["{collection_id}"]}
    ),
    "DELETE /keys/{key_id}": calls(),
    "POST /collections": bodies({"name": "Mine"}),
    "PATCH /collections/{collection_id}": bodies({"name": "Mine"}),
    "PUT /collections/{collection_id}/members/{user_id}": bodies({"role": "editor"}),
    "DELETE /collections/{collection_id}/members/{user_id}": calls(),
    "PATCH /collections/{collection_id}/videos": bodies({"add": ["{video_id}"]}, {"remove": ["{video_id}"]}),
    "DELETE /collections/{collection_id}": calls(),
}
"""By method and path (below ``/api/v1``, apart from those of ``/v1``), in the order in which they are called."""

PUBLIC = frozenset({"GET /health", "GET /ready", "POST /login", "POST /logout"})
"""Routes that answer without login; they tell nothing of videos."""
