"""What all events have in common."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from postroom_contracts.topics import Topic

_types: dict[str, type["Event"]] = {}


class Value(BaseModel):
    """A frozen part of an event. Unknown fields are ignored, so that a newer writer never stops an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Event(Value):
    """A fact in the past tense. Subclasses name their `topic` and `type` (`postroom.<thing>.<fact>.v<version>`)."""

    topic: ClassVar[Topic]
    type: ClassVar[str]

    def __init_subclass__(cls, *, topic: Topic, type: str, **kwargs: Any) -> None:  # noqa: A002 - CloudEvents' word
        super().__init_subclass__(**kwargs)
        cls.topic = topic
        cls.type = type
        if type in _types:
            raise TypeError(f"two events are called {type}")
        _types[type] = cls

    @property
    def key(self) -> str:
        """The Kafka key: events with the same key keep their order."""
        raise NotImplementedError

    @property
    def subject(self) -> str:
        """What the event is about (`ce_subject`); the key unless said otherwise."""
        return self.key

    @property
    def sequence(self) -> int | None:
        """The version of the aggregate this event made (`ce_sequence`), or None where there is none."""
        return None


def event_types() -> dict[str, type[Event]]:
    """Every event of Postroom by its CloudEvents type. An event made up elsewhere, say by a test, is none of them."""
    from postroom_contracts import all_events  # noqa: F401 - registers them; a cycle at the top

    return {name: model for name, model in _types.items() if model.__module__.startswith(f"{__package__}.")}
