"""An upgrade does nobody's library again unless we mean it to."""

from __future__ import annotations

from encoders.bundle import Encoders
from pipeline.perceive import fingerprints, stages
from pipeline.perception import PerceptionConfig

# As the embedded profile makes them with default settings. Whoever changes one has every user's ingest do that stage
# again, and those after it, for every video: say so in CHANGELOG.md, and write the new one here.
NOW = {
    "probe": "d152ef8ed64dfc4f",
    "speech_activity": "ef05504866151dd8",
    "speech": "bf0feff44e37ddaa",
    "speakers": "4b42009ecb620cea",
    "frame_hashes": "d6cefe0321cafd0d",
    "scenes": "99ddd223b1203ca6",
    "pictures": "2109280b3746c8c2",
    "objects": "9a8c8d44098b20e3",
    "screentext": "9b9740c92ffadb7a",
    "thumbnails": "e8080a4068187af4",
    "visual_stats": "b27ece1157ad1095",
    "clips": "af3246f0799f24ad",
    "labels": "00c94595bd6e1e73",
    "styles": "dd1e7aa55c078354",
    "tracklets": "3ee01b6317cd4b26",
    "vectors": "9d0690cb7d67b2b0",
    "sound": "d2e04fc91cfc4143",
    "faces": "5e9349def0042d49",
}


def test_stages_of_the_embedded_profile_are_those_that_libraries_hold() -> None:
    with Encoders.open("embedded") as encoders:
        assert fingerprints(stages(encoders, PerceptionConfig())) == NOW
