def gather(*a):
    return []


def rank_lines(*a):
    return []


class RankedLine:
    pass
