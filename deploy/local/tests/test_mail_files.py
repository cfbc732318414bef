import os
from pathlib import Path

import pytest

from postroom_local.mail_files import Mail, Skipped, find_mails

MAIL = b"From: ana@example.com\nSubject: hello\n\nhello\n"
MBOX = (b"From - Mon Jan  5 10:00:00 2026\n" + MAIL + b"\n") * 2


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def find(*paths: Path) -> tuple[list[str], dict[str, str]]:
    """Where mails were found, and what was skipped why, by names within tmp_path."""
    found = list(find_mails(paths))
    root = paths[0]
    mails = [one.where.removeprefix(f"{root}/") for one in found if isinstance(one, Mail)]
    return mails, {one.where.removeprefix(f"{root}/"): one.reason for one in found if isinstance(one, Skipped)}


def test_a_folder_of_everything(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a/one.eml": MAIL,
            "a/broken.eml": b"no header at all\n",
            "b.mbox": MBOX,
            "c/17": b"\nReceived: from x\n\n",
            "d/notes.txt": b"Dear diary,\nSubject: matters\n\n",
            "d/picture.png": b"\x89PNG\0\0",
            "d/empty.eml": b"",
            "d/late.txt": b"hello\n\nSubject: too late\n",
        },
    )

    mails, skipped = find(tmp_path)

    assert mails == ["a/broken.eml", "a/one.eml", "b.mbox, mail 1", "b.mbox, mail 2", "c/17", "d/notes.txt"]
    assert skipped == {"d/empty.eml": "empty", "d/late.txt": "not mail", "d/picture.png": "not mail"}


def test_of_a_maildir_its_mails_and_folders_and_nothing_else(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "cur/1.host:2,S": MAIL,
            "new/2.host": b"not a header\n",
            "tmp/3.host": MAIL,
            "dovecot-uidlist": b"3 V1",
            ".Sent/cur/4.host:2,S": MAIL,
            ".Sent/new/5.host": MAIL,
            ".Sent/maildirfolder": b"",
        },
    )

    mails, skipped = find(tmp_path)

    assert mails == [".Sent/cur/4.host:2,S", ".Sent/new/5.host", "cur/1.host:2,S", "new/2.host"]
    assert skipped == {}


def test_a_file_named_by_a_person_is_mail_whatever_is_in_it(tmp_path: Path) -> None:
    write(tmp_path, {"letter": b"just words\n", "saved": b"From - Mon Jan  5 10:00:00 2026\n" + MAIL})

    found = list(find_mails([tmp_path / "letter", tmp_path / "saved"]))

    assert [one.raw for one in found if isinstance(one, Mail)] == [b"just words\n", MAIL]


def test_links_to_folders_are_not_followed_and_pipes_not_opened(tmp_path: Path) -> None:
    write(tmp_path, {"in/one.eml": MAIL})
    (tmp_path / "in" / "again").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "in" / "pipe")

    mails, skipped = find(tmp_path)

    assert mails == ["in/one.eml"]
    assert skipped == {"in/again": "a link to a folder", "in/pipe": "not a file"}


def test_what_cannot_be_read_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"one.eml": MAIL})

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)

    assert list(find_mails([tmp_path])) == [
        Skipped(str(tmp_path / "one.eml"), "cannot be read: Permission denied", lost=True)
    ]
