"""The index of frame hashes: one file that only grows, read where it lies.

A file is a row of records. An *entry* holds the hashes of one video; a *chunk* holds the hashes of all entries since
the chunk before it once more, ordered by each of their four 16-bit bands, so that one look into it takes some steps of
a binary search. Every record names the chunk before it and ends with its own length: a reader that opens the file
reads its last record, the chunks' heads, and the few entries behind the last chunk, however many videos there are.

A writer locks the file, and first cuts off what a killed writer left unfinished. A reader needs no lock, since complete
records never change. The file may be lost or removed at any time: it is made again from blobs.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

CHUNK = 65_536
"""Hashes of a chunk at most: until there are as many, the youngest are sorted again for each reader. A place in a chunk
fits into 16 bits."""

COMMON = 2_048
"""Hashes of a chunk that share a band, above which the band tells nothing (a title card, a test picture). Ours."""

_MOST_ENTRIES = 4_096  # in a chunk: of videos without a single hash there may be any number
_MAGIC = b"kinodex frame hashes 1\n".ljust(32, b"\0")
_HEAD = struct.Struct("<4sIQQII")  # mark, kind, payload's length, place of the chunk before, two checksums
_ENTRY = struct.Struct("<dII")  # when it was done, length of the id, number of hashes
_CHUNK_HEAD = struct.Struct("<QQQ")  # hashes, entries, where the first entry begins
_TAIL = struct.Struct("<Q")  # length of the whole record
_MARK = b"KFHR"
_ENTRIES, _CHUNKS = 1, 2


@dataclass(frozen=True, slots=True)
class FrameHashEntry:
    """The hashes (n,) uint64 of one video, as they were when the run that left them was done."""

    video_id: str
    finished_at: float
    hashes: Hashes


@dataclass(frozen=True, slots=True)
class _Record:
    """A complete record: its kind, where its payload begins, how long that is, and where the record ends."""

    kind: int
    begin: int
    length: int
    end: int
    chunk: int


class Bands:
    """Hashes, ordered by each of their four bands; ``owners``: an entry's number for each hash."""

    def __init__(self, hashes: Hashes, owners: NDArray[np.uint32]) -> None:
        self.hashes, self.owners = hashes, owners
        bands = _bands(hashes)
        self.order = np.stack([np.argsort(bands[:, band], kind="stable").astype(np.uint16) for band in range(4)])
        self.sorted = np.stack([bands[order, band] for band, order in enumerate(self.order)])

    @classmethod
    def of(cls, data: memoryview, count: int) -> Bands:
        """As `packed` wrote them, without a copy."""
        made = cls.__new__(cls)
        made.hashes = np.frombuffer(data, np.uint64, count)
        made.owners = np.frombuffer(data, np.uint32, count, 8 * count)
        made.order = np.frombuffer(data, np.uint16, 4 * count, 12 * count).reshape(4, count)
        made.sorted = np.frombuffer(data, np.uint16, 4 * count, 20 * count).reshape(4, count)
        return made

    def packed(self) -> bytes:
        """28 bytes a hash."""
        return b"".join(part.tobytes() for part in (self.hashes, self.owners, self.order, self.sorted))

    def near(self, wanted: Hashes, bits: int) -> NDArray[np.uint32]:
        """Owners, one for each pair of hashes that share a band and differ in at most ``bits`` bits."""
        found: list[NDArray[np.uint32]] = []
        bands = _bands(wanted)
        for band in range(4):
            first = np.searchsorted(self.sorted[band], bands[:, band], "left")
            last = np.searchsorted(self.sorted[band], bands[:, band], "right")
            # A damaged chunk is not in order, and names places that it does not have.
            counts = np.where(last - first <= COMMON, np.maximum(last - first, 0), 0)
            if not counts.any():
                continue
            # All places from first to last, for each wanted hash one range after the other.
            before = np.cumsum(counts) - counts
            rows = self.order[band][np.repeat(first - before, counts) + np.arange(counts.sum())]
            rows = np.minimum(rows, len(self.hashes) - 1)
            near = np.bitwise_count(np.bitwise_xor(self.hashes[rows], np.repeat(wanted, counts))) <= bits
            found.append(self.owners[rows[near]])
        return np.concatenate(found) if found else np.empty(0, np.uint32)


