"""What the operator makes of its environment."""

import pytest

from shadow_operator.settings import Settings


def test_nothing_has_to_be_set() -> None:
    assert Settings.from_environment({}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("GUARD_SECONDS", "0.2", 'the environment variable GUARD_SECONDS is "0.2": write a number of at least 0.25'),
        ("GUARD_SECONDS", "fast", 'the environment variable GUARD_SECONDS is "fast": write a number above 0'),
        ("QUERY_SECONDS", "-1", 'the environment variable QUERY_SECONDS is "-1": write a number above 0'),
        ("QUERY_SECONDS", "nan", 'the environment variable QUERY_SECONDS is "nan": write a number above 0'),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(name: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="environment variable") as refused:
        Settings.from_environment({name: text})
    assert str(refused.value) == sentence


def test_the_guard_may_look_four_times_a_second() -> None:
    assert Settings.from_environment({"GUARD_SECONDS": "0.25"}).guard_seconds == 0.25
