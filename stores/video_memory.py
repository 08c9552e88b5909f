"""The stored results of one video, as derived stages read them."""

from __future__ import annotations

from stores.catalog import Catalog
from stores.core.records import Record, Video
from stores.files.blobs import BlobStore


class VideoMemory:
    """The finished stages of one video; implements the protocol `pipeline.stage.Memory`."""

    def __init__(self, catalog: Catalog, blobs: BlobStore, video_id: str) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self.video_id = video_id

    @property
    def video(self) -> Video | None:
        """The probed video; None before the probe is done."""
        return self._catalog.video(self.video_id)

    def has(self, stage: str) -> bool:
        """Whether a stage is done: then an empty `records` means that it found nothing."""
        return (self.video_id, stage) in self._catalog.active_of([self.video_id])

    def records(self, stage: str) -> tuple[Record, ...]:
        """What a stage found, in its order; empty if it found nothing or is not done."""
        return self._catalog.records(self.video_id, stage)

    def blob_names(self, stage: str) -> tuple[str, ...]:
        """Names of the blobs of a stage, sorted; empty if it has none or is not done."""
        return self._catalog.blobs(self.video_id, stage)[1]

    def blob(self, stage: str, name: str) -> bytes:
        """The bytes of one blob.

        Raises:
            KeyError: if the stage is not done or has no blob of that name.
            StoreError: LIBRARY_DAMAGED if the blob is missing.
        """
        key, names = self._catalog.blobs(self.video_id, stage)
        if key is None or name not in names:
            raise KeyError(f"{self.video_id} has no blob {name!r} of stage {stage!r}")
        return self._blobs.get(key, name)
