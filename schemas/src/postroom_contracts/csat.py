"""Survey answers."""

from pydantic import Field

from postroom_contracts.event import Event
from postroom_contracts.topics import Topic
from postroom_contracts.values import Instant


class SurveyAnswered(Event, topic=Topic.CSAT, type="postroom.survey.answered.v1"):
    """A customer rated a solved ticket; a later answer to the same survey replaces the earlier."""

    ticket: str
    survey: str
    """The survey's id."""
    rating: int = Field(ge=1, le=5)
    """1 is the worst, 5 the best."""
    comment: str = ""
    answer: int = Field(ge=1)
    """Counts the answers to this survey."""
    at: Instant

    @property
    def key(self) -> str:
        return self.ticket

    @property
    def sequence(self) -> int | None:
        return self.answer
