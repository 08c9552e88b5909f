"""A proposal that becomes part of the vocabulary: a tag, or an alias of one."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from stores.sql.database import writing
from stores.tags.tag_rows import add_tags
from stores.tags.vocabulary.changes import Author, record
from stores.tags.vocabulary.editing import Changed, NewTag, TagEditor, made, put, tag_there
from stores.tags.vocabulary.naming import checked_aliases
from stores.tags.vocabulary.proposals import ProposalStore


def accept(engine: Engine, proposal_id: str, new: NewTag, alias_of: str, author: Author) -> Changed:
    """Makes a proposal a tag with these values, or (``alias_of``) its name and aliases aliases of a tag.

    Raises:
        UsageError: NOT_FOUND if there is no such proposal or tag; CONFLICT if it is decided, or its id is taken; USAGE
            if a value cannot be.
    """
    step = TagEditor(engine).step("accept", author)
    proposals = ProposalStore(engine)
    with writing(engine) as connection:
        if alias_of:
            before = tag_there(connection, alias_of)
            aliases = checked_aliases(before.name, [*before.aliases, new.name, *new.aliases])
            after = replace(before, aliases=aliases)
            proposals.decide(connection, proposal_id, "accepted", author, after)
            return put(connection, step, [(before, after)])
        tag = made(connection, new)
        add_tags(connection, [tag])
        record(connection, step, [(None, tag)])
        proposals.decide(connection, proposal_id, "accepted", author, tag)
    return Changed((tag,), step.name)
