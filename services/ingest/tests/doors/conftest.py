"""What the tests of the SMTP and LMTP door share: doors with settings of their own, and a certificate."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from given import ServerUrls
from pymongo.errors import PyMongoError

from ..running import Ingest, opened_ingest

OpenDoor = Callable[..., Awaitable[Ingest]]


class Files:
    """A certificate and its key in files."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "cert.pem"
        self.key = folder / "key.pem"
        self.make(1)

    def make(self, serial: int, key_only: bool = False) -> None:
        """Write a new self-signed pair for localhost, or only a new key."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = serialization.Encoding.PEM
        plain = serialization.NoEncryption()
        self.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        if key_only:
            return
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        begin = datetime.now(UTC) - timedelta(days=1)
        builder = x509.CertificateBuilder(name, name, key.public_key(), serial, begin, begin + timedelta(days=9))
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        self.certificate.write_bytes(builder.add_extension(names, False).sign(key, hashes.SHA256()).public_bytes(pem))

    def settings(self) -> dict[str, Any]:
        return {"smtp_tls_cert": self.certificate, "smtp_tls_key": self.key}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """A client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
async def open_door(servers: ServerUrls) -> AsyncIterator[OpenDoor]:
    """Opens doors with other settings; all are closed at the end."""
    opened: list[Ingest] = []

    async def door(**settings: Any) -> Ingest:
        ingest = await opened_ingest(servers, **settings)
        opened.append(ingest)
        await ingest.open_door()
        return ingest

    yield door
    for ingest in opened:
        for step in ingest.service._finish:
            with suppress(PyMongoError):
                await step()
        await ingest.service.client.drop_database(ingest.database.name)
        ingest.service.client.close()
