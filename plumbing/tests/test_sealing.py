"""What is sealed opens again for the same purpose and place, with the same secret or a later one, and only then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from postroom_plumbing.sealing import Sealer, SealError
from postroom_plumbing.settings import ServiceSettings

OLD, NEW = "the secret of last year", "the secret of this year"


def sealer(secret: str = OLD, purpose: str = "raw", previous: tuple[str, ...] = ()) -> Sealer:
    kept = tuple(SecretStr(one) for one in previous)
    return Sealer(ServiceSettings(http_port=1, secret=SecretStr(secret), previous_secrets=kept), purpose)


@given(data=st.binary(), place=st.text())
def test_what_is_sealed_opens_again(data: bytes, place: str) -> None:
    sealed = sealer().seal(data, place)
    assert sealer().open(sealed, place) == data
    if len(data) > 3:
        assert data not in sealed


@given(st.text())
def test_text_too(text: str) -> None:
    sealed = sealer().seal_text(text)
    assert sealed.startswith("sealed:")
    assert sealer().open_text(sealed) == text


def test_another_purpose_place_or_secret_does_not_open_it() -> None:
    sealed = sealer().seal(b"secret", "a")
    for other, place in ((sealer(purpose="setting"), "a"), (sealer(), "b"), (sealer(NEW), "a")):
        with pytest.raises(SealError):
            other.open(sealed, place)


@given(st.integers(min_value=0, max_value=200))
def test_a_changed_byte_is_found(position: int) -> None:
    sealed = bytearray(sealer().seal(b"a secret of some length, so that there are many bytes to change"))
    sealed[position % len(sealed)] ^= 1
    with pytest.raises(SealError):
        sealer().open(bytes(sealed))


def test_a_former_secret_still_opens_what_it_sealed() -> None:
    after = sealer(NEW, previous=(OLD,))
    assert after.open(sealer().seal(b"old")) == b"old"
    with pytest.raises(SealError):
        sealer(OLD).open(after.seal(b"new"))


@pytest.mark.parametrize("text", ["", "sealed:", "sealed:!!", "sealed:AAAA", "plain"])
def test_what_is_no_seal_is_refused(text: str) -> None:
    with pytest.raises(SealError):
        sealer().open_text(text)
