"""What the portal needs to know: nothing but what every service does."""

from postroom_plumbing.settings import ServiceSettings


class PortalSettings(ServiceSettings):
    """The secret checks survey links."""
