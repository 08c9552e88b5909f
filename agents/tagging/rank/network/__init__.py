"""The rankers of thousands of judgements: a network over clips, names, and what was recalled."""
