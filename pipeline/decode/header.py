"""What a container says about itself before its frames are decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one file. Fields and units as in `stores.core.records.Video`, which is made from it."""

    duration: int
    time_base: Fraction
    start_pts: int
    width: int
    height: int
    rotation: int
    frame_rate: Fraction
    variable_frame_rate: bool
    video_codec: str
    audio_codec: str
    container: str
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields as values that JSON can represent."""
        return asdict(self) | {"time_base": str(self.time_base), "frame_rate": str(self.frame_rate)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Header:
        """The header from the output of `to_json`."""
        return cls(
            **{
                **values,
                "time_base": Fraction(values["time_base"]),
                "frame_rate": Fraction(values["frame_rate"]),
                "warnings": tuple(values["warnings"]),
            }
        )
