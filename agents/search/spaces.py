"""Embedding spaces in use: that of the present models, and those of former ones until all is embedded again.

While one embedding model replaces another, each video's vectors are in one space or the other, never mixed, and the
query is embedded for each space by its own text tower. The registry names the models of all profiles, so collections of
a former profile are recognised by their names. Vectors of a model that the registry no longer has cannot be searched;
`kinodex reembed` replaces them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace

from encoders.bundle import Encoders
from encoders.spaces import Collections, collections, is_of_moments
from encoders.types import WeightsError
from stores.entries import IndexHealth
from stores.holdings import collection_names, count_videos
from stores.library_store import LibraryStore

_QUERY_SIDE = ("text", "image_text", "concepts")


@dataclass(frozen=True, slots=True)
class Space:
    """The collections of one profile, and the models that embed queries for them.

    Attributes:
        profile: its name.
        present: whether it is the profile of the settings.
        query_encoders: the encoders of queries; those of the present profile if they are the same.
        names: its collections; "" for those of a former profile that the present one shares.
        provenance: ``name@revision`` of the model behind each collection.
    """

    profile: str
    present: bool
    query_encoders: Encoders
    names: Collections
    provenance: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _State:
    """What there is at one revision of the catalog."""

    revision: int
    names: frozenset[str]
    searched: tuple[Space, ...]


class Spaces:
    """The spaces that one library is searched in, read again after each commit. Thread-safe."""

    def __init__(self, store: LibraryStore, encoders: Encoders) -> None:
        self._store = store
        self._known = tuple(_known(encoders))
        self._lock = threading.Lock()
        self._state = _State(-1, frozenset(), ())
        self._counts: tuple[_State, tuple[int, int, int]] | None = None

    @property
    def present(self) -> Space:
        """That of the present models."""
        return self._known[0]

    def searched(self) -> tuple[Space, ...]:
        """The present space, then the former ones that still have vectors in use."""
        return self._current().searched

    @property
    def revision(self) -> int:
        """Of the catalog, when `searched` last asked for it."""
        return self._state.revision

    def unsearchable(self) -> frozenset[str]:
        """Collections of moments that nobody can ask."""
        return _unsearchable(self._current())

    def dismiss(self, space: Space) -> None:
        """Stop using a former space, because its models are not on this machine."""
        self._current()
        with self._lock:
            left = tuple(one for one in self._state.searched if one.profile != space.profile)
            self._state = replace(self._state, searched=left)

    def health(self, health: IndexHealth, video_ids: Collection[str] | None = None) -> IndexHealth:
        """``health`` of what is stored, as what can be searched: without videos whose vectors nobody can ask.

        Args:
            video_ids: those that ``health`` is about; None for all.
        """
        state = self._current()
        if state.names <= set(_names(self.present.names)):
            return health
        counts = self._counts
        if video_ids is not None:
            former, unserved, lost = self._counted(state, video_ids)
        elif counts is not None and counts[0] is state:
            former, unserved, lost = counts[1]
        else:
            former, unserved, lost = counted = self._counted(state, None)
            self._counts = state, counted
        indexed = health.videos_indexed - lost
        partly = health.state if not unserved else "partial" if indexed > 0 else "empty"
        return replace(
            health,
            state=partly,
            videos_indexed=max(0, indexed),
            videos_former=former,
            videos_unserved=unserved,
        )

    def _counted(self, state: _State, video_ids: Collection[str] | None) -> tuple[int, int, int]:
        """How many videos are searched by former vectors, have some that nobody can ask, and have only such."""
        lost = _unsearchable(state)
        searched = state.names - lost
        former = searched - set(_names(self.present.names))
        return (
            count_videos(self._store, *former, video_ids=video_ids),
            count_videos(self._store, *lost, video_ids=video_ids),
            count_videos(self._store, *lost, without=searched, video_ids=video_ids),
        )

    def _current(self) -> _State:
        # Without the lock: a query under it would have all searches wait for each other.
        revision = self._store.catalog.revision()
        state = self._state
        if revision == state.revision:
            return state
        # Vectors of whole videos and of voices are no moments; only `agents.search.videos` uses them.
        names = frozenset(name for name in collection_names(self._store) if is_of_moments(name))
        present, *others = self._known
        state = _State(revision, names, (present, *(one for one in others if set(_names(one.names)) & names)))
        with self._lock:
            if revision > self._state.revision:
                self._state = state
        return state


def _unsearchable(state: _State) -> frozenset[str]:
    return state.names - {name for space in state.searched for name in _names(space.names)}


def _known(encoders: Encoders) -> list[Space]:
    """The spaces of all profiles of the registry, the present one first. No model is loaded."""
    present = Space(encoders.profile, True, encoders, collections(encoders), _provenance(encoders))
    found, taken = [present], set(_names(present.names))
    for profile in encoders.registry.profiles:
        if profile == encoders.profile:
            continue
        other = Encoders(encoders.registry, profile, encoders.threads, encoders.device)
        try:
            names, provenance = collections(other), _provenance(other)
            same = _query_side(other) == _query_side(encoders)
        except WeightsError:
            continue  # a profile with models that this registry lacks has no vectors
        kept = _without(names, taken)
        taken |= set(_names(names))
        found.append(Space(profile, False, encoders if same else other, kept, provenance))
    return found


def _query_side(encoders: Encoders) -> list[str]:
    return [encoders.revision(task) for task in _QUERY_SIDE if task == "concepts" or encoders.has(task)]


def _provenance(encoders: Encoders) -> dict[str, str]:
    names = collections(encoders)
    image, text, detector = (encoders.revision(task) for task in ("image", "text", "detector"))
    return {names.picture: image, names.likeness: image, names.object: detector, names.text: text}


def _names(names: Collections) -> tuple[str, ...]:
    return tuple(name for name in asdict(names).values() if name)


def _without(names: Collections, taken: set[str]) -> Collections:
    return replace(names, **{field: "" for field, name in asdict(names).items() if name in taken})
