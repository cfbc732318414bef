"""Secrets within settings: sealed before they are kept or stated, and never shown again."""

import contextlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from postroom_contracts.config import SETTING_MODELS, SettingKind
from postroom_plumbing.problems import Problem
from postroom_plumbing.sealing import Sealer

HIDDEN = "********"
"""What is shown in place of a secret; sent back, it keeps the secret as it is."""


def sealed_names(kind: SettingKind) -> Mapping[str, tuple[str, ...]]:
    """The fields of a kind that hold secrets, and of each those that say where and how it is sent."""
    names: Mapping[str, tuple[str, ...]] = getattr(SETTING_MODELS[kind], "SEALED", {})
    return names


def hidden(kind: SettingKind, value: Mapping[str, Any]) -> dict[str, Any]:
    """A setting as it may be shown."""
    secret = [name for name in sealed_names(kind) if value.get(name) is not None]
    return {**value, **dict.fromkeys(secret, HIDDEN)}


def sealed(
    kind: SettingKind, value: Mapping[str, Any], kept: Mapping[str, Any] | None, sealer: Sealer
) -> dict[str, Any]:
    """A setting as it may be kept: secrets sealed, those sent back as HIDDEN taken from `kept`, the setting before.

    What is no text, or half a character, is left for the setting's own check to refuse. A secret is kept only while
    it is sent where and how it was sent before: else who may change settings could have it sent to a server of theirs,
    or in the clear.

    Raises:
        Problem: 422 where there is no secret before to keep, it would go elsewhere, or a public key is none.
    """
    result = dict(value)
    missing = []
    for name, destination in sealed_names(kind).items():
        given = result.get(name)
        if given == HIDDEN:
            result[name] = kept.get(name) if kept is not None else None
            if result[name] is None:
                missing.append({"field": name, "reason": "there is no secret to keep; send the secret itself"})
            elif kept is not None and (moved := _changed(kind, destination, value, kept)):
                reason = f"it would be used with another {moved} than before; send the secret itself"
                missing.append({"field": name, "reason": reason})
        elif isinstance(given, str) and given:
            with contextlib.suppress(UnicodeEncodeError):
                result[name] = sealer.seal_text(given)
    if kind == "door" and value.get("kind") == "sendgrid" and value.get("secret") != HIDDEN and not _is_key(value):
        missing.append({"field": "secret", "reason": "this is no public key as SendGrid shows it (base64)"})
    if missing:
        raise Problem(422, "invalid", "not valid: " + ", ".join(one["field"] for one in missing), missing)
    return result


def _changed(kind: SettingKind, fields: Sequence[str], value: Mapping[str, Any], kept: Mapping[str, Any]) -> str | None:
    """The first of `fields` that is not as it was, None when all are; one that is left out has its default."""
    known = SETTING_MODELS[kind].model_fields
    return next((one for one in fields if value.get(one, known[one].default) != kept.get(one)), None)


def _is_key(door: Mapping[str, Any]) -> bool:
    """Whether a door's secret can be a public key: mail would be refused for a slip of the mouse."""
    try:
        key = load_der_public_key(b64decode(str(door.get("secret")), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, EllipticCurvePublicKey)
