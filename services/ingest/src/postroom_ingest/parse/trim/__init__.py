"""What is new in a mail: the sender's own words apart from quotation and signature.

A view for readers; the whole text is kept elsewhere. When in doubt, a line counts as the sender's own.
"""

from postroom_ingest.parse.trim.view import Trimmed, trim

__all__ = ["Trimmed", "trim"]
