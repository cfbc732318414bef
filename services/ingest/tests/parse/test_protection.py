"""Signed and encrypted mail is known as such, and a signature hides no text."""

import base64

import pytest

from postroom_ingest.parse import parse, read_head
from postroom_ingest.parse.protection import Protection, protection
from postroom_ingest.parse.structure import read_structure

SIGNED_DATA = bytes.fromhex("3080") + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80"
ENVELOPED = bytes.fromhex("3080") + bytes.fromhex("06092a864886f70d010703") + b"\xa0\x80"
ARMOUR = "-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----"
CLEAR = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhi\n-----BEGIN PGP SIGNATURE-----\n\nx"


def judged(text: str) -> Protection | None:
    raw = text.encode()
    return protection(read_structure(raw, read_head(raw), []), raw)


def container(kind: str, *parts: str) -> str:
    return f"Content-Type: {kind}; boundary=b\n\n" + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"


def smime(kind: str, content: bytes) -> str:
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n{base64.b64encode(content).decode()}\n"


TEXT = "Content-Type: text/plain\n\nhello"
PGP_SIGNATURE = "Content-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----"
SMIME_SIGNATURE = "Content-Type: application/pkcs7-signature; name=smime.p7s\n\nMIIB"
PGP_VERSION = "Content-Type: application/pgp-encrypted\n\nVersion: 1"
SIGNED = container('multipart/signed; protocol="application/pgp-signature"', TEXT, PGP_SIGNATURE)
ENCRYPTED = container(
    'multipart/encrypted; protocol="application/pgp-encrypted"',
    PGP_VERSION,
    f"Content-Type: application/octet-stream\n\n{ARMOUR}",
)
INNER = ENCRYPTED.replace("boundary=b", "boundary=c").replace("--b", "--c")
CASES: dict[str, tuple[str, Protection | None]] = {
    "PGP signed": (SIGNED, "pgp-signed"),
    "PGP signed, protocol lost": (container("multipart/signed", TEXT, PGP_SIGNATURE), "pgp-signed"),
    "PGP signed, on a list with a footer": (
        f"Content-Type: multipart/mixed; boundary=a\n\n--a\n{SIGNED}\n--a\n\nfooter\n--a--\n",
        "pgp-signed",
    ),
    "PGP encrypted": (ENCRYPTED, "pgp-encrypted"),
    "PGP encrypted, mangled by a server": (
        container(
            "multipart/mixed",
            "Content-Type: text/plain\n\n",
            PGP_VERSION,
            "Content-Type: application/octet-stream\n\nx",
        ),
        "pgp-encrypted",
    ),
    "PGP inline": (f"Content-Type: text/plain\n\nhello\n{ARMOUR}\n", "pgp-encrypted"),
    "PGP inline in base64": (
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(ARMOUR.encode()).decode()}\n",
        "pgp-encrypted",
    ),
    "PGP inline signed": (f"Subject: x\n\n{CLEAR}\n", "pgp-signed"),
    "PGP quoted": ("Subject: x\n\n> -----BEGIN PGP MESSAGE-----\n> x\n", None),
    "PGP key": ("Subject: x\n\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nx\n", None),
    "PGP in a mail passed on": (
        container("multipart/mixed", TEXT, f"Content-Type: message/rfc822\n\n{INNER}"),
        None,
    ),
    "S/MIME signed": (
        container("multipart/signed; protocol=application/x-pkcs7-signature", TEXT, SMIME_SIGNATURE),
        "smime-signed",
    ),
    "S/MIME opaque": (smime("application/pkcs7-mime; smime-type=signed-data", b"x"), "smime-signed"),
    "S/MIME encrypted": (smime("application/x-pkcs7-mime; smime-type=Enveloped-Data", b"x"), "smime-encrypted"),
    "S/MIME authenticated": (smime("application/pkcs7-mime; smime-type=authEnveloped-data", b"x"), "smime-encrypted"),
    "S/MIME that does not say, signed": (smime("application/pkcs7-mime; name=smime.p7m", SIGNED_DATA), "smime-signed"),
    "S/MIME that does not say, encrypted": (smime("application/pkcs7-mime", ENVELOPED), "smime-encrypted"),
    "S/MIME as a mere file": (smime("application/octet-stream; name=smime.p7m", ENVELOPED), "smime-encrypted"),
    "encryption counts before a signature": (
        container("multipart/signed; protocol=application/pgp-signature", INNER),
        "pgp-encrypted",
    ),
    "plain": (TEXT, None),
    "a signed contract": (
        container("multipart/mixed", TEXT, "Content-Type: application/pdf; name=signed.pdf\n\nx"),
        None,
    ),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES.keys())
def test_protection(text: str, wanted: Protection | None) -> None:
    assert judged(text) == wanted


@pytest.mark.parametrize("name", ["PGP signed", "PGP signed, on a list with a footer", "S/MIME signed"])
def test_a_detached_signature_hides_no_text(name: str) -> None:
    assert "hello" in parse(CASES[name][0].encode()).text


def test_a_mail_that_is_cut_short_is_still_judged() -> None:
    for end in range(0, len(SIGNED), 7):
        judged(SIGNED[:end])
