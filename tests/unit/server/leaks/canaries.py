"""A library with two collections: one that those who ask may see, one full of canaries that they must never see.

``make(root, hidden=False)`` makes the same library without the second one: what is answered must be the same
in both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.principal import SCOPES
from stores.core.records import (
    Blob,
    Caption,
    Decision,
    FaceTrack,
    Scene,
    ScreenText,
    Span,
    SpeakerTurn,
    StageKey,
    StageOutput,
    VectorItem,
)
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.maintenance.people.assigning import assign_people
from stores.maintenance.people.editing import name_person
from stores.tags.vocabulary.proposals import FoundProposal
from stores.threads.records import DraftClaim, NewEvent, Progress, TurnAnswer, Usage
from tests.unit.agents.small_library import CLIP, MS, add_video, commit

PASSWORD = "correct horse battery"

OPEN = 3
HIDDEN = 37
"""Indexed videos of the two collections; in each there is one more that failed."""

NUMBERS = frozenset({HIDDEN, HIDDEN + 1, HIDDEN + OPEN, HIDDEN + OPEN + 2})
"""No answer may hold one of these: how many are hidden, or there in all."""

WORD = "quokkalantern"
"""Said, shown and described in hidden videos only, and part of all their names."""

CONCEPT = "imagenet:468"
"""What hidden and seen videos show alike, so that hidden ones would be found."""


@dataclass
class Canaries:
    """What was made.

    Attributes:
        ids: ids of what is there, by role: ``video`` and ``hidden_video``, ``thread`` and ``hidden_thread``, and so on.
        secrets: what no answer may hold.
        keys: API keys by name.
    """

    root: Path
    ids: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)


def make(root: Path, hidden: bool = True) -> Canaries:
    """The library at ``root``/library, with users, keys, threads and jobs."""
    made = Canaries(root / "library")
    with Encoders.open("embedded") as encoders, LibraryStore.open(made.root, create=True) as store:
        seen = [_video(store, encoders, root, f"{n:02}-seen", f"The harbour opens at {n + 6}.") for n in range(OPEN)]
        said = f"The {WORD} opens in the harbour at"
        some = range(10, 10 + HIDDEN if hidden else 10)
        secret = [_video(store, encoders, root, f"{n}-{WORD}", f"{said} {n}.") for n in some]
        _broken(store, root, "05-seen-broken", seen)
        if hidden:
            _broken(store, root, f"05-{WORD}-broken", secret)
            store.catalog.record_input_error(f"file:///films/{WORD}.txt", "NOT_MEDIA", f"{WORD}.txt is no video.")
        _tags(store, root, seen, secret)
        _access(store, made, seen, secret)
        _people(store, made, seen[:OPEN], secret[:HIDDEN])
        _talk(store, made, hidden)
        _jobs(store, made, hidden)
    made.ids |= {"video": seen[0], "hidden_video": secret[0] if secret else "vid_none"}
    made.ids |= {"tag": "t1", "hidden_tag": "t_none"}
    made.ids |= {"proposal": _proposal_id("harbour"), "hidden_proposal": _proposal_id(WORD)}
    made.ids |= {"evidence": "utt_00-seen_0", "hidden_evidence": f"utt_10-{WORD}_0"}
    made.secrets |= {WORD, *secret, str(root)}
    return made


def _video(store: LibraryStore, encoders: Encoders, root: Path, name: str, said: str) -> str:
    video_id = add_video(store, encoders, root / f"{name}.mp4", CONCEPT, (said, "It is a fine day."))
    commit(store, video_id, "scenes", StageOutput(records=(Scene(f"scn_{name}", CLIP),)))
    commit(store, video_id, "thumbnails", StageOutput(blobs=(Blob("000000004000.jpg", b"\xff\xd8jpeg"),)))
    text = ScreenText(f"scr_{name}", Span(1000, 3000, MS), f"Welcome to {name}", 0.8, (0.1, 0.1, 0.5, 0.2))
    commit(store, video_id, "screentext", StageOutput(records=(text,)))
    told = Caption(f"cap_{name}", CLIP, f"clp_{name}", f"A view of {name}", 0.9, 4)
    commit(store, video_id, "captions", StageOutput(records=(told,)))
    looks = np.zeros(8, np.float32)
    looks[0] = 1.0
    item = VectorItem(collections(encoders).likeness, f"fp:clp_{name}:l", looks, CLIP, "picture", f"clp_{name}")
    commit(store, video_id, "likeness", StageOutput(vectors=(item,)))
    return video_id


def _broken(store: LibraryStore, root: Path, name: str, ids: list[str]) -> None:
    path = root / f"{name}.mp4"
    path.write_text("no video")
    sha = name.encode().hex().ljust(64, "1")[:64]
    video_id = store.catalog.register(path, sha, 8, path.stat().st_mtime_ns)
    attempt = store.ledger.begin(StageKey(video_id, "probe", "fp-probe"), "test")
    assert isinstance(attempt, Attempt)
    store.ledger.fail(attempt, "NOT_MEDIA", f"{path} is no media file.")
    ids.append(video_id)


def _tags(store: LibraryStore, root: Path, seen: list[str], secret: list[str]) -> None:
    file = root / "tags.csv"
    file.write_text("id,name\nt1,cooking\nt2,travel\n", encoding="utf-8")
    store.tags.import_csv(file)
    for video_id in (seen[0], *secret[:30]):
        made = [Decision(video_id, one, "accepted", 0.5, ("test",), ()) for one in ("t1", "t2")]
        store.tags.save_decisions(video_id, made)
    found = [_proposal("harbour", [*seen[:OPEN], *secret[:9]]), _proposal(WORD, secret[:9])]
    store.proposals.put([one for one in found if one.lines])


def _proposal(name: str, videos: list[str]) -> FoundProposal:
    lines = tuple((video_id, f"utt_of_{video_id}", f"The {name} opens") for video_id in videos)
    return FoundProposal(name, "speech", "en", float(len(videos)), lines)


def _proposal_id(name: str) -> str:
    return "prp_" + hashlib.blake2b(name.encode(), digest_size=10).hexdigest()


def _people(store: LibraryStore, made: Canaries, seen: list[str], secret: list[str]) -> None:
    """Nora, seen and heard in videos of both collections; in hidden ones somebody else, too, called by the word."""
    for number, video_id in enumerate([*seen, *secret]):
        faces = [_face(video_id, number, 1, 0)] + ([_face(video_id, number, 2, 1)] if video_id in secret else [])
        commit(store, video_id, "faces", StageOutput(tuple(one for one, _ in faces), tuple(item for _, item in faces)))
        turn = SpeakerTurn(f"spk_{number}", Span(500, 3500, MS), "speaker 1", "说话人1", 1, 0.9)
        commit(store, video_id, "speakers", StageOutput((turn,)))
    assign_people(store)
    nora = next(one for one in store.people.all() if one.videos == len([*seen, *secret]))
    name_person(store, nora.person_id, "Nora", "Ada")
    made.ids |= {"person": nora.person_id, "hidden_person": "per_none"}
    for one in store.people.all():
        if one.person_id != nora.person_id:
            name_person(store, one.person_id, WORD, "Ada")
            made.ids["hidden_person"] = one.person_id
            made.secrets.add(one.person_id)


def _face(video_id: str, number: int, who: int, axis: int) -> tuple[FaceTrack, VectorItem]:
    """A face that is there for most of a video, one beside the other."""
    span, x = Span(0, 4000, MS), 0.1 + 0.4 * axis
    path = tuple((tick, x, 0.2, x + 0.2, 0.5) for tick in range(0, 4000, 1000))
    track = FaceTrack(f"fac_{number}_{who}", span, "woman", "女人", path, 0.9, 0.9)
    looks = np.zeros(8, np.float32)
    looks[axis] = 1.0
    item = VectorItem("face-toy", f"fp:{track.evidence_id}:f", looks, span, "face", evidence_id=track.evidence_id)
    return track, item


def _access(store: LibraryStore, made: Canaries, seen: list[str], secret: list[str]) -> None:
    access = store.access
    ada = access.users.add("Ada", PASSWORD)
    people = {"reader": access.users.add("Rea", PASSWORD)}
    people["editor"] = access.users.add("Edi", PASSWORD, [one for one in SCOPES if one != "admin"])
    people["outsider"] = access.users.add("Out", PASSWORD, [one for one in SCOPES if one != "admin"])
    shown = access.collections.add("Seen")
    access.collections.put_videos(shown.collection_id, seen)
    access.collections.grant(shown.collection_id, people["reader"].user_id, "reader")
    access.collections.grant(shown.collection_id, people["editor"].user_id, "editor")
    people["narrow"] = access.users.add("Nia", PASSWORD, SCOPES, everything=True)
    made.ids |= {"collection": shown.collection_id, "user": ada.user_id, "hidden_user": ada.user_id}
    made.ids |= {f"id_of_{name}": one.user_id for name, one in people.items()}
    lost = access.collections.add(f"{WORD} films", f"All about {WORD}")
    access.collections.put_videos(lost.collection_id, secret)
    made.ids["hidden_collection"] = lost.collection_id
    made.secrets |= {lost.collection_id, ada.user_id}
    _, made.keys["reader"] = access.keys.add(people["reader"].user_id, "of reader", SCOPES)
    _, made.keys["editor"] = access.keys.add(people["editor"].user_id, "of editor", SCOPES)
    _, made.keys["outsider"] = access.keys.add(people["outsider"].user_id, "of outsider", SCOPES)
    narrow, made.keys["narrow"] = access.keys.add(
        people["narrow"].user_id, "narrow", SCOPES, None, [shown.collection_id]
    )
    made.ids["key_of_narrow"] = narrow.key_id
    key, made.keys["admin"] = access.keys.add(ada.user_id, f"{WORD} key", SCOPES)
    made.ids |= {"key": key.key_id, "hidden_key": key.key_id}
    made.secrets |= {key.key_id, *made.keys.values()}


def _talk(store: LibraryStore, made: Canaries, hidden: bool) -> None:
    """A thread of the administrator; and for each of the others one whose first turn rests on videos that it no longer
    sees, and whose second one does not. The user of the narrowed key has one more, which was not begun with the key."""
    evidence = (f"utt_10-{WORD}_0", "utt_00-seen_0") if hidden else ("utt_01-seen_0", "utt_00-seen_0")
    thread, turn = _answered(store, made.ids["user"], f"About {WORD}", (evidence[0],))
    made.ids |= {"hidden_thread": thread, "hidden_turn": turn}
    made.secrets |= {thread, turn}
    for name in ("reader", "editor", "outsider", "narrow"):
        thread, turn = _answered(
            store, made.ids[f"id_of_{name}"], "What opens?", evidence, made.ids.get(f"key_of_{name}", "")
        )
        made.ids |= {f"thread_of_{name}": thread, f"turn_of_{name}": turn}
    theirs, turn = _answered(store, made.ids["id_of_narrow"], f"Where is the {WORD}?", (evidence[1],))
    store.threads.rename(theirs, f"About {WORD}")
    made.ids |= {"thread_of_user_of_narrow": theirs, "turn_of_user_of_narrow": turn}
    made.secrets |= {theirs, turn}


def _answered(
    store: LibraryStore, owner: str, question: str, evidence: tuple[str, ...], key_id: str = ""
) -> tuple[str, str]:
    thread = store.threads.create("Openings", owner=owner, key_id=key_id)
    seen_as = store.access.seen_as(owner) + f",{'col_lost' if len(evidence) > 1 else ''}"
    lease = store.turns.begin(thread.thread_id, question, seen_as=seen_as)
    step = NewEvent("looking", {"tool": "search_moments", "arguments": {"query": f"{WORD} opens"}})
    store.turns.append(lease, [step], Progress(f"when does the {WORD} open?", Usage(), evidence))
    claims = tuple(DraftClaim(f"The {WORD} opens ({one})" if WORD in one else "It opens.", (one,)) for one in evidence)
    counted = DraftClaim(f"{HIDDEN}", evidence, "computed", f"SELECT COUNT(*) AS {WORD} FROM videos", f"{HIDDEN}")
    answer = TurnAnswer(f"The {WORD} opens at 6, one of {HIDDEN}.", False, "extractive", (*claims, counted))
    store.turns.finish(lease, answer, Usage())
    later = store.turns.begin(thread.thread_id, "And then?", seen_as=store.access.seen_as(owner))
    store.turns.append(later, [], Progress(f"and what then of the {WORD}?", Usage(), ("utt_00-seen_0",)))
    store.turns.finish(
        later, TurnAnswer("It opens.", False, "extractive", (DraftClaim("It opens.", ("utt_00-seen_0",)),)), Usage()
    )
    return thread.thread_id, lease.turn_id


def _jobs(store: LibraryStore, made: Canaries, hidden: bool) -> None:
    for name in ("reader", "editor", "outsider"):
        made.ids[f"export_of_{name}"] = _exported(store, made.ids[f"id_of_{name}"])
    job, _ = store.jobs.order("ingest", {"paths": [f"/films/{WORD}"], "retry": False, "budget": ""}, made.ids["user"])
    made.ids |= {"hidden_job": job.job_id}
    made.secrets.add(job.job_id)
    for name in ("reader", "editor", "outsider"):
        mine, _ = store.jobs.order("tag", {"video_ids": []}, made.ids[f"id_of_{name}"])
        store.job_ledger.cancel(mine.job_id)
        made.ids[f"job_of_{name}"] = mine.job_id
    # Ordered by the user of the narrowed key, who sees more.
    theirs, _ = store.jobs.order("ingest", {"paths": [f"/films/{WORD}-2"]}, made.ids["id_of_narrow"])
    made.secrets.add(theirs.job_id)
    made.ids["job_of_narrow"] = theirs.job_id


def _exported(store: LibraryStore, owner: str) -> str:
    """A file of a video that the one who ordered it sees no longer: it was in a collection that is gone."""
    job, _ = store.jobs.order("export", {"format": "lines.csv", "video_ids": None}, owner)
    taken = store.job_ledger.take()
    assert taken is not None
    assert taken[0].job_id == job.job_id

    def write(out: Path) -> tuple[str, ...]:
        out.write_text(f"The {WORD} opens.")
        return ("vid_lost",)

    size = store.exports.make(job.job_id, taken[1].attempt, write)
    file = {"name": f"10-{WORD}.lines.csv", "media_type": "text/csv", "bytes": size}
    store.job_ledger.finish(taken[1], {"videos": 1, "done": 1}, {"file": file})
    return job.job_id
