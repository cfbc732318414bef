"""Who vouches for a mail: SPF, DKIM and DMARC, as a trusted mail server found them or verified here."""

from postroom_ingest.authentication.model import Authentication, Result
from postroom_ingest.authentication.names import Names
from postroom_ingest.authentication.results import trusted_results
from postroom_ingest.authentication.verify import Arrival, Authenticator

__all__ = ["Arrival", "Authentication", "Authenticator", "Names", "Result", "trusted_results"]
