"""Our certificate, which may change while we run."""

import asyncio
import logging
import ssl
from pathlib import Path

from postroom_plumbing.errors import described

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0


class Certificate:
    """A TLS context whose certificate follows its files; connections that are open keep the one they began with."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises OSError (SSLError among them) when the files cannot be read or do not belong together."""
        self._certificate = certificate
        self._key = key
        self._stamp = self._now()
        self.context = self._loaded()

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._certificate, self._key)
        return context

    def _now(self) -> tuple[tuple[int, int, int], ...]:
        states = (path.stat() for path in (self._certificate, self._key))
        return tuple((state.st_mtime_ns, state.st_size, state.st_ino) for state in states)

    def look(self) -> bool:
        """Take over changed files, once they are whole; True when the certificate is another now."""
        try:
            stamp = self._now()
            if stamp == self._stamp:
                return False
            self._loaded()  # a certificate whose key has not been written yet must not spoil the one in use
            self.context.load_cert_chain(self._certificate, self._key)
        except OSError as error:
            log.warning("the changed certificate is of no use, keeping the old one", extra=described(error))
            return False
        self._stamp = stamp
        log.info("the certificate was read again")
        return True

    async def keep_fresh(self) -> None:
        """Look at the files until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.look)
