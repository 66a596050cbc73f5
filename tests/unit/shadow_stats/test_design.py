import json

import numpy as np
import pytest

from shadow_stats import Correction, Dependence, Design, Guarantee, Sides


@pytest.mark.parametrize("alpha", [0.0, 0.5, -0.1, float("nan")])
def test_alpha_lies_above_zero_and_below_one_half(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha is .* below 0\.5"):
        Design(alpha, 1000)


def test_a_plan_shorter_than_the_burn_in_is_refused() -> None:
    with pytest.raises(ValueError, match="planned_samples is 99: it must be at least 100"):
        Design(0.05, 99)


@pytest.mark.parametrize(
    ("name", "value"), [("minimum_samples", 99), ("minimum_nonzero", 59), ("comparisons", 0), ("look_every", 0)]
)
def test_the_burn_in_can_be_raised_and_never_lowered(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        Design(0.05, 1000, **{name: value})  # type: ignore[arg-type] # the name is the parameter


@pytest.mark.parametrize("count", [1000.0, True, "1000"])
def test_counts_are_whole_numbers(count: object) -> None:
    with pytest.raises(TypeError, match=r"planned_samples is .* whole number"):
        Design(0.05, count)  # type: ignore[arg-type] # that is what is tested


@pytest.mark.parametrize("margin", [-1.0, float("inf"), float("nan")])
def test_a_margin_is_finite_and_not_negative(margin: float) -> None:
    with pytest.raises(ValueError, match="margin is"):
        Design(0.05, 1000, margin=margin)


def test_an_unknown_guarantee_is_refused() -> None:
    with pytest.raises(ValueError, match="Certain"):
        Design(0.05, 1000, guarantee="Certain")  # type: ignore[arg-type] # that is what is tested


def test_comparisons_share_the_error_budget() -> None:
    assert Design(0.05, 1000, comparisons=20).level == pytest.approx(0.0025)


def test_a_design_survives_json() -> None:
    design = Design(
        0.05,
        16_000,
        Guarantee.BOUNDED,
        bound=2.5,
        comparisons=3,
        margin=0.1,
        minimum_effect=0.01,
        sides=Sides.GREATER,
        correction=Correction.E_BENJAMINI_HOCHBERG,
        dependence=Dependence.REGIMES,
        session_samples=390,
        look_every=5,
        minimum_nonzero=80,
    )
    assert Design.from_json(json.loads(json.dumps(design.to_json()))) == design


@pytest.mark.parametrize("bound", [None, 0.0, -1.0, float("inf"), float("nan")])
def test_the_bounded_guarantee_needs_a_bound(bound: float | None) -> None:
    with pytest.raises(ValueError, match=r"bound is .* needs the largest size of one difference"):
        Design(0.05, 1000, Guarantee.BOUNDED, bound=bound)


def test_a_bound_that_nothing_rests_on_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bound is 2\.0: it belongs to guarantee Bounded only"):
        Design(0.05, 1000, bound=2.0)


@pytest.mark.parametrize("minimum_effect", [-1.0, float("inf"), float("nan")])
def test_a_minimum_effect_is_finite_and_not_negative(minimum_effect: float) -> None:
    with pytest.raises(ValueError, match="minimum_effect is"):
        Design(0.05, 1000, minimum_effect=minimum_effect)


@pytest.mark.parametrize(("sides", "level"), [(Sides.TWO_SIDED, 0.0125), (Sides.GREATER, 0.025)])
def test_one_direction_spends_half_of_the_level_unless_it_is_the_only_one(sides: Sides, level: float) -> None:
    assert Design(0.05, 1000, comparisons=2, sides=sides).side_level == pytest.approx(level)


def test_a_plan_holds_the_sessions_before_the_first_look() -> None:
    with pytest.raises(ValueError, match="planned_samples is 3999: it must be at least 4000"):
        Design(0.05, 3999, dependence=Dependence.REGIMES, session_samples=100)
    assert Design(0.05, 4000, dependence=Dependence.REGIMES, session_samples=100).burn_in == 4000


def test_sessions_belong_to_regimes() -> None:
    with pytest.raises(ValueError, match="session_samples is 100: it belongs to dependence Regimes only"):
        Design(0.05, 4000, session_samples=100)


def test_a_plan_holds_one_look() -> None:
    with pytest.raises(ValueError, match="planned_samples is 1000: it must be at least 1001"):
        Design(0.05, 1000, look_every=1001)


def test_a_count_of_numpy_is_a_count() -> None:
    design = Design(0.05, np.int64(1000))  # type: ignore[arg-type] # that is what is tested
    assert json.dumps(design.to_json()) == json.dumps(Design(0.05, 1000).to_json())
