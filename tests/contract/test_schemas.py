"""The schemas and examples say what the models say, and take nothing back that was released."""

import json
import sys
from pathlib import Path

import pytest
from contract.examples import TYPES, event, faults, read_json, record, schema, text

from postroom_contracts import Topic, event_types, generate
from postroom_contracts.compatibility import breaks
from postroom_contracts.config import SETTING_MODELS, SettingChanged
from postroom_contracts.delivery import MailSent
from postroom_contracts.generate import SCHEMAS, drifted, write
from postroom_plumbing.wire import decode

RELEASED = sorted((SCHEMAS / "released").glob("*/*/**/*.json"))


def test_the_generated_files_are_up_to_date() -> None:
    assert drifted(SCHEMAS) == []


class TestGenerator:
    def test_writes_everything_once_and_then_nothing(self, tmp_path: Path) -> None:
        assert "topics/tickets/postroom.ticket.opened.v1.json" in write(tmp_path)
        assert write(tmp_path) == []

    def test_check_names_what_drifted_and_leaves_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(tmp_path)
        edited = tmp_path / "topics/tickets/postroom.ticket.opened.v1.json"
        edited.write_text(edited.read_text("utf-8").replace("string", "number", 1), "utf-8")
        (tmp_path / "asyncapi.yaml").unlink()
        (tmp_path / "topics/csat/postroom.survey.lost.v1.json").write_text("{}")
        monkeypatch.setattr(generate, "SCHEMAS", tmp_path)
        monkeypatch.setattr(sys, "argv", ["generate", "--check"])
        with pytest.raises(SystemExit) as left:
            generate.main()
        named = [line.split()[0] for line in str(left.value.code).splitlines()[:-1]]
        assert named == [
            "schemas/asyncapi.yaml",
            "schemas/topics/csat/postroom.survey.lost.v1.json",
            "schemas/topics/tickets/postroom.ticket.opened.v1.json",
        ]
        assert "number" in edited.read_text("utf-8")
        assert write(tmp_path)
        assert drifted(tmp_path) == []

    def test_describes_fields_by_their_docstrings(self) -> None:
        fields = schema("postroom.mail.failed.v1")["properties"]
        assert fields["uncertain"]["description"].startswith("Whether it may have gone out")
        assert "null while it waits" in schema("postroom.routing.decided.v1")["properties"]["agent"]["description"]


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_has_a_schema(topic: Topic) -> None:
    assert list((SCHEMAS / "topics" / topic).glob("*.v*.json"))


def test_every_event_has_an_example_and_nothing_else_has() -> None:
    assert sorted(path.stem for path in (SCHEMAS / "examples").iterdir()) == TYPES


@pytest.mark.parametrize("name", TYPES)
class TestEvent:
    def test_its_schema_is_called_after_it(self, name: str) -> None:
        assert schema(name)["$id"] == f"urn:postroom:schema:{name}"

    def test_its_example_fits_the_schema(self, name: str) -> None:
        assert faults(schema(name), json.loads(text(name))) == []

    def test_the_schema_misses_what_must_be_there(self, name: str) -> None:
        told, example = schema(name), json.loads(text(name))
        for field in told["required"]:
            assert faults(told, {key: value for key, value in example.items() if key != field}), field

    def test_the_schema_allows_fields_of_a_later_release(self, name: str) -> None:
        assert faults(schema(name), json.loads(text(name)) | {"added_later": 1}) == []

    def test_its_example_is_what_the_model_writes(self, name: str) -> None:
        assert json.loads(event(name).model_dump_json()) == json.loads(text(name))

    def test_its_example_survives_the_wire(self, name: str) -> None:
        received = decode(record(name), event_types())
        assert received is not None
        assert received.event == event(name)

    def test_its_example_shows_no_real_domain(self, name: str) -> None:
        domains = {part.partition("@")[2] for part in text(name).replace('"', " ").split() if "@" in part}
        assert domains <= {"example.com", "example.org", "example.net"}


def test_examples_speak_persian_and_chinese() -> None:
    everything = "".join(map(text, TYPES))
    assert "فاکتور" in everything
    assert "发票" in everything


def test_the_example_of_a_setting_is_one() -> None:
    example = event("postroom.setting.changed.v1")
    assert isinstance(example, SettingChanged)
    assert faults(read_json(SCHEMAS / "settings" / f"{example.kind}.json"), example.value) == []
    assert SETTING_MODELS[example.kind].model_validate(example.value).model_dump(mode="json") == example.value


def test_a_made_up_event_is_not_one_of_postroom() -> None:
    class Noticed(MailSent, topic=Topic.SLA, type="postroom.made_up.v1"):
        """Somebody's test needed an event."""

    assert Noticed.type not in event_types()


def test_something_was_released() -> None:
    assert RELEASED


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.relative_to(SCHEMAS / "released").as_posix())
def test_what_was_released_still_holds(path: Path) -> None:
    current = SCHEMAS / Path(*path.relative_to(SCHEMAS / "released").parts[1:])
    assert current.exists(), "an event that was released stays; a new version goes beside it"
    assert breaks(read_json(path), read_json(current)) == []
