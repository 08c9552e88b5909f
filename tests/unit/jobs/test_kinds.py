"""Kinds of jobs on a small real library: they do what their commands do, and go on where a dead worker stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinodex.jobs.progress import Reporter
from kinodex.jobs.tasks import Task, chosen
from kinodex.jobs.worker import Worker
from kinodex.library import Library
from kinodex.schemas.jobs.orders import DescribeOrder, ExportOrder, Order, TagOrder
from kinodex.views.library_view import LibraryView
from kinodex.views.work import jobs
from kinodex.views.work.job_plans import plan
from stores.core.principal import OWNER, Principal
from stores.core.records import Decision
from stores.jobs.job_ledger import LEASE_SECONDS, JobLedger
from stores.jobs.records import NewJobEvent
from stores.tags.batches.runs import TagRun
from tests.unit.kinodex.chat_library import copied, make
from workflows.tagging.batch import keys_of

TAGS = "id,name,facet,aliases\npizza,Pizza,what,\nboat,Boat,what,\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def library(made: Path, tmp_path: Path) -> Iterator[Library]:
    with Library.open(copied(made, tmp_path)) as opened:
        (tmp_path / "tags.csv").write_text(TAGS)
        opened.import_tags(tmp_path / "tags.csv")
        yield opened


def test_a_job_goes_on_where_a_worker_died_and_tells_of_each_video_once(library: Library) -> None:
    job, _ = library.store.jobs.order("tag", {"video_ids": None})
    first, *rest = sorted(library.indexed())
    dead = JobLedger(library.store.engine, lambda: 1.0, "a worker that is no more")
    taken = dead.take()
    assert taken is not None
    dead.append(taken[1], [NewJobEvent("video", {"video_id": first, "status": "done"})])
    key = keys_of(library.store, library.tagger(), [first])[first]
    only = Decision(first, "boat", "accepted", 0.987, ("picture",), ())
    library.store.tag_runs.save({TagRun(first, key, "staged", worker="the dead one"): [only]})
    assert LEASE_SECONDS < 1e9  # by the real clock its lease ended long ago
    assert Worker(library).run(once=True) == 1
    done = library.store.jobs.get(job.job_id)
    assert (done.state, done.error, done.attempt) == ("done", None, 2)
    assert done.totals == {"videos": 3, "done": 3, "failed": 0}
    assert library.store.tags.decisions(first) == [only], "what the dead one decided is not decided again"
    named = [one.payload["video_id"] for one in library.store.jobs.events_after(job.job_id) if one.kind == "video"]
    assert sorted(named) == sorted([first, *rest])
    assert any(library.store.tags.decisions(one) for one in rest)


def test_tagging_is_planned_and_does_only_what_changed(library: Library) -> None:
    view = LibraryView(library, OWNER)
    order = TagOrder(kind="tag", since="last")
    before = plan(view, order)
    assert (before.inputs, before.videos, before.measured, before.tokens) == (3, 3, False, 0)
    assert before.work_seconds > 0
    library.store.jobs.order("tag", {"video_ids": None, "since": "last"})
    assert Worker(library).run(once=True) == 1
    after = plan(view, order)
    assert (after.inputs, after.videos, after.seconds, after.measured) == (3, 0, 0, True)
    assert plan(view, TagOrder(kind="tag")).videos == 3
    assert plan(view, TagOrder(kind="tag", video_ids=library.indexed()[:1])).inputs == 1
    job, _ = library.store.jobs.order("tag", {"video_ids": None, "since": "last"}, "", "another")
    assert Worker(library).run(once=True) == 1
    events = library.store.jobs.events_after(job.job_id)
    assert [one for one in events if one.kind == "video"] == []
    assert library.store.jobs.get(job.job_id).totals == {"videos": 3, "done": 3, "failed": 0}


def test_what_a_cancelled_tagging_has_finished_stays(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    job, _ = library.store.jobs.order("tag", {"video_ids": None})
    first, *_ = library.indexed()
    tagger = library.tagger()

    class Cancelled:
        vocabulary, revision = tagger.vocabulary, tagger.revision

        def tag(self, video_id: str) -> tuple[Decision, ...]:
            if video_id != first:
                library.store.job_ledger.cancel(job.job_id)
                time.sleep(3)  # longer than until it is noticed
            return (Decision(video_id, "boat", "accepted", 0.9, ("picture",), ()),)

    settings = library.settings.model_copy(update={"workers": 1})
    library.settings = settings
    monkeypatch.setattr(library, "tagger", lambda *_: Cancelled())
    assert Worker(library).run(once=True) == 1
    assert library.store.jobs.get(job.job_id).state == "cancelled"
    assert [made.tag_id for made in library.store.tags.decisions(first)] == ["boat"]
    assert library.store.tag_runs.staged() == 0


def test_videos_that_are_gone_are_left_out_and_none_are_not_all(library: Library) -> None:
    some, none = (library.store.jobs.order(kind, {"video_ids": ["vid_gone"]})[0] for kind in ("tag", "describe"))
    assert Worker(library).run(once=True) == 2
    for job in (some, none):
        assert library.store.jobs.get(job.job_id).state == "done"
    assert library.store.jobs.get(some.job_id).totals["videos"] == 0


def test_a_job_does_only_what_the_one_who_ordered_it_sees_when_it_is_done(library: Library) -> None:
    access, one = library.store.access, sorted(library.indexed())[0]
    access.users.add("Root", "long enough a password")
    ada, eve = (access.users.add(name, "long enough a password", ["read", "jobs"], True) for name in ("Ada", "Eve"))
    jobs = [library.store.jobs.order("tag", {"video_ids": None}, who.user_id)[0] for who in (ada, eve)]
    access.users.remove(eve.user_id)
    access.users.change(ada.user_id, everything=False)
    only = access.collections.add("Only").collection_id
    access.collections.put_videos(only, [one])
    access.collections.grant(only, ada.user_id, "reader")
    assert Worker(library).run(once=True) == 2
    assert [library.store.jobs.get(job.job_id).totals["videos"] for job in jobs] == [1, 0]


@pytest.mark.parametrize(
    "order",
    [
        TagOrder(kind="tag"),
        DescribeOrder(kind="describe"),
        ExportOrder(kind="export", format="lines.csv"),
    ],
    ids=lambda one: one.kind,
)
def test_an_order_about_all_is_the_same_whatever_is_seen_and_does_what_is_seen_then(
    library: Library, order: Order
) -> None:
    access, (first, second, _) = library.store.access, sorted(library.indexed())
    access.users.add("Root", "long enough a password")
    ada = access.users.add("Ada", "long enough a password", ["read", "jobs"])
    mine = access.collections.add("Mine").collection_id
    access.collections.put_videos(mine, [first])
    access.collections.grant(mine, ada.user_id, "reader")

    def asked() -> jobs.JobOrdered:
        who = access.by_id(ada.user_id)
        assert who is not None
        return jobs.order(LibraryView(library, who), order, "a key")

    made = asked()
    access.collections.put_videos(mine, [second])
    again = asked()
    assert (again.new, again.job.job_id, again.job.videos) == (False, made.job.job_id, None)

    def meant() -> list[str]:
        job = library.store.jobs.get(made.job.job_id)
        return sorted(chosen(Task(library, job, Reporter()), job.arguments["video_ids"]))

    assert meant() == [first, second]
    access.collections.revoke(mine, ada.user_id)
    assert meant() == []
    view = LibraryView(library, Principal(ada.user_id, "Ada", frozenset(("read", "jobs"))))
    jobs.cancel(view, made.job.job_id)
    assert jobs.retry(view, made.job.job_id).videos is None
    assert meant() == []


def test_what_cannot_be_done_fails_with_a_code_and_the_worker_goes_on(library: Library) -> None:
    describing, _ = library.store.jobs.order("describe", {"by": "endpoint"})
    nonsense, _ = library.store.jobs.order("ingest", {"paths": []})
    reembed, _ = library.store.jobs.order("reembed", {"channels": []})
    assert Worker(library).run(once=True) == 3
    failed = library.store.jobs.get(describing.job_id)
    assert failed.error is not None
    assert (failed.state, failed.error.code) == ("failed", "USAGE")
    broken = library.store.jobs.get(nonsense.job_id)
    assert broken.error is not None
    assert broken.error.code == "INTERNAL"
    again = library.store.jobs.get(reembed.job_id)
    assert (again.state, again.error) == ("done", None)
