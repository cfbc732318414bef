"""A real Dovecot of the test's own: IMAP with and without TLS, passwords and XOAUTH2."""

import datetime as dt
import imaplib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
PASSWORD = 'not "so" secret'
AS_ROOT = os.geteuid() == 0

_CONF = """
protocols = imap
listen = 127.0.0.1
base_dir = {dir}/run
state_dir = {dir}/state
instance_name = postroom-{port}
log_path = {dir}/dovecot.log
auth_debug = yes
ssl = yes
ssl_cert = <{dir}/cert.pem
ssl_key = <{dir}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain xoauth2
auth_failure_delay = 0
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
mail_location = maildir:{dir}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
imap_capability = {capability}
passdb {{
  driver = passwd-file
  mechanisms = plain
  args = scheme=PLAIN username_format=%u {dir}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {dir}/oauth2.conf.ext
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
"""
_OAUTH2 = """
introspection_url = {introspection}
introspection_mode = auth
username_attribute = user
active_attribute = active
active_value = yes
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Dovecot:
    """Started with `start`; its mail stays when it is stopped or killed."""

    def __init__(self, folder: Path, introspection: str = "http://127.0.0.1:9/", capability: str = "") -> None:
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        self.ca = folder / "cert.pem"
        self._process: subprocess.Popen[bytes] | None = None
        uid, gid = (65534, 65534) if AS_ROOT else (os.getuid(), os.getgid())
        me = str(os.getuid())
        names = ("dovecot", "dovenull", "dovecot") if AS_ROOT else (me, me, str(os.getgid()))
        folder.chmod(0o755)
        for part in ("run", "state", "mail"):
            (folder / part).mkdir()
        if AS_ROOT:
            os.chown(folder / "mail", uid, gid)
        (folder / "users").write_text("".join(f"user{n}:{{PLAIN}}{PASSWORD}\n" for n in range(1, 100)))
        (folder / "oauth2.conf.ext").write_text(_OAUTH2.format(introspection=introspection))
        _write_certificate(folder)
        values = {"internal": names[0], "login": names[1], "group": names[2], "uid": uid, "gid": gid}
        ports = {"port": self.port, "tls_port": self.tls_port, "capability": capability}
        (folder / "dovecot.conf").write_text(_CONF.format(dir=folder, **values, **ports))

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = subprocess.Popen([DOVECOT, "-F", "-c", self.folder / "dovecot.conf"], start_new_session=True)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "dovecot.log").read_text()
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            if how == signal.SIGKILL:
                os.killpg(self._process.pid, how)
            else:
                self._process.send_signal(how)
            self._process.wait(10)
            self._process = None

    def restart(self) -> None:
        self.stop(signal.SIGKILL)
        (self.folder / "run" / "master.pid").unlink(missing_ok=True)
        self.start()

    def client(self, user: str, folder: str | None = "INBOX") -> imaplib.IMAP4:
        """Another mail program of this user."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())
        if folder is not None:
            client.select(folder)
        return client

    def deliver(self, user: str, *mails: bytes, folder: str = "INBOX", seen: bool = False, at: float = 0.0) -> None:
        """Mails arrive."""
        client = self.client(user, None)
        for mail in mails:
            when = imaplib.Time2Internaldate(at or time.time())
            assert client.append(folder, "(\\Seen)" if seen else "", when, mail)[0] == "OK"
        client.logout()

    def stock(self, user: str, mails: Iterable[bytes], begin: int = 1_600_000_000) -> None:
        """Many old mails at once, written where Dovecot looks, a minute apart."""
        maildir = self.maildir(user)
        for part in ("cur", "new", "tmp"):
            (maildir / part).mkdir(parents=True, exist_ok=True)
        for n, mail in enumerate(mails):
            path = maildir / "new" / f"{begin + 60 * n}.M{n}.test"
            path.write_bytes(mail)
            os.utime(path, (begin + 60 * n, begin + 60 * n))
        if AS_ROOT:
            for path in [maildir, *maildir.rglob("*")]:
                os.chown(path, 65534, 65534)

    def maildir(self, user: str) -> Path:
        return self.folder / "mail" / user

    def uids(self, user: str, folder: str = "INBOX", what: str = "ALL") -> list[int]:
        client = self.client(user, None)
        if client.select(folder, readonly=True)[0] != "OK":
            return []
        found = client.uid("SEARCH", what)[1][0]
        client.logout()
        return [int(uid) for uid in (found or b"").split()]


def _write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dovecot of a test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
