"""Mail somebody passed on within the text: who wrote it, to whom, and the words, in any client and language.

No standard says how a forward looks (RFC 5322 knows only resent fields and attached messages), so this knows the
words of the clients. For a forward that is attached as message/rfc822 see `forwards.attached`.
"""

from postroom_ingest.parse.forwards.model import Forwarded
from postroom_ingest.parse.forwards.reading import forwarded
from postroom_ingest.parse.forwards.requester import requester_of

__all__ = ["Forwarded", "forwarded", "requester_of"]
