"""What analytics needs to know."""

from pydantic import Field, SecretStr

from postroom_plumbing.internal import InternalSettings


class AnalyticsSettings(InternalSettings):
    """Who may ask: whoever bears the internal token, or this one."""

    admin_token: SecretStr | None = Field(default=None, min_length=16)
    """What the people who run Postroom may show, where one is set."""
