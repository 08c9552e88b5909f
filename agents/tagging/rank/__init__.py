"""Rank: fuse what the sources recalled into one calibrated confidence per tag, and decide with evidence."""

from agents.tagging.rank.decide import ABSTAIN, ACCEPT, decide
from agents.tagging.rank.prior import Prior, rank
from agents.tagging.rank.ranked import CaseFacts, Ranked, Ranker

__all__ = ["ABSTAIN", "ACCEPT", "CaseFacts", "Prior", "Ranked", "Ranker", "decide", "rank"]
