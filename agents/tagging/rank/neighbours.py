"""What people judged of videos that look alike, and which tags go together: numbers in, numbers out.

A video's neighbours vote with weights that fall with distance (Zhang et al. 2022, arXiv:2111.03930, Tip-Adapter's
affinity); tags that go together then lift each other. How wide the neighbourhood is and how much co-occurrence counts
is chosen by leaving each judged video (and its near-duplicates) out: by the log loss of these very judgements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from agents.tagging.rank.lessons import Floats, Lessons, Whole, log_loss, logit, shares, sigmoid
from agents.tagging.rank.measures import Goal
from agents.tagging.rank.whitening import Whitening, whitening

COUNTS = (10, 40, 160)
"""Neighbours that may be asked. Source: steps of four: finer ones are chosen by chance; the judgements choose."""

WIDTHS = (0.05, 0.1, 0.2)
"""Differences of cosine at which a neighbour's weight falls by e. Source: Tip-Adapter searches β in 1 to 20."""

DOUBTS = (2.0, 8.0, 32.0)
"""How many typical neighbours the tag's own share weighs. Source: steps of four, from hardly anything to nearly all."""

TOGETHER = (0.0, 0.25, 0.5)
"""How much co-occurrence counts, in log odds: at most half, as the tags beside are guesses themselves."""

SUPPORT = 4.0
"""Videos with a tag before what goes with it counts half."""

LEADING = 10
"""The likeliest tags, which are asked what goes with them. Source: our choice; a video has few tags."""

TRIED = 1500
"""Videos left out one by one when numbers are chosen. Source: our choice: F1 known to some per cent."""

_AT_A_TIME = 500  # videos whose pairs are asked about together


@dataclass(frozen=True, slots=True)
class Spread:
    """The chosen numbers; see `COUNTS`, `WIDTHS`, `DOUBTS`, `TOGETHER`."""

    count: int
    width: float
    doubt: float
    together: float
    typical: float
    """Cosine of a video and its nearest neighbour in the middle of the judged ones: weight 1."""


@dataclass(frozen=True, slots=True)
class Seen:
    """v judged videos and t judged tags.

    Attributes:
        whitening: how vectors are made comparable; vectors: (v, d) of the videos, as it sees them.
        yes, judged: (v, t) sparse, 0 or 1.
        share, plain: (t,) accepted of the judged, and of all v videos; shrunk.
        pairs: (t, t) sparse: by how much tag j is likelier where tag i is accepted.
    """

    whitening: Whitening
    vectors: NDArray[np.float32]
    groups: Whole
    yes: sparse.csr_array
    judged: sparse.csr_array
    share: Floats
    plain: Floats
    pairs: sparse.csr_array


def seen(lessons: Lessons) -> Seen:
    """Counts of judgements. Videos that have none of these judgements are no neighbours."""
    used = np.unique(lessons.video)
    place = np.full(len(lessons.videos), -1, np.int64)
    place[used] = np.arange(len(used))
    shape = (len(used), len(lessons.tags))
    where = (place[lessons.video], lessons.tag)
    yes = sparse.csr_array((lessons.accepted.astype(np.float64), where), shape)
    yes.eliminate_zeros()
    judged = sparse.csr_array((np.ones(len(lessons)), where), shape)
    accepted, asked = np.asarray(yes.sum(axis=0)).ravel(), np.asarray(judged.sum(axis=0)).ravel()
    overall = float(lessons.accepted.mean()) if len(lessons) else 0.0
    share = (accepted + overall) / (asked + 1.0)
    plain = shares(lessons)
    both, either = (yes.T @ yes).tocoo(), (yes.T @ judged).tocsr()
    lifted = (sparse.csr_array(both) - either.multiply(share[None, :])).tocoo()
    weight = np.asarray(either[lifted.row, lifted.col]).ravel() + SUPPORT
    keep = lifted.row != lifted.col
    values = (lifted.data / weight)[keep]
    pairs = sparse.csr_array((values, (lifted.row[keep], lifted.col[keep])), (shape[1], shape[1]))
    vectors, groups = lessons.vectors[used], lessons.groups[used]
    seen_by = whitening(vectors, groups)
    return Seen(seen_by, seen_by.of(vectors), groups, yes, judged, share, plain, pairs)


