"""Apache Kafka in KRaft mode, one node, run from its jars as Maven fetches them."""

import asyncio
import base64
import os
import re
import shutil
import uuid
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from postroom_local.child import Child, ended
from postroom_local.errors import StackError
from postroom_local.home import Home
from postroom_local.ports import LOCALHOST
from postroom_local.servers.running import RunningServer, server_child

VERSION = "4.1.1"  # as in kafka-pom.xml
_LEAST_JAVA = 17
_FETCH_S = 600.0
_FORMAT_S = 60.0
# Small on purpose: one plain collector, and no second compiler (which costs 1.2 s of CPU at each start).
_JAVA_OPTIONS = (
    *("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


class UnavailableError(StackError):
    """Why Apache Kafka cannot run on this machine."""


async def prepare(home: Home, port: int, say: Callable[[str], None]) -> RunningServer:
    """The broker on `port` with its data in `home`, formatted and configured but not yet started.

    Raises UnavailableError when this machine has no Java 17+, or its jars cannot be had.
    """
    java = await _java()
    classpath = f"{await _jars(home, say)}/*"
    folder = home.folder("kafka")
    properties = folder / "server.properties"
    properties.write_text(_properties(folder / "data", port, home.port("kafka-controller")))
    await _format(home, java, classpath, properties)
    command = [java, *_JAVA_OPTIONS, "-cp", classpath, "kafka.Kafka", str(properties)]
    child = server_child(home, "kafka", lambda: command)
    return RunningServer("kafka", f"Apache Kafka {VERSION}", f"{LOCALHOST}:{port}", child)


async def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise UnavailableError("there is no java on PATH")
    asked = await asyncio.create_subprocess_exec(
        java, "-version", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asked.communicate()
    found = re.search(rb'version "(\d+)', said)
    if found is None or int(found[1]) < _LEAST_JAVA:
        raise UnavailableError(f"it needs Java {_LEAST_JAVA} or newer, and java -version says otherwise")
    return java


async def _jars(home: Home, say: Callable[[str], None]) -> Path:
    """The folder of Kafka's jars, fetched with Maven the first time a user of this machine needs them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    jars = cache / "postroom" / f"kafka-{VERSION}"
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError("its jars are not here yet and there is no mvn on PATH to fetch them")
    say(f"fetching Apache Kafka {VERSION} with Maven (43 MB, once)")
    new = jars.with_name(f".{jars.name}.{uuid.uuid4().hex}")
    new.mkdir(parents=True)
    pom = new / "pom.xml"
    pom.write_bytes(files("postroom_local.servers").joinpath("kafka-pom.xml").read_bytes())
    command = [
        maven,
        "-q",
        "-B",
        "-C",
        "-f",
        str(pom),
        "dependency:copy-dependencies",
        f"-DoutputDirectory={new}",
    ]
    try:
        await _run(Child("maven", lambda: command, os.environ, home.logs / "maven.log"), _FETCH_S)
        pom.unlink()
        if not jars.is_dir():
            new.rename(jars)
    except OSError:
        if not jars.is_dir():  # else another stack fetched them meanwhile
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return jars


async def _format(home: Home, java: str, classpath: str, properties: Path) -> None:
    """Make the storage of a new cluster, once; one cut short is made anew."""
    done = properties.with_name("formatted")
    if done.exists():
        return
    shutil.rmtree(properties.with_name("data"), ignore_errors=True)
    # Kafka writes a cluster's id as base64 of a UUID: it may begin with a dash, and must not look like an option then.
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [java, *_JAVA_OPTIONS, "-cp", classpath, "kafka.tools.StorageTool", "format", "--standalone"]
    command += [f"--cluster-id={cluster}", "--config", str(properties)]
    await _run(Child("kafka-format", lambda: command, os.environ, home.logs / "kafka-format.log"), _FORMAT_S)
    done.touch()


async def _run(child: Child, seconds: float) -> None:
    """Run `child` to its end; raises UnavailableError when it fails or takes longer than `seconds`."""
    await child.start()
    try:
        code = await asyncio.wait_for(child.wait(), seconds)
    except TimeoutError:
        raise UnavailableError(f"{child.name} took longer than {seconds:.0f} s, see {child.log}") from None
    finally:
        await child.stop()
    if code != 0:
        raise UnavailableError(f"{child.name} failed ({ended(code)}), see {child.log}")


def _properties(data: Path, port: int, controller_port: int) -> str:
    """Kafka's configuration: broker and controller in one, sized for one machine."""
    return f"""\
process.roles=broker,controller
node.id=1
listeners=BROKER://{LOCALHOST}:{port},CONTROLLER://{LOCALHOST}:{controller_port}
advertised.listeners=BROKER://{LOCALHOST}:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={LOCALHOST}:{controller_port}
log.dirs={data}

# One node: nothing to replicate to, nobody to wait for.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# After a SIGKILL the controller takes the new broker for a double of the old one until the old one's session
# ends: 9 s by default, which makes such a restart take 11.5 s instead of 4.5 s.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# Topics are made on purpose, with their partitions, never by a misspelt name.
auto.create.topics.enable=false
log.retention.hours=168
log.retention.bytes=1073741824
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""
