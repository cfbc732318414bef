"""The events of Postroom: what travels on its topics, and nothing else.

Every event is a frozen Pydantic model that knows its topic, its CloudEvents type, its Kafka key and its sequence.
The value on the wire is the model's plain JSON; everything else rides in the headers named in `headers`.
"""

from postroom_contracts.event import Event, event_types
from postroom_contracts.topics import Topic

__all__ = ["Event", "Topic", "event_types"]
