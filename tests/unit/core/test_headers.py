"""Headers from a Secret: for the address that it is meant for, and in no text."""

import base64
import json
from typing import Any

import pytest

from shadow_operator.core.headers import ADDRESS_ANNOTATION, Headers, HeadersError, headers_of

_ADDRESS = "https://prometheus.monitoring:9090/team-a"
_TOKEN = "Bearer hunter2"  # noqa: S105 - made up


def secret(meant: str | None = _ADDRESS, **data: str) -> dict[str, Any]:
    annotations = {} if meant is None else {ADDRESS_ANNOTATION: meant}
    encoded = {name.replace("_", "-"): base64.b64encode(value.encode()).decode() for name, value in data.items()}
    return {"metadata": {"namespace": "trading", "name": "prom", "annotations": annotations}, "data": encoded}


@pytest.mark.parametrize("meant", [_ADDRESS, "https://prometheus.monitoring:9090", f"{_ADDRESS}/"])
def test_each_key_is_a_header_for_the_address_that_the_secret_names(meant: str) -> None:
    found = headers_of(secret(meant, Authorization=_TOKEN, X_Scope_OrgID="team-a\n"), _ADDRESS)
    assert found.values == {"Authorization": _TOKEN, "X-Scope-OrgID": "team-a"}


@pytest.mark.parametrize(
    "meant", [None, "", "https://prometheus.monitoring:9090/team", "http://prometheus.monitoring:9090", "https://evil"]
)
def test_a_secret_is_sent_to_no_address_that_it_does_not_name(meant: str | None) -> None:
    with pytest.raises(HeadersError, match=rf"Secret trading/prom is not meant for {_ADDRESS}"):
        headers_of(secret(meant, Authorization=_TOKEN), _ADDRESS)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (secret(), "has 0 keys"),
        (secret(**{f"X{number}": "1" for number in range(21)}), "has 21 keys"),
        (secret(Authorization=""), "the value of Authorization is empty"),
        (secret(Authorization="hunter2\r\nX-Other: 1"), "holds a character that no header may have"),
        (secret(Authorization="hunter2" * 2000), "too long"),
        (secret(**{"two words": "hunter2"}), "no name of a header"),
        (secret(Host="hunter2"), "the key Host, a header that the operator sets itself"),
        (secret(transfer_encoding="hunter2"), "the key transfer-encoding, a header that the operator sets itself"),
        (secret(X_Key="hunter2", x_key="hunter2"), "a header twice"),
        ({**secret(), "data": {"Authorization": "hunter2!"}}, "is not base64"),
    ],
)
def test_what_is_no_header_is_refused_without_its_value(found: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HeadersError, match=sentence) as caught:
        headers_of(found, _ADDRESS)
    assert "hunter2" not in str(caught.value)


def test_no_text_that_is_made_of_headers_holds_a_value() -> None:
    headers = Headers({"Authorization": _TOKEN})
    assert "hunter2" not in f"{headers} {headers!r} {[headers]}"


def test_a_text_that_repeats_a_value_is_shown_without_it() -> None:
    headers = Headers({"Authorization": _TOKEN, "X-Scope-OrgID": "1"})
    assert headers.redacted("who is Bearer hunter2, or hunter2, in 10 lines?") == "who is ***, or ***, in 10 lines?"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (f"Basic {base64.b64encode(b'team:hunter2').decode()}", "team may not log in with hunter2"),
        ('Token "hunter2"', json.dumps({"error": 'who is "hunter2"'})),
        ('Token a"hunter2', repr(json.dumps({"error": 'who is a"hunter2'}).encode())),
    ],
)
def test_a_value_is_found_in_other_letters_as_well(value: str, said: str) -> None:
    assert "hunter2" not in Headers({"Authorization": value}).redacted(said)
