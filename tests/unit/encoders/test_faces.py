"""Faces in photos: found, told apart, and recognised in other light, size and quality."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.faces.crop import face_of
from encoders.faces.graph_weights import GraphWeights
from encoders.types import WeightsError
from pipeline.observers.face_tracks import FaceConfig, sex_of
from stores.people.likeness import KnownPeople, Look
from tests.planted.photos import picture


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open("embedded", device="cpu") as opened:
        yield opened


def altered(photo: np.ndarray) -> list[np.ndarray]:
    """A photo as cameras and codecs make it again."""
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 10, 1)
    low = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 30])[1]
    return [
        photo,
        np.clip(photo * 0.6, 0, 255).astype(np.uint8),
        np.clip(photo * 1.25 + 10, 0, 255).astype(np.uint8),
        cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        cv2.GaussianBlur(photo, (0, 0), 2.0),
        cv2.warpAffine(photo, turn, (width, height), borderMode=cv2.BORDER_REFLECT),
        cv2.imdecode(low, cv2.IMREAD_COLOR),
        np.ascontiguousarray(photo[:, ::-1]),
        np.pad(photo, ((40, 0), (0, 90), (0, 0)), mode="edge"),
    ]


def vectors(encoders: Encoders, photo: np.ndarray) -> tuple[list[np.ndarray], list[float]]:
    """Of the face in each form of a photo."""
    found, female = [], []
    for each in altered(photo):
        faces = encoders.faces.find(each[None])[0]
        assert len(faces.scores) == 1
        features = encoders.face.encode([face_of(each, faces.boxes[0], 224)])
        found.append(features.vectors[0])
        female.append(float(features.female[0]))
    return found, female


def test_people_are_told_apart_and_recognised(encoders: Encoders) -> None:
    people = {name: vectors(encoders, picture(name)) for name in ("astronaut", "officer")}
    whose = [(name, vector) for name, (some, _) in people.items() for vector in some]
    for order in (whose, whose[::-1], whose[1::2] + whose[::2]):
        known, given = KnownPeople(), []
        for number, (_, vector) in enumerate(order):
            near = known.nearest(vector)
            person = near[0] if near else f"per_{number}"
            known.add(person, Look(vector, 1, "vid", f"fac_{number}"))
            given.append(person)
        together = [
            order[i][0] == order[j][0] for i, j in itertools.combinations(range(len(order)), 2) if given[i] == given[j]
        ]
        assert np.mean(together) >= 0.95, "precision of pairs"
        assert len(set(given)) <= 4, "and they are not all strangers"
    female = {name: float(np.median(some)) for name, (_, some) in people.items()}
    assert sex_of(female["officer"]) == "man"
    assert sex_of(female["astronaut"]) != "man", "a woman is not surely a man"
    assert female["astronaut"] > female["officer"]


def test_where_nobody_is_no_face_is_found(encoders: Encoders) -> None:
    for name in ("coffee", "rocket", "motorcycle"):
        scores = encoders.faces.find(picture(name)[None])[0].scores
        assert not len(scores[scores >= FaceConfig().min_score]), name


def test_boxes_are_fractions_of_the_picture_whatever_its_shape(encoders: Encoders) -> None:
    photo = picture("astronaut")
    height, width = photo.shape[:2]
    (alone,) = encoders.faces.find(photo[None])
    for wider in (np.pad(photo, ((0, 0), (0, width), (0, 0))), np.pad(photo, ((0, height), (0, 0), (0, 0)))):
        (found,) = encoders.faces.find(wider[None])
        scale = np.array([photo.shape[1] / wider.shape[1], photo.shape[0] / wider.shape[0]] * 2)
        np.testing.assert_allclose(found.boxes[0], alone.boxes[0] * scale, atol=0.03)
    assert alone.points[0, 0, 0] < alone.points[0, 1, 0], "the eyes from the left to the right"
    with pytest.raises(ValueError, match="frames must be"):
        encoders.faces.find(photo)


def test_weights_that_do_not_belong_together_are_refused(encoders: Encoders, tmp_path) -> None:
    paths = encoders.registry.locate("faceres")
    other = encoders.registry.locate("blazeface-back")
    with pytest.raises(WeightsError):
        GraphWeights.read(paths["description"], other["weights"])
    with pytest.raises(WeightsError):
        GraphWeights.read(other["description"], paths["weights"])
    with pytest.raises(WeightsError, match="no weight"):
        GraphWeights.read(paths["description"], paths["weights"]).vector("nothing")
    assert face_of(picture("coffee"), np.array([-0.5, -0.5, -0.2, -0.2], np.float32), 224).max() == 0
