import pytest

from shadow_stats import holm


@pytest.mark.parametrize(
    ("pvalues", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.001, 0.2, 0.013, 0.02, 0.9, 0.02], [0.006, 0.4, 0.065, 0.08, 0.9, 0.08]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.03], [0.03]),
        ([], []),
    ],
)
def test_adjusted_values_are_those_of_statsmodels(pvalues: list[float], adjusted: list[float]) -> None:
    assert holm(pvalues).tolist() == pytest.approx(adjusted)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_named(bad: float) -> None:
    with pytest.raises(ValueError, match=r"pvalues\[1\] is"):
        holm([0.1, bad])


def test_p_values_are_one_dimensional() -> None:
    with pytest.raises(ValueError, match="one-dimensional"):
        holm([[0.1, 0.2]])
