"""A payment explained: found by whatever is known of it, told in the order it happened."""

from payments.explaining.finding import Match, find
from payments.explaining.story import Sentence, Story, register_teller, story_of

__all__ = ["Match", "Sentence", "Story", "find", "register_teller", "story_of"]
