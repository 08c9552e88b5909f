"""Tags that the products of a video name, and those of other videos with the same product."""

from __future__ import annotations

from collections import defaultdict

from agents.tagging.recall.case import Case, Recalled, strongest
from stores.tags.recall.accepted import accepted_tags
from stores.tags.recall.products import Product

CATEGORY = 0.7
"""A level of the path that the owner put the product under: what it is, though perhaps not what the video shows."""

TITLE = 0.5
"""A name in a title, which also lists what the product is for, like, or good with; as one mention in speech."""

ATTRIBUTE = 0.4
"""A value of an attribute, which may be of one variant only. Source of all three: our choice, not measured."""

ELSEWHERE = 0.3
"""Most that a tag may be worth that the other videos with the same product have: if all of very many have it."""

VIDEOS = 200
"""Other videos of one product that vote."""

DOUBT = 3.0
"""Votes against that are added to them."""


def product_source(case: Case) -> list[Recalled]:
    """Tags that titles, categories and attributes of the video's products name, or that others with them have.

    A product is no moment of the video that could be shown, so it brings no evidence: it raises what the video shows
    or says, and puts before a person what it does not.
    """
    products = case.seen.products
    if not products:
        return []
    best: dict[int, float] = {}
    for product in products:
        for text, worth in _texts(product):
            for tag in case.tags.phrases.said_in(text):
                best[tag] = max(worth, best.get(tag, 0.0))
    doubt: defaultdict[str, float] = defaultdict(lambda: 1.0)
    for tag, worth in best.items():
        doubt[case.tags.tags[tag].tag_id] *= 1.0 - worth
    for tag_id, share in _elsewhere(case, products).items():
        doubt[tag_id] *= 1.0 - ELSEWHERE * share
    return strongest((Recalled(tag_id, "products", 1.0 - left, ()) for tag_id, left in doubt.items()), case.top)


def _texts(product: Product) -> list[tuple[str, float]]:
    attributes = [(value, ATTRIBUTE) for _, value in product.attributes]
    return [(product.title, TITLE), *((level, CATEGORY) for level in product.category), *attributes]


def _elsewhere(case: Case, products: list[Product]) -> dict[str, float]:
    """Of the tags of other videos with these products, the share of videos that have each, shrunk."""
    found = case.store.products.videos_with([one.product_id for one in products], VIDEOS)
    others = sorted({other for videos in found.values() for other in videos} - {case.video_id})
    votes: defaultdict[str, int] = defaultdict(int)
    for tags in (accepted_tags(case.store.engine, others) if others else {}).values():
        for tag in tags:
            first_hand = tag.by_person or any(source != "products" for source, _ in tag.scores)
            votes[tag.tag_id] += first_hand and tag.tag_id in case.tags.ids
    return {tag_id: count / (len(others) + DOUBT) for tag_id, count in votes.items() if count}
