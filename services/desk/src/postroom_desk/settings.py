"""Settings of desk."""

from pydantic import Field, SecretStr

from postroom_plumbing.internal import InternalSettings
from postroom_plumbing.settings import ServiceSettings


class DeskSettings(ServiceSettings):
    """What both roles of desk need."""

    message_id_host: str = "postroom.localdomain"
    """The right-hand side of Message-IDs where the mailbox is not known."""


class ApiSettings(DeskSettings, InternalSettings):
    """What the API needs besides."""

    ingest_url: str = Field(default="http://127.0.0.1:8090", pattern=r"^https?://")
    analytics_url: str = Field(default="http://127.0.0.1:8091", pattern=r"^https?://")
    admin_email: str = "admin@example.com"
    admin_password: SecretStr = Field(min_length=8)
    admin_token: SecretStr = Field(min_length=16)
    """The first admin is made from these three when there is none yet."""
    demo: bool = False
    """Put a demo team and its settings into an empty desk."""
    session_hours: int = Field(default=12, ge=1, le=720)
