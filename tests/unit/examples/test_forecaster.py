import pytest

from examples.models.shadow_models.bars import load_market
from examples.models.shadow_models.forecaster import Forecast, Forecaster

MARKET = load_market()


def hits(forecaster: Forecaster, replay: int = 0) -> list[bool]:
    outcomes = []
    for symbol, bars in MARKET.items():
        for bar in range(bars.predictable):
            result = forecaster.forecast(symbol, bar, replay).position * bars.next_return(bar)
            if result != 0.0:
                outcomes.append(result > 0.0)
    return outcomes


@pytest.mark.parametrize("skill", [0.5, 0.52, 0.6, 0.72])
def test_the_share_of_hits_is_the_declared_skill(skill: float) -> None:
    outcomes = hits(Forecaster(MARKET, skill=skill, seed=3))
    four_sigma = 4.0 * (skill * (1.0 - skill) / len(outcomes)) ** 0.5
    assert sum(outcomes) / len(outcomes) == pytest.approx(skill, abs=four_sigma)


def test_equal_skill_with_another_seed_is_another_model_of_the_same_skill() -> None:
    one, other = Forecaster(MARKET, skill=0.6, seed=1), Forecaster(MARKET, skill=0.6, seed=2)
    positions = [
        (one.forecast("sp500", bar, 0).position, other.forecast("sp500", bar, 0).position) for bar in range(50)
    ]
    assert all(a != b for a, b in positions)


def test_forecasts_are_deterministic_and_differ_between_passes() -> None:
    first, again = (Forecaster(MARKET, skill=0.55, seed=9) for _ in range(2))
    assert first.forecast("nasdaq", 17, 4) == again.forecast("nasdaq", 17, 4)
    assert first.forecast("nasdaq", 17, 4) != first.forecast("nasdaq", 17, 5)


def test_confidence_is_honest() -> None:
    forecaster = Forecaster(MARKET, skill=0.62, seed=5)
    sure: list[bool] = []
    for bar in range(MARKET["sp500"].predictable):
        forecast = forecaster.forecast("sp500", bar, 0)
        if forecast.confidence > 0.7:
            sure.append(forecast.position * MARKET["sp500"].next_return(bar) > 0.0)
    assert len(sure) > 400
    assert 0.68 < sum(sure) / len(sure) < 0.82


def test_positions_and_confidence_stay_in_range() -> None:
    forecaster = Forecaster(MARKET, skill=0.9, seed=5)
    forecasts = [forecaster.forecast("nasdaq", bar, 0) for bar in range(MARKET["nasdaq"].predictable)]
    assert all(-1.0 <= forecast.position <= 1.0 for forecast in forecasts)
    assert all(0.5 <= forecast.confidence <= 1.0 for forecast in forecasts)


@pytest.mark.parametrize(("position", "action"), [(0.3, "buy"), (-0.3, "sell"), (0.0, "hold")])
def test_the_action_names_the_position(position: float, action: str) -> None:
    assert Forecast(position=position, confidence=0.6).action == action


@pytest.mark.parametrize("skill", [0.49, 1.0])
def test_a_skill_that_is_none_is_refused(skill: float) -> None:
    with pytest.raises(ValueError, match=r"it must be a share of hits from 0\.5 to below 1"):
        Forecaster(MARKET, skill=skill, seed=0)


@pytest.mark.parametrize(
    ("symbol", "bar", "sentence"), [("dax", 0, "symbol is 'dax'"), ("sp500", 5030, "bars 0 to 5029")]
)
def test_questions_off_the_tape_are_refused(symbol: str, bar: int, sentence: str) -> None:
    with pytest.raises(LookupError, match=sentence):
        Forecaster(MARKET, skill=0.52, seed=0).forecast(symbol, bar, 0)
