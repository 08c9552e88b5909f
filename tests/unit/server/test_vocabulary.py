"""The vocabulary over HTTP: edits and their history, files in many forms, proposals as one sees their videos."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from kinodex.library import Library
from stores.core.principal import Principal, Scope
from stores.tags.vocabulary.proposals import FoundProposal
from tests.unit.server.test_jobs import Server
from tests.unit.server.test_tags import PASSWORD, Videos, decide, library, server, videos

__all__ = ["library", "server", "videos"]


def test_a_tag_is_added_edited_merged_and_all_of_it_undone(server: Server, videos: Videos) -> None:
    before = server.get("/tags")
    added = server.post("/tags", {"name": "Puppy", "aliases": ["小狗", "Puppy"], "parent": "dog"})
    puppy = added["tags"][0]
    assert (puppy["aliases"], puppy["parent"]) == (["小狗"], "dog")
    edit = {"add_aliases": ["pup"], "remove_aliases": ["小狗"], "facet": "what"}
    edited = server.client.patch(f"/api/v1/tags/{puppy['tag_id']}", json=edit).json()
    assert (edited["tags"][0]["aliases"], edited["tags"][0]["facet"]) == (["pup"], "what")
    circle = server.client.patch("/api/v1/tags/dog", json={"parent": puppy["tag_id"]})
    assert (circle.status_code, circle.json()["code"]) == (400, "USAGE")
    decide(server, (videos.one, "dog", "rejected"))
    merged = server.post(f"/tags/{puppy['tag_id']}/merge", {"sources": ["dog", "cat"]})
    assert (merged["removed"], merged["decisions"]) == (["dog", "cat"], 5)
    assert {one["tag_id"]: one["videos"] for one in server.get("/tags")["tags"]}[puppy["tag_id"]] == 2
    assert [one["action"] for one in server.get("/tags/dog/history")["changes"]] == ["merge", "import"]
    history = server.get(f"/tags/{puppy['tag_id']}/history")
    assert [one["action"] for one in history["changes"]] == ["merge", "edit", "add"]
    assert history["changes"][0]["undo"] == merged["undo"]
    for step in (merged, edited, added):
        server.post("/tags/undo", {"undo": step["undo"]})
    after = server.get("/tags")
    assert {one["tag_id"]: one for one in after["tags"]} == {
        one["tag_id"]: one | ({"videos": one["videos"] - 1} if one["tag_id"] in ("dog", "animal") else {})
        for one in before["tags"]
    }
    assert server.get("/tags/nothing/history", 404)["code"] == "NOT_FOUND"


def test_retired_restored_split_and_removed(server: Server, videos: Videos) -> None:
    assert server.post("/tags/retire", {"tag_ids": ["dog"]})["tags"][0]["status"] == "retired"
    assert server.get("/tags/dog")["videos"] == 3
    assert server.post("/tags/restore", {"tag_ids": ["dog"]})["tags"][0]["status"] == "active"
    split = server.post("/tags/dog/split", {"parts": [{"name": "Hound", "aliases": ["hound"]}, {"name": "Lapdog"}]})
    assert [one["parent"] for one in split["tags"]] == ["animal", "dog", "dog"]
    server.post("/tags/dog/split", {"parts": [{"name": "One"}]}, 400)
    gone = server.client.delete("/api/v1/tags/dog").json()
    assert (gone["removed"], len(gone["tags"])) == (["dog"], 2)
    server.post("/tags/undo", {"undo": gone["undo"]})
    assert server.get("/tags/dog")["videos"] == 3
    assert server.client.delete("/api/v1/tags/nothing").status_code == 404


def test_files_of_many_forms_are_imported_and_exported(server: Server, videos: Videos) -> None:
    for form in ("csv", "tsv", "json", "jsonl", "ttl", "rdf"):
        exported = server.client.get(f"/api/v1/tags/export?form={form}")
        again = server.client.post(f"/api/v1/tags/import?name=tags.{form}", content=exported.content).json()
        assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 4), form
    words = "Wal\nKätzchen\n".encode("cp1252")
    tried = server.client.post("/api/v1/tags/import?name=words.txt&dry_run=true", content=words).json()
    assert (tried["added"], tried["dry_run"], tried["remarks"][0]) == (2, True, "read as Windows-1252")
    table = b"Title;Syn\nWhale;whales\n"
    done = server.client.post("/api/v1/tags/import?columns=name=Title,aliases=Syn", content=table).json()
    assert (done["added"], done["changes"][0]["name"]) == (1, "Whale")
    assert server.get("/tags")["total"] == 5
    server.post("/tags/undo", {"undo": done["undo"]})
    assert server.get("/tags")["total"] == 4


def test_who_may_not_edit_changes_nothing(server: Server, videos: Videos) -> None:
    server.by(Principal("", "reader", frozenset[Scope](("read", "review")), everything=True))
    for path, body in (
        ("/tags", {"name": "x"}),
        ("/tags/retire", {"tag_ids": ["dog"]}),
        ("/tags/dog/merge", {"sources": ["cat"]}),
        ("/tags/undo", {"undo": "stp_x"}),
    ):
        server.post(path, body, 403)
    assert server.client.delete("/api/v1/tags/dog").status_code == 403
    assert server.client.patch("/api/v1/tags/dog", json={}).status_code == 403
    assert server.get("/tags/dog/history")["changes"]


def test_proposals_are_those_of_the_videos_that_one_sees(library: Library, videos: Videos) -> None:
    all_of_them = (videos.one, videos.two, videos.three)
    lines = tuple((one, f"utt_{one}", f"a line of {one}") for one in all_of_them)
    library.store.proposals.put([FoundProposal("fly fishing", "speech", "en", 1.0, lines)])
    server = Server(library)
    (found,) = server.get("/tags/proposals")["proposals"]
    assert (found["name"], found["support"], len(found["examples"])) == ("fly fishing", 3, 3)
    access = library.store.access
    access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD, scopes=("read", "edit")).user_id
    room = access.collections.add("room").collection_id
    access.collections.put_videos(room, [videos.one, videos.two])
    access.collections.grant(room, bob, "editor")
    narrow = Server(library)
    narrow.client.post("/api/v1/login", json={"name": "Bob", "password": PASSWORD})
    assert narrow.get("/tags/proposals") == {"proposals": [], "more": False}
    narrow.post(f"/tags/proposals/{found['proposal_id']}/reject", {}, 403)
    history = narrow.get("/tags/dog/history")["decisions"]
    assert {one["video_id"] for one in history} == {videos.one, videos.two}


def test_a_search_for_proposals_is_a_job_of_those_who_may_change_the_vocabulary(
    library: Library, videos: Videos
) -> None:
    server = Server(library)
    sent = server.client.post("/api/v1/tags/proposals/search", headers={"Idempotency-Key": "once"})
    job = sent.json()
    assert (sent.status_code, job["kind"], job["state"], job["new"]) == (202, "propose", "queued", True)
    assert sent.headers["Location"] == f"/api/v1/jobs/{job['job_id']}"
    again = server.post("/tags/proposals/search", None, 202, key="once")
    assert (again["job_id"], again["new"]) == (job["job_id"], False)
    assert server.post("/jobs/plan", {"kind": "propose"}, 400)["code"] == "USAGE"
    assert server.post(f"/jobs/{job['job_id']}/cancel")["state"] == "cancelled"
    assert server.post(f"/jobs/{job['job_id']}/retry")["state"] == "queued"
    for scopes, everything in ((("read", "edit"), True), (("read", "jobs"), True), (("read", "edit", "jobs"), False)):
        server.by(Principal("", "Bob", frozenset[Scope](scopes), everything=everything))
        if everything:
            server.post("/tags/proposals/search", None, 403)
            server.post("/jobs", {"kind": "propose"}, 403)


def test_tags_are_narrowed_sorted_and_skipped(server: Server, videos: Videos) -> None:
    def names(**asked: Any) -> list[str]:
        answer = server.client.get("/api/v1/tags", params=asked)
        return [one["name"] for one in answer.json()["tags"]]

    assert names(sort="name") == ["Animal", "Car_100%", "Cat", "Dog"]
    assert names(sort="-videos") == ["Animal", "Dog", "Cat", "Car_100%"]
    assert names(parent="animal") == ["Dog", "Cat"]
    assert names(skip=3) == ["Car_100%"]
    assert names(q="狗") == ["Dog"]
    server.post("/tags/retire", {"tag_ids": ["cat"]})
    server.client.patch("/api/v1/tags/car", json={"facet": ""})
    assert names(status="retired") == ["Cat"]
    assert names(facet="-") == ["Car_100%"]
    assert names(facet="what", status="active") == ["Animal", "Dog"]
    found = server.get("/tags/facets")
    assert found["facets"] == [{"facet": "what", "tags": 2}, {"facet": "", "tags": 1}]
    assert (found["active"], found["retired"]) == (3, 1)
    for order in ("name", "-videos"):
        whole = names(sort=order)
        first = server.get("/tags", sort=order, limit=3)
        rest = server.get("/tags", sort=order, limit=3, cursor=first["next"])
        assert [one["name"] for one in (*first["tags"], *rest["tags"])] == whole
        assert rest["next"] is None
        refused = server.client.get("/api/v1/tags", params={"sort": "added", "cursor": first["next"]})
        assert refused.json()["code"] == "USAGE"


def test_what_cannot_be_decided_at_once_is_left(server: Server, videos: Videos) -> None:
    # Nothing is indexed here: there is nothing to decide.
    assert server.post("/tags/decide", {"tag_ids": ["dog"]}) == {"decided": None}
    assert server.post("/tags/decide", {"tag_ids": ["nothing"]}, 404)["code"] == "NOT_FOUND"
    server.by(Principal("", "reader", frozenset[Scope](("read", "review")), everything=True))
    server.post("/tags/decide", {"tag_ids": ["dog"]}, 403)
    server.post("/tags/proposals/search", None, 403)
    server.get("/tags/duplicates", 403, meaning=True)


def test_what_was_recognised_is_proposed_in_the_language_of_the_reader(
    server: Server, library: Library, videos: Videos
) -> None:
    lines = tuple((one, f"snd_{one}", "music") for one in (videos.one, videos.two, videos.three))
    library.store.proposals.put([FoundProposal("music", "sound", "en", 1.0, lines)])
    server.client.headers["Accept-Language"] = "zh"
    (found,) = server.get("/tags/proposals")["proposals"]
    assert (found["name"], found["shown"], found["examples"][0]["text"]) == ("music", "音乐", "音乐")
    (tag,) = server.post(f"/tags/proposals/{found['proposal_id']}/accept", {})["tags"]
    assert (tag["name"], tag["aliases"]) == ("music", ["音乐"])


def test_a_decided_proposal_can_be_opened_again(server: Server, library: Library, videos: Videos) -> None:
    lines = tuple((one, f"utt_{one}", "a line") for one in (videos.one, videos.two, videos.three))
    library.store.proposals.put([FoundProposal("fly fishing", "speech", "en", 1.0, lines)])
    (found,) = server.get("/tags/proposals")["proposals"]
    path = f"/tags/proposals/{found['proposal_id']}"
    assert server.post(f"{path}/reopen", None, 409)["code"] == "CONFLICT"
    server.post(f"{path}/reject")
    assert server.get("/tags/proposals")["proposals"] == []
    assert server.post(f"{path}/reopen")["status"] == "open"
    accepted = server.post(f"{path}/accept", {})
    server.post("/tags/undo", {"undo": accepted["undo"]})
    assert server.post(f"{path}/reopen") == found
    assert server.post("/tags/proposals/prp_none/reopen", None, 404)["code"] == "NOT_FOUND"


def test_a_tag_of_a_thesaurus_whose_id_is_a_uri_is_found_and_changed_by_it(server: Server, library: Library) -> None:
    ids = ["http://example.org/a", "http://example.org/a/history", "50%2Foff", "50%/off", "%25"]
    file = "id,name\n" + "".join(f"{one},Name {number}\n" for number, one in enumerate(ids))
    server.client.post("/api/v1/tags/import?name=x.csv", content=file.encode()).raise_for_status()
    for one in ids:
        escaped = quote(one, safe="")
        assert server.get(f"/tags/{escaped}")["tag_id"] == one
        assert server.get(f"/tags/{escaped}/videos")["videos"] == []
        edited = server.client.patch(f"/api/v1/tags/{escaped}", json={"facet": "what"})
        assert edited.json()["tags"][0]["tag_id"] == one
        assert [change["action"] for change in server.get(f"/tags/{escaped}/history")["changes"]] == ["edit", "import"]
    gone = server.client.get("/api/v1/tags/http%3A%2F%2Fexample.org%2Fno")
    assert (gone.status_code, gone.json()["title"]) == (404, "There is no tag 'http://example.org/no'.")
    server.client.delete(f"/api/v1/tags/{quote(ids[0], safe='')}").raise_for_status()
    assert library.store.tags.find(ids[0]) is None
    assert server.client.get("/api/v1/tags/a/b").status_code == 404


def test_a_tag_whose_id_is_an_address_of_something_else_is_read_and_changed(server: Server) -> None:
    for one in ("facets", "export", "duplicates", "proposals"):
        server.post("/tags", {"name": f"About {one}", "tag_id": one, "parent": "animal"})
        (found,) = server.get("/tags", tag_id=one)["tags"]
        assert (found["tag_id"], found["name"]) == (one, f"About {one}")
        assert [above["tag_id"] for above in found["parents"]] == ["animal"]
        assert server.get(f"/tags/{one}/videos")["videos"] == []
        assert server.get(f"/tags/{one}/history")["changes"][0]["action"] == "add"
        server.client.delete(f"/api/v1/tags/{one}").raise_for_status()
        assert server.get("/tags", tag_id=one) == {"tags": [], "total": 0, "next": None}


@pytest.mark.parametrize("name", ["\u200b", "\u202egnp.tac", "dog\u2066", "\u00ad\u200d"])
def test_a_name_is_seen_and_turns_no_text_around_it(server: Server, name: str) -> None:
    assert server.post("/tags", {"name": name}, 400)["code"] == "USAGE"
    assert server.post("/tags", {"name": "Puppy", "facet": name}, 400)["code"] == "USAGE"
    server.post("/tags", {"name": "👩\u200d🚀", "aliases": ["می\u200cخواهم"]})


def test_parts_of_a_tag_have_names_of_their_own(server: Server) -> None:
    parts = {"parts": [{"name": "Puppy"}, {"name": "ＰＵＰＰＹ"}]}
    assert server.post("/tags/dog/split", parts, 400)["title"] == "Two parts have the same name."
