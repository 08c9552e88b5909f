def draft_from_text(question, ranked):
    return []
