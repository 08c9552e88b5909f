"""What it takes for stored lines to support a claim: numbers, names, words, word order, and what they hold together."""