def votes(known: Seen, likeness: NDArray[np.float32], spread: Spread) -> tuple[Floats, Floats, Floats]:
    """Sums of weights (q, t) of neighbours that have a tag, and of those judged about it; (q, 1) of all of them.

    Args:
        likeness: (q, v) cosines; -inf for who may not be asked.
    """
    rows = likeness.shape[0]
    count = min(spread.count, likeness.shape[1])
    nearest = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
    near = np.take_along_axis(likeness, nearest, axis=1)
    weights = np.where(np.isfinite(near), np.exp((near - spread.typical) / spread.width), 0.0)
    index = (np.repeat(np.arange(rows), count), nearest.ravel())
    matrix = sparse.csr_array((weights.ravel(), index), likeness.shape)
    return (matrix @ known.yes).toarray(), (matrix @ known.judged).toarray(), weights.sum(axis=1, keepdims=True)


def likely(known: Seen, votes_of: tuple[Floats, Floats, Floats], spread: Spread) -> tuple[Floats, Floats]:
    """(q, t) twice: by how many log odds likelier than usual a tag is, and its probability if no source speaks.

    Where no source recalls a tag, all neighbours count that nobody gave it; see `agents.tagging.rank.lessons.shares`.
    """
    yes, asked, everybody = votes_of
    doubt = spread.doubt
    shift = logit((yes + doubt * known.share) / (asked + doubt)) - logit(known.share)
    silent = sigmoid(logit((yes + doubt * known.plain) / (everybody + doubt)))
    lift = spread.together * (beside(known, silent) - beside(known, known.plain[None])) if spread.together else 0.0
    return shift + lift, sigmoid(logit(silent) + lift)


def beside(known: Seen, probable: Floats) -> Floats:
    """(q, t) log odds by which tags are likelier because of the likeliest ones beside them, of q videos."""
    count = min(LEADING, probable.shape[1])
    first = np.argpartition(-probable, count - 1, axis=1)[:, :count]
    weights = np.take_along_axis(probable, first, axis=1)
    weights /= np.maximum(1.0, weights.sum(axis=1, keepdims=True))
    index = (np.repeat(np.arange(len(probable)), count), first.ravel())
    leading = sparse.csr_array((weights.ravel(), index), probable.shape)
    moved = (leading @ known.pairs).toarray() + known.share
    return logit(moved) - logit(known.share)


