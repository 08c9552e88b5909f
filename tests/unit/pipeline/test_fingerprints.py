"""An upgrade does nobody's library again unless we mean it to."""

from __future__ import annotations

from encoders.bundle import Encoders
from pipeline.perceive import fingerprints, stages
from pipeline.perception import PerceptionConfig

# As the embedded profile makes them with default settings. Whoever changes one has every user's ingest do that stage
# again, and those after it, for every video: say so in CHANGELOG.md, and write the new one here.
NOW = {
    "probe": "d152ef8ed64dfc4f",
    "speech_activity": "e8e49419e7696f33",
    "speech": "bf0feff44e37ddaa",
    "frame_hashes": "1c37602deaa9dcfc",
    "scenes": "99ddd223b1203ca6",
    "pictures": "26c330a1e8237627",
    "objects": "ecbe17ba9edf771c",
    "screentext": "9b9740c92ffadb7a",
    "thumbnails": "e8080a4068187af4",
    "visual_stats": "cf6377cd268a604e",
    "clips": "af3246f0799f24ad",
    "labels": "0d80b8723177c2a9",
    "tracklets": "517b525229e63b96",
    "vectors": "dceb015d429daad2",
}


def test_stages_of_the_embedded_profile_are_those_that_libraries_hold() -> None:
    with Encoders.open("embedded") as encoders:
        assert fingerprints(stages(encoders, PerceptionConfig())) == NOW
