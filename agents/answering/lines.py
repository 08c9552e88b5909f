def gather(*a): return []
def rank_lines(*a): return []
def show_lines(*a): return None
class RankedLine: pass
