import pytest

from shadow_operator.api.metrics import PrometheusAddress, Query
from shadow_operator.api.model import Image, ModelName
from shadow_operator.api.quantities import Amount, CheckedText, Duration, ErrorRate, Percent, PositiveDuration, Ratio
from shadow_operator.api.rollout import RolloutName
from shadow_operator.api.traffic import Hostname


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("14d", 1_209_600),
        ("500ms", 0.5),
        ("1d1h1m1s1ms", 90_061.001),
        ("0s", 0),
        ("1m1m", 120),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, seconds: float) -> None:
    assert Duration(text).seconds == pytest.approx(seconds)
    assert Duration(text).timedelta.total_seconds() == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Percent, "5%", 0.05),
        (Percent, "0.5%", 0.005),
        (Percent, "100.0%", 1.0),
        (Percent, "0%", 0.0),
        (ErrorRate, "0.001%", 0.00001),
        (Ratio, "150%", 1.5),
        (Ratio, "0%", 0.0),
    ],
)
def test_a_share_is_a_fraction(kind: type[Percent | Ratio], text: str, value: float) -> None:
    assert kind(text).fraction == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"), [("100000", 1e5), ("2500.50", 2500.5), ("0.5", 0.5), ("007", 7), (".5", 0.5)]
)
def test_an_amount_is_a_decimal(text: str, value: float) -> None:
    assert Amount(text).value == value


def test_a_quantity_stays_the_text_that_was_written() -> None:
    assert Duration("060s") == "060s"
    assert f"{Percent('5.0%')}" == "5.0%"


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (Duration, ["", "1", "s", "1w", "1.5h", "-1s", "1 s", "1s ", "1234567s", "1s" * 17]),
        (PositiveDuration, ["0s", "0d0h", "000ms", "1"]),
        (Percent, ["5", "101%", "-1%", "5 %", "%", "0.00001%", "1e1%", "100.1%"]),
        (ErrorRate, ["0%", "0.0%", "00%", "0.0000%", "50.1%", "51%", "99%", "100%"]),
        (Ratio, ["0.9", "-1%", "%", "123456%"]),
        (Amount, ["0", "0.0", "-5", "1e5", "100k", "1,000", "", "5."]),
        (ModelName, ["", "A", "a_b", "-a", "a-", "a.b", "champion", "policy", "evidence", "a" * 41]),
        (RolloutName, ["", "7days", "a.b", "a-", "A", "a" * 55]),
        (Image, ["", "a b", "a\tb"]),
        (Hostname, ["", "a:80", "http://a", "A.b", "*", "a..b", "-a.b"]),
        (PrometheusAddress, ["", "prometheus:9090", "ftp://a", "http://", "http:///a", "http://a b"]),
        (Query, ["", "up", "{{ model }}", "{{modl}}"]),
    ],
)
def test_a_wrong_text_is_refused_with_what_was_found_and_what_would_be_accepted(
    kind: type[CheckedText], texts: list[str]
) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=r"^\".*\" (is not|does not) .*: write ") as refusal:
            kind(text)
        assert str(refusal.value).startswith(f'"{text}" ')


@pytest.mark.parametrize(
    "text",
    ["0.5%", "1%", "5%", "05%", "9.9999%", "10%", "20.5%", "40%", "49.9999%", "50%", "50.0%", "0.0001%", "00.1%"],
)
def test_every_error_rate_up_to_a_half_is_accepted(text: str) -> None:
    assert 0 < ErrorRate(text).fraction <= 0.5
