"""What the router reads from the environment."""

from postroom_plumbing.settings import Port, ServiceSettings


class RouterSettings(ServiceSettings):
    """Nothing beyond what every service needs, and its port."""

    http_port: Port = 8103
