import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from postroom_local import archives
from postroom_local.mail_files import Mail, Position, Skipped, Taken, bytes_under, find_mails, is_no_mail

MAIL = b"From: ana@example.com\nSubject: hello\n\nhello\n"
MBOX = (b"From - Mon Jan  5 10:00:00 2026\n" + MAIL + b"\n") * 2


def packed(files: dict[str, bytes]) -> bytes:
    """A zip of files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as into:
        for name, data in files.items():
            into.writestr(name, data)
    return content.getvalue()


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


def test_a_file_named_by_a_person_is_looked_at_all_the_same(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "letter": b"just words\n",
            "saved": b"From - Mon Jan  5 10:00:00 2026\n" + MAIL,
            "broken.eml": b"just words\n",
            "picture.png": b"\x89PNG\0\0",
            "a.docx": packed({"word/document.xml": b"<x/>"}),
        },
    )

    assert [is_no_mail(tmp_path / name) for name in ("letter", "picture.png")] == [True, True]
    assert [is_no_mail(tmp_path / name) for name in ("saved", "broken.eml")] == [False, False]
    assert is_no_mail(tmp_path / "a.docx")
    found = list(find_mails([tmp_path / "letter", tmp_path / "saved"]))
    assert [one.raw for one in found if isinstance(one, Mail)] == [MAIL]
    assert found[0] == Skipped(str(tmp_path / "letter"), "not mail", lost=True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "of Outlook's own form, not mail as it is sent: save it as .eml"),
        (b"7z\xbc\xaf\x27\x1c", "packed in a way not known here: unpack it"),
        (b"a.eml" + b"\0" * 252 + b"ustar\x0000", "packed in a way not known here: unpack it"),
    ],
    ids=["outlook", "7z", "tar"],
)
def test_mail_in_a_form_that_is_not_read_is_lost_and_named(tmp_path: Path, content: bytes, reason: str) -> None:
    write(tmp_path, {"in/x": content})
    assert list(find_mails([tmp_path / "in"])) == [Skipped(str(tmp_path / "in" / "x"), reason, lost=True)]


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


def test_of_a_zip_what_is_mail_in_it(tmp_path: Path) -> None:
    files = {
        "one.eml": MAIL,
        "boxes/all.mbox": MBOX,
        "Maildir/cur/1.host:2,S": MAIL,
        "Maildir/new/2.host": b"not a header\n",
        "Maildir/tmp/3.host": MAIL,
        "notes.txt": b"words\n",
        "__MACOSX/._one.eml": b"\0\5\x16\7",
        "._two.eml": b"\0\5\x16\7",
        "inner.zip": packed({"deep.eml": MAIL}),
    }
    write(tmp_path, {"all.zip": packed(files), "a.docx": packed({"x.eml": MAIL})})

    mails, skipped = find(tmp_path)

    assert mails == [
        "all.zip, one.eml",
        "all.zip, boxes/all.mbox, mail 1",
        "all.zip, boxes/all.mbox, mail 2",
        "all.zip, Maildir/cur/1.host:2,S",
        "all.zip, Maildir/new/2.host",
    ]
    assert skipped == {
        "a.docx": "not mail",
        "all.zip, notes.txt": "not mail",
        "all.zip, ._two.eml": "not mail",
        "all.zip, inner.zip": "not mail",
    }


def test_a_gzip_file_is_what_is_in_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.mbox.gz": gzip.compress(MBOX),
            "b.gz": gzip.compress(MAIL),
            "c.gz": gzip.compress(b"words\n"),
            "d.gz": gzip.compress(MBOX)[:-9],
        },
    )

    mails, skipped = find(tmp_path)

    assert mails == ["a.mbox.gz, mail 1", "a.mbox.gz, mail 2", "b.gz"]
    assert skipped.pop("d.gz").startswith("broken: ")
    assert skipped == {"c.gz": "not mail"}


def encrypted(content: bytes) -> bytes:
    """A zip with its files marked as encrypted."""
    return content.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0")


def test_a_zip_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    whole = packed({f"{number}.eml": MAIL for number in range(3)})
    write(
        tmp_path,
        {
            "broken.zip": whole[:-30],
            "encrypted.zip": encrypted(whole),
            "empty.zip": packed({}),
            "torn.zip": whole.replace(b"hello", b"HELLO").replace(whole[40:50], b"?" * 10, 1),
        },
    )

    found = list(find_mails([tmp_path / "broken.zip", tmp_path / "encrypted.zip", tmp_path / "empty.zip"]))

    assert [one.reason for one in found if isinstance(one, Skipped) and one.lost] == [
        "broken: it is cut off",
        "encrypted: 3 files in it, unpack it with its password",
    ]
    mails, skipped = find(tmp_path / "torn.zip")
    assert len(mails) == 2
    assert [reason.partition(":")[0] for reason in skipped.values()] == ["broken"]


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_a_bomb_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(archives, "_FREE_BYTES", 1_000_000)
    zeros = b"From - Mon Jan  5 10:00:00 2026\nSubject: x\n\n" + b"0" * 5_000_000
    content = packed({"a.mbox": zeros, "b.mbox": zeros}) if kind == "zip" else gzip.compress(zeros)
    write(tmp_path, {f"in/bomb.{kind}": content})

    assert list(find_mails([tmp_path / "in"])) == [
        Skipped(str(tmp_path / "in" / f"bomb.{kind}"), "too large when unpacked: it may be meant to do harm", lost=True)
    ]


def test_a_zip_of_too_many_files_is_not_even_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"in/many.zip": packed({f"{number}.eml": MAIL for number in range(20)})})
    reason = f"holds more than {archives.MOST_ENTRIES} files: unpack it first"
    monkeypatch.setattr(archives, "MOST_ENTRIES", 19)
    assert find(tmp_path / "in")[1] == {"many.zip": reason}
    monkeypatch.setattr(archives, "_DIRECTORY_BYTES", 100)
    monkeypatch.setattr(zipfile.ZipFile, "infolist", None)
    assert find(tmp_path / "in")[1] == {"many.zip": reason}


@pytest.mark.parametrize("known", range(8))
def test_what_is_known_is_passed_over(tmp_path: Path, known: int) -> None:
    write(
        tmp_path,
        {
            "a.eml": MAIL,
            "b.mbox": MBOX,
            "c.mbox.gz": gzip.compress(MBOX),
            "d.zip": packed({"1.eml": MAIL, "2.mbox": MBOX}),
        },
    )
    mails = [one for one in find_mails([tmp_path]) if isinstance(one, Mail)]
    assert len(mails) == 8
    far: dict[bytes, Position] = {one.place: one.position for one in mails[:known]}

    rest = list(find_mails([tmp_path], far.get))

    assert [one for one in rest if isinstance(one, Mail)] == mails[known:]
    assert len([one for one in rest if isinstance(one, Taken)]) == len(far)
    assert not [one for one in rest if isinstance(one, Skipped)]
    passed = [one.passed for one in rest if not isinstance(one, Skipped)]
    assert passed == sorted(passed)
    assert passed[-1] <= bytes_under(tmp_path) == sum(bytes_under(file) for file in tmp_path.iterdir())
