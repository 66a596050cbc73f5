"""HTTP headers from a Secret, for a Prometheus that asks who is there. Nothing prints their values."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shadow_operator.core.address import is_below

# Whoever may write a rollout could else have a Secret that they may not read sent to an address of their own.
ADDRESS_ANNOTATION = "shadowrollouts.io/prometheus"
# RFC 9110, 5.1 and 5.5: a token, and visible characters with blanks and tabs between them.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]{0,8190}[\x21-\x7e\x80-\xff])?")
# What a request is made of is the operator's: another Host would lead past the addresses that it may ask.
_ITS_OWN = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_MOST = 20
_SHORTEST_SECRET = 4


class HeadersError(ValueError):
    """The Secret can't be used. The message is a sentence that names it, and nothing that is in it but the names."""


@dataclass(frozen=True, slots=True)
class Headers:
    """What is sent with each query; `values` are secret, and in no text that is made of this."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def redacted(self, text: str) -> str:
        """The text without any of the values, or of the words in them that are long enough to be a secret."""
        words = {word for value in self.values.values() for word in (value, *value.split(), _password(value))}
        # An answer may be JSON, and the library shows its bytes as Python writes them.
        words |= {json.dumps(word)[1:-1] for word in words}
        words |= {repr(word)[1:-1] for word in words}
        for word in sorted(words, key=len, reverse=True):
            if len(word) >= _SHORTEST_SECRET:
                text = text.replace(word, "***")
        return text


def headers_of(secret: Mapping[str, Any], address: str) -> Headers:
    """The headers in a Secret, for this address.

    Args:
        secret: as the API server returns it; each key of `data` is the name of a header.
        address: where they are to be sent.

    Raises:
        HeadersError: it is not meant for that address, or what it holds is no header.

    """
    metadata = secret["metadata"]
    which = f"Secret {metadata['namespace']}/{metadata['name']}"
    meant = metadata.get("annotations", {}).get(ADDRESS_ANNOTATION, "")
    if not meant or not is_below(address, meant):
        raise HeadersError(
            f'{which} is not meant for {address}: its annotation {ADDRESS_ANNOTATION} is "{meant[:200]}", and has to '
            "name that address or one above it"
        )
    data = secret.get("data") or {}
    if not 0 < len(data) <= _MOST:
        raise HeadersError(f"{which} has {len(data)} keys: each is the name of a header, 1 to {_MOST} of them")
    found = {name: _value(which, name, text) for name, text in data.items()}
    if len({name.lower() for name in found}) < len(found):
        raise HeadersError(f"{which} has a header twice, in capital and in small letters: remove one of them")
    return Headers(found)


def _value(which: str, name: str, text: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise HeadersError(f'{which} has the key "{name[:100]}", which is no name of a header, as Authorization is one')
    if name.lower() in _ITS_OWN:
        raise HeadersError(f"{which} has the key {name}, a header that the operator sets itself: remove it")
    try:
        value = base64.b64decode(text, validate=True).decode("latin-1")
    except binascii.Error as error:
        raise HeadersError(f"{which}: the value of {name} is not base64") from error
    # Many files end with a line feed, and no header does.
    value = value.removesuffix("\n").removesuffix("\r")
    if _VALUE.fullmatch(value) is None:
        raise HeadersError(
            f"{which}: the value of {name} is empty, too long, or holds a character that no header may have"
        )
    return value


def _password(value: str) -> str:
    """The password in a header of Basic authentication; empty in any other one."""
    scheme, _, encoded = value.partition(" ")
    try:
        return base64.b64decode(encoded).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except ValueError:
        return ""
