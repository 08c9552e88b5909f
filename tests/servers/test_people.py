"""People, in a folder and on servers: the same decisions stay."""

from __future__ import annotations

from tests.unit.stores.people.test_forgotten_voices import (
    test_a_forgotten_voice_does_not_come_back,
    test_a_voice_is_called_by_the_name_of_the_face_it_goes_with,
    test_forgetting_everybody_covers_voices_without_a_face,
    test_where_people_are_switched_off_no_voice_stays,
)
from tests.unit.stores.people.test_people import (
    test_a_collection_in_which_nobodys_face_is_looked_at,
    test_a_merge_keeps_names_and_outlives_clustering_and_a_second_ingest,
    test_a_named_person_is_found_by_every_name,
    test_a_split_outlives_clustering_and_a_second_ingest,
    test_people_who_turn_out_to_be_one_are_joined,
    test_photos_name_who_is_there_already_and_who_comes_later,
    test_who_has_a_name_takes_in_who_has_none,
    test_who_was_forgotten_stays_forgotten_where_they_were_seen,
)

__all__ = [
    "test_a_collection_in_which_nobodys_face_is_looked_at",
    "test_a_forgotten_voice_does_not_come_back",
    "test_a_merge_keeps_names_and_outlives_clustering_and_a_second_ingest",
    "test_a_named_person_is_found_by_every_name",
    "test_a_split_outlives_clustering_and_a_second_ingest",
    "test_a_voice_is_called_by_the_name_of_the_face_it_goes_with",
    "test_forgetting_everybody_covers_voices_without_a_face",
    "test_people_who_turn_out_to_be_one_are_joined",
    "test_photos_name_who_is_there_already_and_who_comes_later",
    "test_where_people_are_switched_off_no_voice_stays",
    "test_who_has_a_name_takes_in_who_has_none",
    "test_who_was_forgotten_stays_forgotten_where_they_were_seen",
]
