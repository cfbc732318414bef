"""The three servers from containers, where Docker is there."""

import contextlib
from collections.abc import Iterator

import docker
from docker.errors import DockerException
from given import ServerUrls
from testcontainers.community.kafka import KafkaContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

MONGO_IMAGE = "mongo:8.0"
VALKEY_IMAGE = "valkey/valkey:9"
INITIATE = """
try { rs.status() } catch { rs.initiate() }
while (!db.hello().isWritablePrimary) sleep(100)
"""
KAFKA_IMAGE = "apache/kafka:4.1.1"


def docker_answers() -> bool:
    """Whether a Docker engine can be used from here."""
    try:
        client = docker.from_env(timeout=3)
        client.ping()
    except (DockerException, OSError):
        return False
    return True


@contextlib.contextmanager
def start_containers() -> Iterator[ServerUrls]:
    """Start the servers, and stop them at the end."""
    mongo = (
        DockerContainer(MONGO_IMAGE)
        .with_command("--replSet rs0 --bind_ip_all")
        .with_exposed_ports(27017)
        .waiting_for(LogMessageWaitStrategy("Waiting for connections"))
    )
    valkey = (
        DockerContainer(VALKEY_IMAGE)
        .with_exposed_ports(6379)
        .waiting_for(LogMessageWaitStrategy("Ready to accept connections"))
    )
    kafka = KafkaContainer(KAFKA_IMAGE).with_kraft()
    with mongo, valkey, kafka:
        mongo.exec(["mongosh", "--quiet", "--eval", INITIATE])
        host = mongo.get_container_host_ip()
        yield ServerUrls(
            kafka_url=kafka.get_bootstrap_server(),
            mongo_url=f"mongodb://{host}:{mongo.get_exposed_port(27017)}/?directConnection=true&replicaSet=rs0",
            redis_url=f"redis://{valkey.get_container_host_ip()}:{valkey.get_exposed_port(6379)}/0",
        )
