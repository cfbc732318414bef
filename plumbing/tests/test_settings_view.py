"""The projection of the settings, on the real MongoDB."""

import logging
from collections.abc import AsyncIterator

import pytest

from postroom_contracts.config import SettingChanged
from postroom_plumbing.clock import utc_now
from postroom_plumbing.service import Service
from postroom_plumbing.unit import Unit

from .conftest import MakeSettings
from .toy import ToySettings

pytestmark = pytest.mark.connected


@pytest.fixture
async def service(make_settings: MakeSettings) -> AsyncIterator[Service[ToySettings]]:
    service = Service("toy", make_settings())
    yield service
    await service.stop()


def queue(version: int, name: str | None, queue: str = "q") -> SettingChanged:
    value = None if name is None else {"name": name}
    return SettingChanged(kind="queue", id=queue, version=version, value=value, at=utc_now())


async def apply(service: Service[ToySettings], *events: SettingChanged) -> dict[str, str]:
    """The queues' names after these events, by id."""

    async def work(unit: Unit) -> None:
        await service.view.apply(events, unit)

    await service.units.run(work)
    await service.view.refresh()
    return {one: setting.name for one, setting in service.view.current.queue.items()}


async def test_the_newest_version_counts_whatever_the_order(service: Service[ToySettings]) -> None:
    assert await apply(service, queue(2, "second"), queue(1, "first")) == {"q": "second"}
    assert await apply(service, queue(1, "first")) == {"q": "second"}
    assert await apply(service, queue(3, "third"), queue(2, "second")) == {"q": "third"}


async def test_a_setting_removed_stays_removed_until_a_newer_one(service: Service[ToySettings]) -> None:
    assert await apply(service, queue(1, "first"), queue(1, "other", "o")) == {"q": "first", "o": "other"}
    assert await apply(service, queue(2, None)) == {"o": "other"}
    assert await apply(service, queue(1, "first")) == {"o": "other"}
    assert await apply(service, queue(3, "again")) == {"q": "again", "o": "other"}


async def test_one_that_cannot_be_read_is_left_out_and_its_words_are_not_logged(
    service: Service[ToySettings], caplog: pytest.LogCaptureFixture
) -> None:
    bad = SettingChanged(kind="queue", id="bad", version=1, value={"tier": "ann@example.com"}, at=utc_now())
    with caplog.at_level(logging.ERROR):
        assert await apply(service, bad, queue(1, "first")) == {"q": "first"}
    assert [(one.getMessage(), one.__dict__["setting"]) for one in caplog.records] == [
        ("setting cannot be read", "queue/bad")
    ]
    assert "ann@example.com" not in caplog.text
