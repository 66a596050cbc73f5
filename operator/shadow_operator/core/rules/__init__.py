"""The rules of the state machine, a file for each part of the way; each takes a pass and gives the next one."""

from shadow_operator.core.rules.blindness import notice_blindness
from shadow_operator.core.rules.canary import (
    hold_or_resume,
    start_canary,
    start_step_clock,
    step,
    step_back_without_evidence,
)
from shadow_operator.core.rules.commands import hear_command, hear_reset, hear_take_back
from shadow_operator.core.rules.datasets import tell_of_datasets
from shadow_operator.core.rules.kill_switch import record_stop
from shadow_operator.core.rules.one_pass import Pass, Rule
from shadow_operator.core.rules.production import notice_second_production
from shadow_operator.core.rules.rollback import record_rollback
from shadow_operator.core.rules.shadow import ask_for_review, reject, start_shadows
from shadow_operator.core.rules.standstill import advances
from shadow_operator.core.rules.terms import fix_terms
from shadow_operator.core.rules.watch import watch_champion

__all__ = ["RULES", "Pass", "Rule", "hear_reset", "hear_take_back", "hold_or_resume", "record_rollback", "record_stop"]

# The order is a rule itself: what lowers risk comes first, and nothing advances in the pass that saw it break.
RULES: tuple[Rule, ...] = (
    notice_blindness,
    tell_of_datasets,
    notice_second_production,
    record_rollback,
    record_stop,
    start_shadows,
    fix_terms,
    hold_or_resume,
    start_step_clock,
    reject,
    ask_for_review,
    step_back_without_evidence,
    hear_command,
    advances(step),
    advances(start_canary),
    watch_champion,
)
