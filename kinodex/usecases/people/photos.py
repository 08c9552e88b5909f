"""Photos of people, as an import: what a person looks like, by a few pictures of them."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from encoders.faces.crop import face_of
from kinodex.schemas.persons import people as schema
from pipeline.observers.face_tracks import FaceConfig, face_collection
from stores.core.errors import UsageError
from stores.maintenance.people.photos import know_by_photos

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore
    from stores.people.likeness import Vector

KINDS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_LARGEST = 1600  # pixels of the longer side that is looked at
_SIDE = 224
_NUMBERED = re.compile(r"[\s_-]*\(?\d+\)?$")


def import_folder(store: LibraryStore, encoders: Encoders, folder: Path, by_name: str) -> schema.ImportedPeopleDocument:
    """As `kinodex.usecases.people.editing.import_photos`."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in KINDS and path.is_file())
    if not files:
        raise UsageError("USAGE", f"There is no photo in {folder}.", f"Photos are files of: {', '.join(KINDS)}.")
    found: dict[str, list[tuple[Path, Vector]]] = defaultdict(list)
    problems = []
    for path in files:
        vector, problem = _face(encoders, path)
        if vector is None:
            problems.append(schema.PhotoProblem(file=str(path), message=problem))
        else:
            found[_named(path, folder)].append((path, vector))
    collection = face_collection(encoders.revision("face"))
    imported = []
    for name, photos in sorted(found.items()):
        names = [path.name for path, _ in photos]
        person_id = know_by_photos(store, name, collection, [vector for _, vector in photos], by_name, names)
        imported.append(schema.ImportedPerson(person_id=person_id, name=name, photos=len(photos)))
    return schema.ImportedPeopleDocument(people=imported, problems=problems)


def _named(path: Path, folder: Path) -> str:
    """The name that a photo is of: that of a folder for each person, else of the file, without its number."""
    own = path.stem if path.parent == folder else path.parent.name
    return _NUMBERED.sub("", own).replace("_", " ").strip() or own


def _face(encoders: Encoders, path: Path) -> tuple[Vector | None, str]:
    """The vector of the one face in a photo, or what is wrong with it."""
    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
            image.thumbnail((_LARGEST, _LARGEST))
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        return None, f"It cannot be read as a picture: {error}"
    pixels = np.asarray(image, np.uint8)
    faces = encoders.faces.find(pixels[None])[0]
    areas = np.prod(faces.boxes[:, 2:] - faces.boxes[:, :2], axis=1)
    if not len(areas):
        return None, "No face was found in it."
    largest = int(areas.argmax())
    # Somebody in the background does not make it unclear; two of like size do.
    if (np.delete(areas, largest) > areas[largest] / 3).any():
        return None, "Several faces are in it: crop it to one."
    side = float(np.max((faces.boxes[largest, 2:] - faces.boxes[largest, :2]) * (pixels.shape[1], pixels.shape[0])))
    if side < FaceConfig().least_side:
        return None, "The face in it is too small."
    features = encoders.face.encode([face_of(pixels, faces.boxes[largest], _SIDE)])
    return features.vectors[0], ""
