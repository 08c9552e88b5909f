"""Candidates: clips recalled by some channel, with what each channel contributed, before they are ranked."""

from __future__ import annotations

from dataclasses import dataclass, field

from stores.core.records import Clip

ALWAYS_LEFT = 0.1
"""Share of what similar pictures contribute that nothing takes away: it orders moments that are all unlikely. Ours."""


@dataclass(slots=True)
class Candidate:
    """One clip that may become a moment.

    Attributes:
        channels: contribution of each channel, and of each step after recall, to the ratio (`agents.search.scoring`),
            which is their sum.
        words: the part of each channel's contribution that comes from matching words; the rest comes from the
            similarity of vectors.
        collections: by channel, the collection that the most similar vector came from.
        recognised: how surely what the query names was recognised there (`agents.search.recognition`); None if it names
            nothing that the models know.
        line: the line that explains the hit best; ``line_channel``: its channel; ``line_worth``: its contribution.
    """

    video_id: str
    clip: Clip
    channels: dict[str, float] = field(default_factory=dict)
    words: dict[str, float] = field(default_factory=dict)
    collections: dict[str, str] = field(default_factory=dict)
    recognised: float | None = None
    line: str = ""
    line_channel: str = ""
    line_worth: float = 0.0

    @property
    def ratio(self) -> float:
        """The fused score before calibration."""
        return sum(self.channels.values())

    def offer(self, channel: str, worth: float, collection: str = "") -> None:
        """Count the contribution of one vector if it is the best of its channel so far."""
        if worth > self.channels.get(channel, 0.0):
            self.channels[channel] = worth
            self.collections[channel] = collection

    def add_words(self, channel: str, worth: float, gain: float, line: str) -> None:
        """Count a line that contains words of the query.

        Args:
            worth: of the line by itself.
            gain: by how much it raises what other lines of the channel contributed.
        """
        self.channels[channel] = self.channels.get(channel, 0.0) + gain
        self.words[channel] = self.words.get(channel, 0.0) + gain
        if worth > self.line_worth:
            self.line, self.line_channel, self.line_worth = line, channel, worth

    def weigh_pictures(self, worth: float, collection: str) -> None:
        """Count evidence for (or, below 0, against) what similar pictures and objects contributed. Of that,
        `ALWAYS_LEFT` stays.

        Args:
            collection: of the pictures.
        """
        if worth > 0:
            self.channels["picture"] = self.channels.get("picture", 0.0) + worth
            self.collections.setdefault("picture", collection)
        for channel in ("picture", "object"):
            similar = self.channels.get(channel, 0.0) - self.words.get(channel, 0.0)
            lost = min(max(0.0, -worth), (1.0 - ALWAYS_LEFT) * max(0.0, similar))
            if lost:
                self.channels[channel] -= lost
                worth += lost
