"""Addresses of the three servers a test runs against."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerUrls:
    """Where MongoDB, Valkey and Kafka answer."""

    kafka_url: str
    mongo_url: str
    redis_url: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "ServerUrls | None":
        """Those that the environment names, if it names all three."""
        names = ("POSTROOM_KAFKA_URL", "POSTROOM_MONGO_URL", "POSTROOM_REDIS_URL")
        urls = [environ.get(name) for name in names]
        return cls(*(url for url in urls if url)) if all(urls) else None

    def environment(self) -> dict[str, str]:
        """As variables for a process."""
        return {
            "POSTROOM_KAFKA_URL": self.kafka_url,
            "POSTROOM_MONGO_URL": self.mongo_url,
            "POSTROOM_REDIS_URL": self.redis_url,
        }
