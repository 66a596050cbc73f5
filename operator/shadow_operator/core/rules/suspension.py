"""While a rollout is suspended nothing advances; whatever lowers a risk goes on."""

from functools import wraps

from shadow_operator.core.rules.one_pass import Pass, Rule


def unless_suspended(rule: Rule) -> Rule:
    """The rule, for rollouts that are not suspended; only for rules that advance somebody."""

    @wraps(rule)
    def guarded(run: Pass) -> Pass:
        return run if run.spec.suspend else rule(run)

    return guarded
