"""Random sequences of operations: readers always see the last commit, complete, and nothing is retried for ever.

A machine drives a real library (SQLite, Chroma, files) through ingests, crashes between any two steps of a commit,
renames, other fingerprints, failures, rebuilds and sweeps; plain dictionaries say what must come of it. A second,
never closed door to the library does the reading, as another process would.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stores.core.errors import CODES, StoreError
from stores.core.ids import base_stage
from stores.core.ids import video_id as id_of
from stores.core.records import Blob, Receipt, StageKey, StageOutput
from stores.core.uris import uri_of
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.maintenance.rebuild import rebuild_index
from stores.maintenance.sweeping import Swept, sweep
from stores.maintenance.verify import verify
from tests.amount import FULL
from tests.unit.stores.builders import COLLECTION, sha, utterance, vector_item, video_of

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # thousands of fsyncs, and no power cut to fear
MAX_ATTEMPTS = 2
CONTENTS = ("a", "b")
NAMES = ("one", "two", "three")
STAGES = ("speech", "vectors", "pictures.000", "pictures.001", "pictures")
FINGERPRINTS = ("f1", "f2")
ERRORS = ("DISK_FULL", "NOT_MEDIA", "DECODE_CRASHED", "MODEL_FAILED")

BEFORE_THE_WORD_DONE = (
    "stores.files.blobs.BlobStore.put",
    "stores.vectors.store.VectorStore.upsert",
    "stores.library_store.replace_rows",
    "stores.commit._delete_stage",
    "stores.ledger.Ledger.done_in",
    "stores.commit._insert_stage",
    "stores.commit.index_lines",
    "stores.commit.bump_revision",
)
AFTER_IT = "stores.library_store.LibraryStore.discard"
REBUILDING = (
    "stores.vectors.store.VectorStore.put_raw",
    "stores.vectors.generations.write_whole",
    "stores.maintenance.rebuild.index_all_lines",
    "stores.vectors.store.VectorStore.remove_stale",
)

contents = st.sampled_from(CONTENTS)
stages = st.sampled_from(STAGES)
fingerprints = st.sampled_from(FINGERPRINTS)


class PowerCutError(RuntimeError):
    pass


def cut(*_: object, **__: object) -> NoReturn:
    raise PowerCutError


@contextmanager
def power_cut(step: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(step, cut)
        yield


def output_of(key: StageKey) -> StageOutput:
    """What a stage finds: the same whenever it is asked, some of it the same for both fingerprints."""
    video, fingerprint = key.video_id, key.fingerprint
    said = (utterance(video, 0, "common words"), utterance(video, 20_000, f"words of {fingerprint}"))
    match base_stage(key.stage):
        case "speech":
            return StageOutput(said, blobs=(Blob("raw.npz", fingerprint.encode()),))
        case "vectors":
            steep = 0.5 if fingerprint == "f1" else 0.25
            name = video[-6:]
            items = (vector_item(f"{name}x", 1, steep, fp=fingerprint), vector_item(f"{name}y", 0, 1, fp=fingerprint))
            return StageOutput(vectors=items)
        case _:
            return StageOutput(blobs=(Blob("pictures.npz", f"{key.stage} {fingerprint}".encode()),))


@dataclass
class Run:
    """What the ledger must say of one run."""

    status: str = "pending"
    attempts: int = 0
    strikes: int = 0
    code: str = ""
    tokens: list[Attempt] = field(default_factory=list)


@cache
def empty_library() -> Path:
    root = Path(tempfile.mkdtemp(prefix="kinodex-empty-", dir=MEMORY))
    atexit.register(shutil.rmtree, root)
    LibraryStore.open(root / "lib", create=True).close()
    return root / "lib"


class LibraryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="kinodex-stateful-", dir=MEMORY))
        shutil.copytree(empty_library(), self.folder / "lib")
        self.store = self.open()
        self.reader = self.open()
        self.places: dict[str, str] = {}
        self.missing: set[str] = set()
        self.shown: dict[tuple[str, str], str] = {}
        self.runs: dict[StageKey, Run] = {}

    def open(self) -> LibraryStore:
        return LibraryStore.open(self.folder / "lib", max_attempts=MAX_ATTEMPTS)

    def reopen(self) -> None:
        """What is left when the process is gone: files and tables."""
        self.store.close()
        self.store = self.open()

    def teardown(self) -> None:
        self.store.close()
        self.reader.close()
        shutil.rmtree(self.folder)

    def known(self) -> list[str]:
        return sorted({key.video_id for key in self.runs if key.stage == "probe"})

    # What happens to files.

    @rule(content=contents, name=st.sampled_from(NAMES))
    def add_or_copy(self, content: str, name: str) -> None:
        """A new file, a copy, or new content under an old name."""
        path = self.folder / "films" / name
        video = self.store.catalog.register(path, sha(content), 1000, 7)
        assert video == id_of(sha(content))
        self.places[uri_of(path)] = video
        self.missing.discard(uri_of(path))
        key = StageKey(video, "probe", "f1")
        if key not in self.runs:
            attempt = self.store.ledger.begin(key, "tester")
            assert isinstance(attempt, Attempt)
            self.store.commit(attempt, StageOutput(video=video_of(video, sha(content))))
            self.runs[key] = Run("done", 1, 1, tokens=[attempt])
            self.shown[video, "probe"] = "f1"

    @precondition(lambda self: self.places)
    @rule(data=st.data())
    def delete_file(self, data: st.DataObject) -> None:
        uri = data.draw(st.sampled_from(sorted(self.places)))
        self.store.catalog.note_missing(Path(uri))
        self.missing.add(uri)

    @precondition(lambda self: self.places)
    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def rename(self, data: st.DataObject, name: str) -> None:
        uri = data.draw(st.sampled_from(sorted(self.places)))
        content = next(one for one in CONTENTS if id_of(sha(one)) == self.places[uri])
        self.store.catalog.note_missing(Path(uri))
        self.missing.add(uri)
        self.add_or_copy(content, name)

    # What happens to stages.

    def begin(self, data: st.DataObject, stage: str, fingerprint: str) -> Attempt | None:
        return self.begin_one(StageKey(data.draw(st.sampled_from(self.known())), stage, fingerprint))

    def begin_one(self, key: StageKey) -> Attempt | None:
        """Begins as the ledger must; None if it must not."""
        run = self.runs.setdefault(key, Run())
        begun = self.store.ledger.begin(key, "tester")
        if run.status in ("done", "quarantined"):
            assert isinstance(begun, Receipt)
            assert begun.status == run.status
            return None
        if run.strikes >= MAX_ATTEMPTS:
            assert isinstance(begun, Receipt)
            run.status, run.code = "quarantined", run.code or "WORKER_LOST"
            return None
        assert isinstance(begun, Attempt)
        assert begun.number not in [one.number for one in run.tokens]
        run.tokens.append(begun)
        run.status, run.attempts, run.strikes, run.code = "running", begun.number, run.strikes + 1, ""
        return begun

    def done(self, key: StageKey) -> None:
        video, stage = key.video_id, key.stage
        for other in list(self.runs):
            replaced = other.stage == stage and other != key
            visible = self.runs[other].status == "done" or self.shown.get((video, stage)) == other.fingerprint
            part = other.stage.startswith(f"{stage}.")
            if other.video_id == video and (part or (replaced and visible)):
                del self.runs[other]
                if part:
                    self.shown.pop((video, other.stage), None)
        self.runs[key].status, self.runs[key].code = "done", ""
        self.shown[video, stage] = key.fingerprint

    @precondition(lambda self: self.known())
    @rule(data=st.data(), stage=stages, fingerprint=fingerprints)
    def ingest(self, data: st.DataObject, stage: str, fingerprint: str) -> None:
        attempt = self.begin(data, stage, fingerprint)
        if attempt is not None:
            assert self.store.commit(attempt, output_of(attempt.key)).status == "done"
            self.done(attempt.key)

    @precondition(lambda self: self.known())
    @rule(data=st.data(), fingerprint=fingerprints, whole=st.booleans())
    def ingest_in_parts(self, data: st.DataObject, fingerprint: str, whole: bool) -> None:
        """A long video: its parts, and perhaps the whole made of them."""
        video = data.draw(st.sampled_from(self.known()))
        for stage in ("pictures.000", "pictures.001", *(["pictures"] if whole else [])):
            attempt = self.begin_one(StageKey(video, stage, fingerprint))
            if attempt is not None:
                self.store.commit(attempt, output_of(attempt.key))
                self.done(attempt.key)

    @precondition(lambda self: self.known())
    @rule(
        data=st.data(), stage=stages, fingerprint=fingerprints, step=st.sampled_from((*BEFORE_THE_WORD_DONE, AFTER_IT))
    )
    def die_while_committing(self, data: st.DataObject, stage: str, fingerprint: str, step: str) -> None:
        attempt = self.begin(data, stage, fingerprint)
        if attempt is None:
            return
        try:
            with power_cut(step):
                self.store.commit(attempt, output_of(attempt.key))
            self.done(attempt.key)  # nothing to do in that step
        except PowerCutError:
            if step == AFTER_IT:
                self.done(attempt.key)
        self.reopen()

    @precondition(lambda self: self.known())
    @rule(data=st.data(), stage=stages, fingerprint=fingerprints)
    def die_while_working(self, data: st.DataObject, stage: str, fingerprint: str) -> None:
        if self.begin(data, stage, fingerprint) is not None:
            self.reopen()

    @precondition(lambda self: self.known())
    @rule(data=st.data(), stage=stages, fingerprint=fingerprints, code=st.sampled_from(ERRORS))
    def fail(self, data: st.DataObject, stage: str, fingerprint: str, code: str) -> None:
        attempt = self.begin(data, stage, fingerprint)
        if attempt is None:
            return
        run = self.runs[attempt.key]
        receipt = self.store.ledger.fail(attempt, code, "no")
        run.strikes -= CODES[code].blame == "infra"
        spent = CODES[code].retryable and CODES[code].blame != "infra" and run.strikes >= MAX_ATTEMPTS
        run.status, run.code = "quarantined" if spent else "failed", code
        assert receipt.status == run.status

    @precondition(lambda self: self.known())
    @rule(data=st.data(), stage=stages, fingerprint=fingerprints)
    def release(self, data: st.DataObject, stage: str, fingerprint: str) -> None:
        attempt = self.begin(data, stage, fingerprint)
        if attempt is not None:
            self.store.ledger.release(attempt)
            self.runs[attempt.key].status = "pending"
            self.runs[attempt.key].strikes -= 1

    @precondition(lambda self: any(run.tokens for run in self.runs.values()))
    @rule(data=st.data())
    def a_late_worker_commits(self, data: st.DataObject) -> None:
        """A worker that was thought dead, or did not hear that its commit was done, comes with its result."""
        tokens = [one for run in self.runs.values() for one in run.tokens if one.key.stage != "probe"]
        if not tokens:
            return
        late = data.draw(st.sampled_from(tokens))
        run = self.runs[late.key]
        if run.attempts == late.number and run.status in ("running", "done"):
            assert self.store.commit(late, output_of(late.key)).attempt == late.number
            if run.status == "running":
                self.done(late.key)
            return
        with pytest.raises(StoreError) as caught:
            self.store.commit(late, output_of(late.key))
        assert caught.value.code.name == "STALE_ATTEMPT"

    @rule(statuses=st.sampled_from((("failed", "quarantined"), ("done",))))
    def reset(self, statuses: tuple[str, ...]) -> None:
        keys = self.store.ledger.reset(stages=["speech", "vectors", "pictures"], statuses=statuses)  # type: ignore[arg-type]
        expected = {key for key, run in self.runs.items() if run.status in statuses and key.stage != "probe"}
        assert set(keys) == expected
        for key in expected:
            run = self.runs[key]
            run.status, run.strikes, run.code = "pending", 0, ""

    # What is done to the library.

    @rule()
    def gc(self) -> None:
        would = sweep(self.store, dry_run=True)
        assert sweep(self.store) == would
        assert verify(self.store).problems == ()
        assert sweep(self.store) == Swept()

    @rule(step=st.sampled_from((*REBUILDING, "")))
    def rebuild(self, step: str) -> None:
        if not step:
            rebuild_index(self.store)
            return
        try:
            with power_cut(step):
                rebuild_index(self.store)
        except PowerCutError:
            self.reopen()

    @precondition(lambda self: self.known())
    @rule(data=st.data(), cut_short=st.booleans())
    def forget(self, data: st.DataObject, cut_short: bool) -> None:
        video = data.draw(st.sampled_from(self.known()))
        if cut_short:
            with pytest.raises(PowerCutError), power_cut(AFTER_IT):
                forget(self.store, [video])
            self.reopen()
        else:
            forget(self.store, [video])
        self.runs = {key: run for key, run in self.runs.items() if key.video_id != video}
        self.shown = {place: fingerprint for place, fingerprint in self.shown.items() if place[0] != video}
        self.places = {uri: one for uri, one in self.places.items() if one != video}
        self.missing &= set(self.places)

    # What must hold at every moment.

    @invariant()
    def the_ledger_is_right(self) -> None:
        receipts = {receipt.key: receipt for receipt in self.reader.ledger.receipts()}
        assert {key: (r.status, r.attempt, r.strikes, r.error_code) for key, r in receipts.items()} == {
            key: (run.status, run.attempts, run.strikes, run.code) for key, run in self.runs.items()
        }
        assert all(receipt.strikes <= MAX_ATTEMPTS for receipt in receipts.values())

    @invariant()
    def readers_see_what_was_committed(self) -> None:
        reader = self.reader
        outputs = {place: output_of(StageKey(*place, fingerprint)) for place, fingerprint in self.shown.items()}
        entries = reader.catalog.videos()
        assert {entry.video_id: set(entry.uris) for entry in entries} == {
            video: {uri for uri, one in self.places.items() if one == video} for video in self.known()
        }
        for video in self.known():
            memory = reader.memory(video)
            for stage in STAGES:
                output = outputs.get((video, stage), StageOutput())
                assert memory.has(stage) == ((video, stage) in self.shown)
                assert memory.records(stage) == output.records
                for blob in output.blobs:
                    assert memory.blob(stage, blob.name) == blob.data
        records = [record for (_, stage), output in outputs.items() if stage != "probe" for record in output.records]
        found = [hit.evidence_id for hit in reader.fulltext.search("words", 99)]
        assert Counter(found) == Counter(record.evidence_id for record in records)  # type: ignore[union-attr]
        items = [item for (_, stage), output in outputs.items() if stage != "probe" for item in output.vectors]
        hits, vectors = reader.vectors.fetch(COLLECTION)
        assert sorted(hit.vector_id for hit in hits) == sorted(item.vector_id for item in items)
        expected = {item.vector_id: item.vector for item in items}
        assert all(np.allclose(row, expected[hit.vector_id]) for hit, row in zip(hits, vectors, strict=True))

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert verify(self.store).harmful == ()


LibraryMachine.TestCase.settings = settings(
    max_examples=200 if FULL else 8,
    stateful_step_count=50 if FULL else 15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take minutes; the steps tell enough
    suppress_health_check=list(HealthCheck),
)
TestLibrary = LibraryMachine.TestCase
