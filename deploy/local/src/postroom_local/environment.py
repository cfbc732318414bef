"""What each process finds in its environment."""

from collections.abc import Mapping, Sequence

from postroom_local.home import Home, Secrets
from postroom_local.ports import LOCALHOST
from postroom_local.processes import Process
from postroom_local.servers import Servers
from postroom_local.settings import StackSettings


def assign_ports(settings: StackSettings, home: Home, processes: Sequence[Process]) -> dict[str, int]:
    """The HTTP port of each process by name: its setting's, or one the home remembers."""
    return {process.name: _given_port(settings, process) or home.port(process.name) for process in processes}


def _given_port(settings: StackSettings, process: Process) -> int | None:
    port: int | None = getattr(settings, process.port_field) if process.port_field else None
    return port


def environment(
    process: Process,
    inherited: Mapping[str, str],
    settings: StackSettings,
    secrets: Secrets,
    servers: Servers,
    http_ports: Mapping[str, int],
) -> dict[str, str]:
    """The environment of `process`: what was `inherited`, and on top of it what the stack decides."""
    environ = {name: value for name, value in inherited.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= {
        "PYTHONUNBUFFERED": "1",
        "POSTROOM_KAFKA_URL": servers.kafka_url,
        "POSTROOM_MONGO_URL": servers.mongo_url,
        "POSTROOM_REDIS_URL": servers.redis_url,
        "POSTROOM_NAMESPACE": settings.namespace,
        "POSTROOM_HTTP_HOST": LOCALHOST,
        "POSTROOM_HTTP_PORT": str(http_ports[process.name]),
        "POSTROOM_DESK_URL": f"http://localhost:{settings.desk_port}",
        "POSTROOM_PORTAL_URL": f"http://localhost:{settings.portal_port}",
        "POSTROOM_SECRET": secrets.secret,
        "POSTROOM_INTERNAL_TOKEN": secrets.internal_token,
    }
    return environ | _own(process.name, settings, secrets, http_ports)


def _own(name: str, settings: StackSettings, secrets: Secrets, http_ports: Mapping[str, int]) -> dict[str, str]:
    """What only process `name` is told."""
    if name == "catcher":
        return {
            "POSTROOM_CATCHER_SMTP_PORT": str(settings.catcher_smtp_port),
            "POSTROOM_HOME": str(settings.home.absolute()),
        }
    if name == "ingest-receive":
        return {"POSTROOM_SMTP_PORT": str(settings.smtp_port)}
    if name == "notifier":
        catcher = f"smtp://{LOCALHOST}:{settings.catcher_smtp_port}"
        return {"POSTROOM_SMARTHOST_URL": settings.smarthost_url or catcher}
    if name.startswith("desk-"):
        desk = {
            "POSTROOM_ADMIN_EMAIL": settings.admin_email,
            "POSTROOM_ADMIN_PASSWORD": secrets.admin_password,
            "POSTROOM_ADMIN_TOKEN": secrets.admin_token,
            "POSTROOM_DEMO": "true",
        }
        return desk | {
            f"POSTROOM_{service}_URL": f"http://{LOCALHOST}:{http_ports[process]}"
            for service, process in (("INGEST", "ingest-receive"), ("ANALYTICS", "analytics"))
            if process in http_ports
        }
    return {}
