"""Checks of what people do with a library: jobs, access, corrections, reviews."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from sqlalchemy import Connection, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from stores.access.tables import CollectionMemberRow, CollectionRow, CollectionVideoRow, KeyRow, UserRow
from stores.core.principal import ROLES, SCOPES
from stores.core.text_keys import name_key
from stores.corrections.tables import CorrectionRow
from stores.jobs.records import JobState
from stores.jobs.tables import JobEventRow, JobRow
from stores.maintenance.verification import RESTORE, Findings
from stores.sql.tables import EVIDENCE, DecisionRow, VideoRow
from stores.tags.review_tables import ReviewEventRow, ReviewQueueRow

_OVER = ("done", "failed", "cancelled", "interrupted")

_TAG = "Run `kinodex tag` on the video: what people decided stays."


def check_people(connection: Connection, found: Findings) -> None:
    """All of these."""
    check_jobs(connection, found)
    check_access(connection, found)
    check_corrections(connection, found)
    check_reviews(connection, found)


def check_jobs(connection: Connection, found: Findings) -> None:
    """Whether every job is in a possible state, and has its newest event, from which a reader of its events goes on."""
    found.checked["jobs"] += 0
    newest = dict(_pairs(connection, select(JobEventRow.job_id, func.max(JobEventRow.number)), JobEventRow.job_id))
    columns = (JobRow.job_id, JobRow.state, JobRow.finished_at, JobRow.error_code, JobRow.worker, JobRow.events)
    for job_id, state, finished_at, error_code, worker, events in connection.execute(select(*columns)):
        found.checked["jobs"] += 1
        wrong = ""
        if state not in get_args(JobState):
            wrong = f"It is in a state that there is not: {state}."
        elif (state in _OVER) != (finished_at is not None):
            wrong = f"It is {state}, and yet it {'never ended' if finished_at is None else 'has ended'}."
        elif state == "failed" and not error_code:
            wrong = "It failed, and nothing says why."
        elif state == "running" and not worker:
            wrong = "It is running, and nobody does it."
        if wrong:
            found.add("job", "JOB_STATE", job_id, wrong, RESTORE)
        if newest.get(job_id, 0) != events:
            message = f"Its newest event is {newest.get(job_id, 0)}; it should be {events}."
            found.add("job", "EVENTS_LOST", job_id, message, RESTORE)


def check_access(connection: Connection, found: Findings) -> None:
    """Whether somebody can still manage the library, all names can be found, and roles and scopes mean something."""
    found.checked["access"] += 0
    administered = False
    for user in connection.execute(select(UserRow.__table__)):
        found.checked["access"] += 1
        administered = administered or "admin" in user.scopes
        _check_name(found, user.user_id, user.name, user.folded)
        _check_scopes(found, user.user_id, user.scopes)
    if found.checked["access"] and not administered:
        hint = "`kinodex users change NAME --everything --may admin` (and all else it may) makes somebody one."
        found.add("access", "NO_ADMINISTRATOR", "users", "Nobody may manage users and keys.", hint)
    for key in connection.execute(select(KeyRow.key_id, KeyRow.scopes)):
        found.checked["access"] += 1
        _check_scopes(found, key.key_id, key.scopes)
    for one in connection.execute(select(CollectionRow.__table__)):
        found.checked["access"] += 1
        _check_name(found, one.collection_id, one.name, one.folded)
    members = select(CollectionMemberRow.collection_id, CollectionMemberRow.user_id, CollectionMemberRow.role)
    for collection_id, user_id, role in connection.execute(members.where(CollectionMemberRow.role.not_in(ROLES))):
        hint = "Grant the member a role again: `kinodex collections grant`."
        found.add("access", "ROLE_UNKNOWN", collection_id, f"{user_id} has the role {role!r}.", hint)
    known = exists().where(VideoRow.video_id == CollectionVideoRow.video_id)
    inside = select(CollectionVideoRow.collection_id, CollectionVideoRow.video_id).where(~known)
    for collection_id, video_id in connection.execute(inside):
        message = f"It holds the video {video_id}, which is unknown."
        found.add("access", "COLLECTION_VIDEO", collection_id, message, RESTORE)


def check_corrections(connection: Connection, found: Findings) -> None:
    """Whether every line says what a person wrote for it."""
    one = CorrectionRow
    found.checked["corrections"] += _count(connection, one)
    there = select(one.correction_id, one.evidence_id, one.text, EVIDENCE.c.text.label("shown"))
    there = there.outerjoin(EVIDENCE, EVIDENCE.c.evidence_id == one.evidence_id)
    for row in connection.execute(there.where(one.state == "active", one.evidence_id != "")):
        if row.shown is None:
            message = f"The corrected line {row.evidence_id} does not exist."
            found.add("correction", "CORRECTION_STRAY", row.correction_id, message, RESTORE)
        elif row.shown != row.text:
            hint = "Correct the line once more: the text that was written for it is kept."
            message = f"The line {row.evidence_id} does not say what was written for it."
            found.add("correction", "CORRECTION_NOT_SHOWN", row.correction_id, message, hint)
    open_ended = or_(
        and_(one.state == "active", one.ended_at.is_not(None)),
        and_(one.state.in_(("superseded", "revoked")), one.ended_at.is_(None)),
        one.state.not_in(("active", "superseded", "revoked")),
    )
    for correction_id, state in connection.execute(select(one.correction_id, one.state).where(open_ended)):
        message = f"It is {state}, which does not agree with when it ended."
        found.add("correction", "CORRECTION_STATE", correction_id, message, RESTORE)


def check_reviews(connection: Connection, found: Findings) -> None:
    """Whether what counts is what follows from the events of people, and what waits for them is undecided."""
    event, undo = ReviewEventRow, aliased(ReviewEventRow)
    found.checked["reviews"] += _count(connection, event)
    same = (undo.video_id == event.video_id) & (undo.tag_id == event.tag_id)
    order = func.row_number().over(
        partition_by=(event.video_id, event.tag_id), order_by=(event.at.desc(), event.event_id.desc())
    )
    live = (
        select(event.video_id, event.tag_id, event.verdict, event.at, order.label("place"))
        .where(event.undoes == "", ~exists().where(same, undo.undoes == event.event_id))
        .subquery()
    )
    made = (DecisionRow.video_id == live.c.video_id) & (DecisionRow.tag_id == live.c.tag_id)
    counts = made & (DecisionRow.decision == live.c.verdict) & (DecisionRow.decided_at == live.c.at)
    lost = select(live.c.video_id, live.c.tag_id).where(
        live.c.place == 1, ~exists().where(counts, DecisionRow.origin == "person")
    )
    for video_id, tag_id in connection.execute(lost):
        message = f"What a person decided about the tag {tag_id} does not count."
        found.add("review", "REVIEW_LOST", video_id, message, "Decide about it again; who decided what is kept.")
    decided = select(DecisionRow.video_id, DecisionRow.tag_id).where(DecisionRow.origin == "person")
    for video_id, tag_id in connection.execute(decided.where(~exists().where(made))):
        message = f"A person's decision about the tag {tag_id} counts, and nothing says who made it."
        found.add("review", "REVIEW_STRAY", video_id, message, "Decide about it again.")
    queue = select(ReviewQueueRow.video_id, ReviewQueueRow.tag_id)
    for video_id, tag_id in connection.execute(queue.where(ReviewQueueRow.waits, _decided(ReviewQueueRow, "person"))):
        message = f"The tag {tag_id} waits for a person, and one has decided about it."
        found.add("review", "QUEUE_DECIDED", video_id, message, _TAG)
    undecided = queue.where(~ReviewQueueRow.waits, ~_decided(ReviewQueueRow, "person"))
    for video_id, tag_id in connection.execute(undecided):
        found.add("review", "QUEUE_LOST", video_id, f"The tag {tag_id} should wait for a person.", _TAG)
    for video_id, tag_id in connection.execute(queue.where(~_decided(ReviewQueueRow, "automatic"))):
        message = f"The tag {tag_id} waits for a person, and nothing was decided that could be reviewed."
        found.add("review", "QUEUE_STRAY", video_id, message, _TAG)


def _decided(table: Any, origin: str) -> Any:
    same = (DecisionRow.video_id == table.video_id) & (DecisionRow.tag_id == table.tag_id)
    return exists().where(same, DecisionRow.origin == origin)


def _check_name(found: Findings, where: str, name: str, folded: str) -> None:
    if name_key(name) != folded:
        message = f"It cannot be found by its name {name!r}."
        found.add("access", "NAME_DIFFERS", where, message, RESTORE)


def _check_scopes(found: Findings, where: str, scopes: Iterable[str]) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        found.add("access", "SCOPE_UNKNOWN", where, f"There is no scope {unknown[0]!r}.", RESTORE)


def _pairs(connection: Connection, chosen: Any, by: Any) -> list[tuple[str, int]]:
    return [(one, int(number)) for one, number in connection.execute(chosen.group_by(by))]


def _count(connection: Connection, table: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
