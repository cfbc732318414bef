"""Behind a real Postfix: by LMTP, by SMTP with STARTTLS, and while our door dies and comes back."""

import asyncio
import email
import email.policy
import grp
import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from given import ServerUrls

from postroom_contracts.inbound import MailReceived
from postroom_plumbing.testing import stated

from ..making import mail
from ..running import Ingest, free_port, opened_ingest
from .conftest import Files
from .processes import ReceiveProcess, until

pytestmark = [
    pytest.mark.connected,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not Path("/usr/sbin/postfix").exists(), reason="no Postfix on this machine"),
    pytest.mark.skipif(os.geteuid() != 0, reason="Postfix is started by root only"),
]

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test
mydestination =
mynetworks = 127.0.0.0/8
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
alias_maps =
alias_database =
relay_domains = example.com
relay_recipient_maps =
smtpd_recipient_restrictions = reject_unauth_destination
transport_maps = inline:{{
    {{ billing@example.com = smtp:[127.0.0.1]:{smtp} }}
    {{ example.com = lmtp:inet:127.0.0.1:{lmtp} }} }}
default_transport = error:nothing leaves this test
smtp_tls_security_level = encrypt
lmtp_tls_security_level = none
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
transport_retry_time = 1s
smtputf8_enable = yes
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - 5 smtp
lmtp unix - - n - 5 lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A Postfix of the test's own."""

    def __init__(self, folder: Path, smtp: int, lmtp: int) -> None:
        self.port = free_port()
        self._config = folder / "etc"
        self._log = folder / "log"
        self._queue = folder / "queue"
        folder.chmod(0o755)  # its processes are not root's
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir()
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postfix").gr_gid)
        (self._config / "main.cf").write_text(MAIN.format(folder=folder, smtp=smtp, lmtp=lmtp))
        (self._config / "master.cf").write_text(MASTER.format(port=self.port))

    def run(self, command: str) -> None:
        done = subprocess.run(["/usr/sbin/postfix", "-c", self._config, command], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode() + self.log()

    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def queued(self) -> int:
        """Mails it still has."""
        names = ("maildrop", "incoming", "active", "deferred")
        return sum(path.is_file() for name in names for path in (self._queue / name).rglob("*"))

    async def send(self, *mails: bytes, to: str = "support@example.com", sender: str = "ann@elsewhere.test") -> None:
        """Hand mails in, as some server of the world does."""

        def work() -> None:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
                for one in mails:
                    client.sendmail(sender, [to], one)

        await asyncio.to_thread(work)


@pytest.fixture
async def receive(servers: ServerUrls, namespace: str, tmp_path: Path, files: Files) -> AsyncIterator[ReceiveProcess]:
    settings = {name: str(value) for name, value in files.settings().items()}
    process = ReceiveProcess(servers, namespace, tmp_path, smtp_workers=2, **settings)
    await process.start()
    yield process
    await process.close()


@pytest.fixture
def postfix(receive: ReceiveProcess) -> Iterator[Postfix]:
    folder = Path(tempfile.mkdtemp(prefix="postroom-postfix-"))
    server = Postfix(folder, receive.port, receive.lmtp_port)
    server.run("start")
    yield server
    server.run("stop")
    shutil.rmtree(folder)


@pytest.fixture
async def ingest(servers: ServerUrls, namespace: str) -> AsyncIterator[Ingest]:
    """Reads what the process took."""
    ingest = await opened_ingest(servers, namespace=namespace)
    yield ingest
    ingest.service.client.close()


async def received(ingest: Ingest) -> list[MailReceived]:
    return [event for event in await stated(ingest.database) if isinstance(event, MailReceived)]


async def test_a_mail_comes_through_once_by_lmtp_and_by_starttls(
    receive: ReceiveProcess, postfix: Postfix, ingest: Ingest
) -> None:
    await postfix.send(mail("by-lmtp@x", text=".\r\n..dots\r\n"), to="support+thread@example.com")
    await postfix.send(mail("by-smtp@x"), to="billing@example.com")

    async def both() -> bool:
        return await receive.mails() == 2

    await until(both, "two mails")
    events = {event.thread_root: event for event in await received(ingest)}
    lmtp, smtp = events["by-lmtp@x"], events["by-smtp@x"]
    assert (lmtp.door, lmtp.mailbox, lmtp.tls, lmtp.helo) == ("lmtp", "support", None, "mx.test")
    assert lmtp.envelope_to == ("support+thread@example.com",)
    assert (smtp.door, smtp.mailbox, smtp.tls, smtp.peer) == ("smtp", "billing", "TLSv1.3", "127.0.0.1")
    raw = (await ingest.raws.read([lmtp.raw]))[lmtp.contact]
    assert raw.startswith(b"Received: ")
    assert raw.endswith(b"\r\n\r\n.\r\n..dots\r\n\r\n")
    assert postfix.queued() == 0


async def test_an_unknown_recipient_is_bounced_by_postfix(
    receive: ReceiveProcess, postfix: Postfix, ingest: Ingest
) -> None:
    await postfix.send(mail("lost@x"), to="nobody@example.com", sender="billing@example.com")

    async def bounced() -> bool:
        return await receive.mails() == 1

    await until(bounced, "bounce")
    (event,) = await received(ingest)
    assert (event.mailbox, event.envelope_from) == ("billing", "")
    raw = (await ingest.raws.read([event.raw]))[event.contact]
    report = email.message_from_bytes(raw, policy=email.policy.default)
    assert report.get_content_type() == "multipart/report"
    assert b"Status: 5.1.1" in raw
    assert b"550 5.1.1 No such mailbox here" in raw


async def test_nothing_is_lost_or_taken_twice_while_the_door_dies_and_comes_back(
    receive: ReceiveProcess, postfix: Postfix, ingest: Ingest
) -> None:
    ids = [f"{n}@died" for n in range(60)]
    await postfix.send(*(mail(one) for one in ids[:20]))
    sending = asyncio.create_task(postfix.send(*(mail(one) for one in ids[20:])))

    async def begun() -> bool:
        return await receive.mails() >= 25

    await until(begun, "mails")
    await receive.kill()
    await sending
    assert postfix.queued() > 0, "they wait"
    await receive.start()

    async def all_taken() -> bool:
        return postfix.queued() == 0

    await until(all_taken, "empty queue", 120)  # Postfix tries again in its own time
    events = await received(ingest)
    assert {event.thread_root for event in events} == set(ids)
    await ingest.feed(*events)
    outcomes = await ingest.outcomes(events)
    assert outcomes.count("new") == 60, "what came again because its 250 was lost is known by the reader"
    assert outcomes.count("duplicate") == len(events) - 60
