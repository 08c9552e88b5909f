"""Tags that name what somebody does, by what is seen and heard together when it is done.

No single sign tells an activity: a guitar in the picture is not played. Signs of several kinds do that are independent
of each other: things, how somebody is to them, sounds, how voices take turns, the place
(`encoders.situations.activities`).
"""

from agents.tagging.recall.activities.source import activity_source

__all__ = ["activity_source"]