class FrameHashFile:
    """One process's view of the file. Not safe to use from several threads at once.

    Raises, from every method that touches the disk:
        OSError: if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = -1
        self._youngest: Bands | None = None
        self._forget()

    @property
    def newest(self) -> float:
        """When the youngest run was done whose hashes are there; 0.0 if there are none."""
        return self._newest

    @property
    def young(self) -> dict[str, float]:
        """Videos of the last entries, and when they were done."""
        return self._young_videos

    def refresh(self) -> None:
        """Sees what was written since, by whatever process."""
        try:
            with self.path.open("rb") as file:
                self._see(file.fileno())
        except FileNotFoundError:
            self._forget()

    def append(self, entry: FrameHashEntry) -> None:
        """Adds the hashes of a video, unless another process just did."""
        with self._locked() as handle:
            self._see(handle)
            if self._young_videos.get(entry.video_id) == entry.finished_at:
                return
            if os.fstat(handle).st_size > self._end:
                os.ftruncate(handle, self._end)  # what a writer left that was killed
            if not self._end:
                _write(handle, _MAGIC)
                self._see(handle)
            for first in range(0, max(1, len(entry.hashes)), CHUNK):
                self._append(handle, entry, entry.hashes[first : first + CHUNK])

    def near(self, hashes: Hashes, bits: int) -> dict[tuple[str, float], int]:
        """How many pairs of near hashes each entry has with these: by video and by when it was done."""
        found: dict[tuple[str, float], int] = {}
        self._leave_if_cut()
        if self._youngest is None and self._young:
            owners = [np.full(len(one), number, np.uint32) for number, (_, one) in enumerate(self._young)]
            self._youngest = Bands(np.concatenate([one for _, one in self._young]), np.concatenate(owners))
        some = [(bands, places) for bands, places in self._chunks]
        if self._youngest is not None:
            some.append((self._youngest, np.array([place for place, _ in self._young], np.uint64)))
        for bands, places in some:
            numbers, times = np.unique(bands.near(hashes, bits), return_counts=True)
            for number, pairs in zip(numbers.tolist(), times.tolist(), strict=True):
                name = self._name(int(places[number])) if number < len(places) else None
                if name is not None:
                    found[name] = found.get(name, 0) + pairs
        return found

    def entries(self) -> Iterator[FrameHashEntry]:
        """All entries from the first to the last; every checksum on the way is looked at.

        Raises:
            ValueError: where a record is not what was written.
        """
        end, data = len(_MAGIC), self._map
        while data is not None and end < self._end:
            record = _record(data, end, whole=True)
            if record is None:
                raise ValueError(f"what begins at byte {end} is not what was written")
            if record.kind == _ENTRIES:
                yield _entry(data, record)
            end = record.end

    def _append(self, handle: int, entry: FrameHashEntry, hashes: Hashes) -> None:
        full = self._young_count + len(hashes) > CHUNK
        if self._young and (full or len(self._young) >= _MOST_ENTRIES):
            self._seal(handle)
        name = entry.video_id.encode()
        payload = _ENTRY.pack(entry.finished_at, len(name), len(hashes)) + _padded(name)
        self._put(handle, _ENTRIES, payload + np.ascontiguousarray(hashes, np.uint64).tobytes())
        self._see(handle)

    def _seal(self, handle: int) -> None:
        """Writes the chunk of the entries since the last one."""
        owners = [np.full(len(one), number, np.uint32) for number, (_, one) in enumerate(self._young)]
        bands = Bands(np.concatenate([one for _, one in self._young]), np.concatenate(owners))
        places = np.array([place for place, _ in self._young], np.uint64)
        head = _CHUNK_HEAD.pack(len(bands.hashes), len(places), int(places[0]))
        self._put(handle, _CHUNKS, head + places.tobytes() + bands.packed())
        os.fsync(handle)  # its numbers are believed without a look at its checksum
        self._see(handle)

    def _put(self, handle: int, kind: int, payload: bytes) -> None:
        payload = _padded(payload)
        checksum = zlib.crc32(payload)
        head = _HEAD.pack(_MARK, kind, len(payload), self._chunk, checksum, 0)
        head = _HEAD.pack(_MARK, kind, len(payload), self._chunk, checksum, zlib.crc32(head))
        _write(handle, head + payload + _TAIL.pack(_HEAD.size + len(payload) + _TAIL.size))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if os.fstat(handle).st_ino == _inode(self.path):
                    yield handle
                    return
                # Another file was put in its place meanwhile.
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)  # closing alone would not: what is mapped holds the file, too
                os.close(handle)

    def _forget(self) -> None:
        self._map: mmap.mmap | None = None
        self._end = self._chunk = 0
        self._newest = 0.0
        self._chunks: list[tuple[Bands, NDArray[np.uint64]]] = []
        self._young: list[tuple[int, Hashes]] = []
        self._young_count = 0
        self._young_videos: dict[str, float] = {}
        self._youngest = None

    def _leave_if_cut(self) -> None:
        """Forgets a file that somebody made shorter: a look at what is mapped but gone would end the process."""
        with suppress(FileNotFoundError):
            about = self.path.stat()
            if about.st_ino == self._inode and about.st_size < self._end:
                self._forget()

    def _see(self, handle: int) -> None:
        about = os.fstat(handle)
        if about.st_ino != self._inode or about.st_size < self._end:
            self._forget()
            self._inode = about.st_ino
        if about.st_size == self._end:
            return
        there = _Bytes(handle, about.st_size)
        if there[: len(_MAGIC)] != _MAGIC:
            return  # of another version, or no such file: it is written over
        end = _complete_end(there, self._end)
        if end <= self._end:
            return
        try:
            data = mmap.mmap(handle, end, access=mmap.ACCESS_READ)
        except ValueError as error:  # it became shorter this very moment
            raise OSError(f"{self.path} cannot be read: {error}") from error
        self._map = data
        if not self._end:
            self._open()
        while self._end < len(data) and (record := _record(data, self._end, whole=True)) is not None:
            self._take(record)

    def _open(self) -> None:
        """Goes to the last chunk, from the end of what is mapped."""
        data = self._map
        assert data is not None
        last = _last(data)
        place = last.chunk if last is not None else 0
        if last is not None and last.kind == _CHUNKS:
            place = last.begin - _HEAD.size
        records: list[_Record] = []
        while place:
            record = _record(data, place, whole=False)
            if record is None or not _is_chunk(data, record) or record.chunk >= place:
                records.clear()  # damaged: nothing in it is believed
                break
            records.append(record)
            place = record.chunk
        self._end = len(_MAGIC)
        for record in reversed(records):
            self._take(record)
        for place in self._chunks[-1][1][-_MOST_ENTRIES:].tolist() if self._chunks else ():
            self._note(place)

    def _take(self, record: _Record) -> None:
        data = self._map
        assert data is not None
        if _is_chunk(data, record):
            view = memoryview(data)[record.begin : record.begin + record.length]
            count, entries, _ = _CHUNK_HEAD.unpack_from(view)
            begin = _CHUNK_HEAD.size
            places = np.frombuffer(view, np.uint64, entries, begin)
            self._chunks.append((Bands.of(view[begin + 8 * entries :], count), places))
            self._chunk = record.begin - _HEAD.size
            self._young, self._young_count, self._youngest = [], 0, None
        elif record.kind == _ENTRIES:
            entry = _entry(data, record)
            self._young.append((record.begin - _HEAD.size, entry.hashes))
            self._young_count += len(entry.hashes)
            self._youngest = None
            self._note(record.begin - _HEAD.size)
        self._end = record.end

    def _note(self, place: int) -> None:
        name = self._name(place)
        if name is not None:
            self._young_videos[name[0]] = name[1]
            self._newest = max(self._newest, name[1])

    def _name(self, place: int) -> tuple[str, float] | None:
        data = self._map
        record = _record(data, place, whole=False) if data is not None else None
        if data is None or record is None or record.kind != _ENTRIES:
            return None
        finished_at, length, _ = _ENTRY.unpack_from(data, record.begin)
        begin = record.begin + _ENTRY.size
        return bytes(data[begin : begin + length]).decode(errors="replace"), finished_at


class _Bytes:
    """A file that is read, not mapped: what a killed writer left may be cut off at any moment. Reading is short then,
    where looking at a mapping would end the process."""

    def __init__(self, handle: int, size: int) -> None:
        self._handle, self._size = handle, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        begin, end, _ = part.indices(self._size)
        return os.pread(self._handle, max(0, end - begin), begin)


def _record(data: mmap.mmap | _Bytes, place: int, whole: bool) -> _Record | None:
    """The record that begins at ``place``; None if none that is complete does.

    Args:
        whole: whether its payload's checksum is looked at, too.
    """
    if place < len(_MAGIC) or place + _HEAD.size > len(data):
        return None
    begin = place + _HEAD.size
    if len(found := data[place:begin]) < _HEAD.size:
        return None
    mark, kind, length, chunk, checksum, of_head = _HEAD.unpack(found)
    end = begin + length + _TAIL.size
    head = _HEAD.pack(mark, kind, length, chunk, checksum, 0)
    if mark != _MARK or zlib.crc32(head) != of_head or end > len(data):
        return None
    if data[begin + length : end] != _TAIL.pack(end - place):
        return None
    if whole and zlib.crc32(data[begin : begin + length]) != checksum:
        return None
    return _Record(kind, begin, length, end, chunk)


def _last(data: mmap.mmap | _Bytes) -> _Record | None:
    """The last record, if the file ends with one that is complete."""
    if len(data) < len(_MAGIC) + _HEAD.size + _TAIL.size:
        return None
    length = int.from_bytes(data[len(data) - _TAIL.size :], "little")
    record = _record(data, len(data) - length, whole=True) if length <= len(data) else None
    return record if record is not None and record.end == len(data) else None


def _complete_end(data: _Bytes, begin: int) -> int:
    """Where the last complete record ends, of those from ``begin`` on; the length of the file's head if none is."""
    if _last(data) is not None:
        return len(data)
    end = max(begin, len(_MAGIC))
    while (record := _record(data, end, whole=True)) is not None:
        end = record.end
    return end


def _is_chunk(data: mmap.mmap, record: _Record) -> bool:
    """Whether this is a chunk whose numbers fit into it."""
    if record.kind != _CHUNKS or record.length < _CHUNK_HEAD.size:
        return False
    count, entries, _ = _CHUNK_HEAD.unpack_from(data, record.begin)
    return bool(_CHUNK_HEAD.size + 8 * entries + 28 * count <= record.length)


def _entry(data: mmap.mmap, record: _Record) -> FrameHashEntry:
    finished_at, length, count = _ENTRY.unpack_from(data, record.begin)
    begin = record.begin + _ENTRY.size
    name = bytes(data[begin : begin + length]).decode(errors="replace")
    hashes = np.frombuffer(data, np.uint64, count, begin + length + -length % 8)
    return FrameHashEntry(name, finished_at, hashes)


def _write(handle: int, data: bytes) -> None:
    os.lseek(handle, 0, os.SEEK_END)
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _bands(hashes: Hashes) -> NDArray[np.uint16]:
    return np.ascontiguousarray(hashes).view(np.uint16).reshape(-1, 4)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return -1
