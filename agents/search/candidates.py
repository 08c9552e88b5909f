"""Candidates: clips that some channel brought up, and what each channel gave, until they are ranked."""

from __future__ import annotations

from dataclasses import dataclass, field

from stores.core.records import Clip


@dataclass(slots=True)
class Candidate:
    """One clip on its way to being a moment.

    Attributes:
        channels: what each channel, or step after recall, gave to the ratio (`agents.search.scoring`); they add up to
            it.
        words: the share in ``channels`` that comes from words of lines; the rest comes from likeness of vectors.
        collections: by channel, the collection whose vector gave the likeness.
        line: the line that explains the hit best; ``line_worth``: what it gave.
    """

    video_id: str
    clip: Clip
    channels: dict[str, float] = field(default_factory=dict)
    words: dict[str, float] = field(default_factory=dict)
    collections: dict[str, str] = field(default_factory=dict)
    line: str = ""
    line_worth: float = 0.0

    @property
    def ratio(self) -> float:
        """The fused score before calibration."""
        return sum(self.channels.values())

    def offer(self, channel: str, worth: float, collection: str = "") -> None:
        """What one vector of a channel gives; the best one counts."""
        if worth > self.channels.get(channel, 0.0):
            self.channels[channel] = worth
            self.collections[channel] = collection

    def add_words(self, channel: str, worth: float, gain: float, line: str) -> None:
        """A line with words of the query.

        Args:
            worth: of the line.
            gain: what it adds to what other lines of the channel gave.
        """
        self.channels[channel] = self.channels.get(channel, 0.0) + gain
        self.words[channel] = self.words.get(channel, 0.0) + gain
        if worth > self.line_worth:
            self.line, self.line_worth = line, worth
