"""One model: forecast, ruling of the policy, and the flaw that shows only once it acts."""

from .forecaster import Forecaster
from .messages import Answer, LoggedPrediction, Question
from .model_settings import ModelSettings
from .policy_file import PolicyFile


class Model:
    """Answers questions. The policy in force at that moment decides whether an answer is acted on."""

    def __init__(self, settings: ModelSettings, forecaster: Forecaster, policy: PolicyFile) -> None:
        self._settings = settings
        self._forecaster = forecaster
        self._policy = policy
        self.acted = 0
        """How many of its predictions were acted on."""

    @property
    def broken(self) -> bool:
        """Whether it acted long enough to break."""
        limit = self._settings.breaks_after_acted
        return limit is not None and self.acted >= limit

    def answer(self, question: Question) -> Answer:
        """Predict the bar after the one in question."""
        forecast = self._forecaster.forecast(question.symbol, question.bar, question.replay)
        if self.broken:
            forecast = forecast.inverted()
        ruling = self._policy.ruling(self._settings.model, forecast.confidence)
        self.acted += ruling.acted
        return Answer(
            model=self._settings.model,
            action=forecast.action,
            position=forecast.position,
            confidence=ruling.confidence,
            acted=ruling.acted,
        )

    def log_entry(self, question: Question, answer: Answer) -> LoggedPrediction:
        """Say what the scorer is told about an answer."""
        return LoggedPrediction(
            id=question.id,
            rollout=self._settings.rollout,
            model=answer.model,
            symbol=question.symbol,
            bar=question.bar,
            replay=question.replay,
            position=answer.position,
            confidence=answer.confidence,
            shadow=not answer.acted,
        )
