"""The SMTP and LMTP door: 250 only after the mail is durable, and no mail refused for being malformed."""

from postroom_ingest.receive.smtp.server import SmtpServer

__all__ = ["SmtpServer"]