def chosen_spread(lessons: Lessons, known: Seen, base: Floats, goal: Goal) -> Spread:
    """The numbers that serve the goal best on the judgements, each left out; co-occurrence after all others.

    Args:
        base: (n,) probabilities from the sources; 0 where all are silent.
    """
    used = np.unique(lessons.video)
    tried = np.sort(np.random.default_rng(0).permutation(len(used))[:TRIED])
    some = np.zeros(len(lessons.videos), np.bool_)
    some[used[tried]] = True
    here = some[lessons.video]
    asked, first = lessons.some(here), base[here]
    likeness = left_out(known.vectors[tried], known.vectors, known.groups[tried], known.groups)
    nearest = likeness.max(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    typical = float(np.median(nearest)) if len(nearest) else 1.0
    at = (np.searchsorted(used[tried], asked.video), asked.tag)
    best, most = Spread(COUNTS[0], WIDTHS[0], DOUBTS[-1], 0.0, typical), -np.inf

    def worth(spread: Spread, voted: tuple[Floats, Floats, Floats]) -> float:
        shift, silent = likely(known, voted, spread)
        said = combined(first, shift[at], silent[at])
        return goal.f1(asked, said) if goal.by_f1 else -float(log_loss(said, asked.accepted).mean())

    for count in [one for one in COUNTS if one < len(used)] or [max(1, len(used) - 1)]:
        for width in WIDTHS:
            voted = votes(known, likeness, Spread(count, width, 1.0, 0.0, typical))
            for doubt in DOUBTS:
                spread = Spread(count, width, doubt, 0.0, typical)
                if (its := worth(spread, voted)) > most + 1e-9:
                    best, most = spread, its
    voted = votes(known, likeness, best)
    for spread in [replace(best, together=one) for one in TOGETHER if one]:
        if (its := worth(spread, voted)) > most + 1e-9:
            best, most = spread, its
    return best


def of_pairs(known: Seen, spread: Spread, lessons: Lessons) -> tuple[Floats, Floats]:
    """(n,) twice: `likely` of pairs, from the judgements of videos that are not of the pair's own group."""
    shift, silent = np.zeros(len(lessons)), np.zeros(len(lessons))
    order = np.argsort(lessons.video, kind="stable")
    used, first = np.unique(lessons.video[order], return_index=True)
    for start in range(0, len(used), _AT_A_TIME):
        some = used[start : start + _AT_A_TIME]
        stop = first[start + _AT_A_TIME] if start + _AT_A_TIME < len(used) else len(order)
        rows = order[first[start] : stop]
        likeness = left_out(
            known.whitening.of(lessons.vectors[some]), known.vectors, lessons.groups[some], known.groups
        )
        more, alone = likely(known, votes(known, likeness, spread), spread)
        at = (np.searchsorted(some, lessons.video[rows]), lessons.tag[rows])
        shift[rows], silent[rows] = more[at], alone[at]
    return shift, silent


def combined(base: Floats, shift: Floats, silent: Floats) -> Floats:
    """What the sources say, moved by what the neighbours say; theirs alone where all sources are silent."""
    return np.where(base > 0, sigmoid(logit(base) + shift), silent)


def left_out(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    query_groups: Whole,
    groups: Whole,
) -> NDArray[np.float32]:
    """(q, v) cosines; -inf within a group, and where one of the two has no vector."""
    likeness = queries @ vectors.T
    likeness[query_groups[:, None] == groups[None, :]] = -np.inf
    likeness[:, np.abs(vectors).sum(axis=1) == 0] = -np.inf
    likeness[np.abs(queries).sum(axis=1) == 0] = -np.inf
    return np.asarray(likeness, np.float32)


def arrays(known: Seen, spread: Spread) -> Mapping[str, NDArray[np.generic]]:
    """To keep; `from_arrays` gives them back."""
    found: dict[str, NDArray[np.generic]] = {
        "centre": known.whitening.centre,
        "scale": known.whitening.scale,
        "vectors": known.vectors.astype(np.float16),
        "groups": known.groups,
        "share": known.share,
        "plain": known.plain,
        "spread": np.array([spread.count, spread.width, spread.doubt, spread.together, spread.typical]),
    }
    for name, matrix in (("yes", known.yes), ("judged", known.judged), ("pairs", known.pairs)):
        found[f"{name}_data"] = matrix.data.astype(np.float32)
        found[f"{name}_indices"], found[f"{name}_indptr"] = matrix.indices, matrix.indptr
    return found


def from_arrays(found: Mapping[str, NDArray[np.generic]]) -> tuple[Seen, Spread]:
    """What `arrays` gave."""
    rows, tags = len(found["vectors"]), len(found["share"])
    made = {
        name: sparse.csr_array(
            (found[f"{name}_data"].astype(np.float64), found[f"{name}_indices"], found[f"{name}_indptr"]), shape
        )
        for name, shape in (("yes", (rows, tags)), ("judged", (rows, tags)), ("pairs", (tags, tags)))
    }
    count, width, doubt, together, typical = (float(one) for one in found["spread"].astype(np.float64))
    plain, same = (np.full(found["vectors"].shape[1], value) for value in (0.0, 1.0))
    seen_by = Whitening(  # older ones have none: vectors were compared as they are
        found.get("centre", plain).astype(np.float32), found.get("scale", same).astype(np.float32)
    )
    known = Seen(
        whitening=seen_by,
        vectors=found["vectors"].astype(np.float32),
        groups=found["groups"].astype(np.int64),
        share=found["share"].astype(np.float64),
        plain=found["plain"].astype(np.float64),
        **made,
    )
    return known, Spread(int(count), width, doubt, together, typical)
