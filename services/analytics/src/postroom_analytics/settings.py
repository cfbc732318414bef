"""What analytics needs to know."""

from pydantic import Field, SecretStr

from postroom_plumbing.settings import ServiceSettings


class AnalyticsSettings(ServiceSettings):
    """Who may ask: whoever bears one of these tokens."""

    internal_token: SecretStr = Field(min_length=16)
    """What the services of one Postroom show each other."""
    admin_token: SecretStr | None = Field(default=None, min_length=16)
    """What the people who run Postroom may show, where one is set."""
