"""The lifecycle stage of registered models, which follows from the rollouts that name them. Pure.

A rollout holds the ModelVersions that it moved. One that several rollouts name is held by the one in which it stands
highest, and a strategy has one Production model at most, whoever names it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from shadow_operator.api.model_version import ModelStage, ModelVersion
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Stage, Status
from shadow_operator.core import roles

_OF_CHALLENGER: Mapping[Stage, ModelStage] = {
    Stage.PENDING: ModelStage.SHADOW,
    Stage.SHADOW: ModelStage.SHADOW,
    Stage.CANARY: ModelStage.CANARY,
    # The champion is Production whatever its line says; who was promoted and is champion no more has no stage here.
    Stage.PROMOTED: ModelStage.REGISTERED,
    Stage.NOT_PROMOTED: ModelStage.REGISTERED,
    Stage.REJECTED: ModelStage.REJECTED,
    Stage.ROLLED_BACK: ModelStage.REJECTED,
}
_ACTING = (ModelStage.SHADOW, ModelStage.CANARY, ModelStage.PRODUCTION)


def _height(stage: ModelStage) -> int:
    """How much a model in this stage may do; 0 where no request reaches it."""
    return 1 + _ACTING.index(stage) if stage in _ACTING else 0


def stages(spec: Spec, status: Status) -> Mapping[str, ModelStage]:
    """The stage of each ModelVersion that one rollout names, by its name.

    Args:
        spec: what the team asks for, with references.
        status: where the rollout stands.

    """
    found: dict[str, ModelStage] = {}
    for model in (spec.champion, *spec.challengers):
        stage = _stage(spec, status, model.name)
        if model.model_version_ref is None or stage is None:
            continue
        name = str(model.model_version_ref.name)
        found[name] = max(found.get(name, stage), stage, key=_height)
    return found


def _stage(spec: Spec, status: Status, name: str) -> ModelStage | None:
    if name == roles.champion_of(spec, status):
        return ModelStage.PRODUCTION
    if status.watch is not None and name == status.watch.standby:
        return ModelStage.SHADOW
    line = status.challenger(name)
    if line is not None:
        return _OF_CHALLENGER[line.stage]
    return ModelStage.REJECTED if status.fallen is not None and name == status.fallen.name else None


@dataclass(frozen=True, slots=True)
class Move:
    """One ModelVersion goes to another stage, or to another holder.

    Attributes:
        version: the ModelVersion as it was read.
        stage: where it stands then.
        rollout: who holds it then; None for nobody.

    """

    version: ModelVersion
    stage: ModelStage
    rollout: str | None


@dataclass(frozen=True, slots=True)
class Registry:
    """The ModelVersions of one namespace.

    Attributes:
        versions: all of them.
        rollouts: the names of the rollouts that are there, of those that hold one.

    """

    versions: Sequence[ModelVersion] = ()
    rollouts: AbstractSet[str] = frozenset()

    @property
    def by_name(self) -> Mapping[str, ModelVersion]:
        """Each by its name."""
        return {each.metadata.name: each for each in self.versions}

    def holder(self, version: ModelVersion) -> str | None:
        """The rollout that holds it and is still there."""
        return version.status.rollout if version.status.rollout in self.rollouts else None

    def held_by(self, rollout: str) -> frozenset[str]:
        """The names of the ModelVersions that this rollout holds."""
        return frozenset(each.metadata.name for each in self.versions if each.status.rollout == rollout)


def moves(rollout: str, wanted: Mapping[str, ModelStage], registry: Registry) -> Sequence[Move]:
    """What to write so that each model stands where the rollout has it; whoever gives way goes first.

    Args:
        rollout: the rollout's name.
        wanted: what `stages` says of it; nothing for one that is going.
        registry: the ModelVersions of its namespace.

    """
    entering = {
        version.spec.strategy
        for version in registry.versions
        if wanted.get(version.metadata.name) is ModelStage.PRODUCTION and _rival(rollout, version, registry) is None
    }
    found = []
    for version in registry.versions:
        stage = wanted.get(version.metadata.name)
        holder = registry.holder(version)
        if stage is None or _is_higher_elsewhere(rollout, stage, version, holder):
            move = _given_up(rollout, version, holder, entering)
        elif stage is ModelStage.PRODUCTION and _rival(rollout, version, registry) is not None:
            move = None
        else:
            move = Move(version, stage, rollout)
        if move is not None and (move.stage, move.rollout) != (version.status.stage, version.status.rollout):
            found.append(move)
    return sorted(found, key=lambda move: _height(move.stage))


@dataclass(frozen=True, slots=True)
class ProductionClaim:
    """A rollout's claim that its champion is the Production model of the strategy; `refused` is why it is not."""

    refused: str | None = None


def production_claim(rollout: str, wanted: Mapping[str, ModelStage], registry: Registry) -> ProductionClaim | None:
    """The claim of a rollout, None where its champion is not registered; the arguments are those of `moves`."""
    for version in registry.versions:
        if wanted.get(version.metadata.name) is not ModelStage.PRODUCTION:
            continue
        rival = _rival(rollout, version, registry)
        if rival is None:
            return ProductionClaim()
        return ProductionClaim(
            f"champion {version.metadata.name} is of strategy {version.spec.strategy}, whose Production model is "
            f"{rival.metadata.name}, champion of rollout {rival.status.rollout}: a strategy has one; make it a "
            "challenger there, delete one of the two rollouts, or register it under another strategy"
        )
    return None


def _rival(rollout: str, version: ModelVersion, registry: Registry) -> ModelVersion | None:
    """The Production model of the strategy that another rollout holds; this one itself, where it is that."""
    for other in registry.versions:
        if (other.spec.strategy, other.status.stage) != (version.spec.strategy, ModelStage.PRODUCTION):
            continue
        if registry.holder(other) not in {None, rollout}:
            return other
    return None


def _is_higher_elsewhere(rollout: str, stage: ModelStage, version: ModelVersion, holder: str | None) -> bool:
    return holder not in {None, rollout} and _height(version.status.stage) >= _height(stage)


def _given_up(rollout: str, version: ModelVersion, holder: str | None, entering: AbstractSet[str]) -> Move | None:
    """Let a model go that nobody holds any more, or that this rollout held and names no more."""
    is_left = holder == rollout or (holder is None and version.status.rollout is not None)
    stage = version.status.stage
    if stage is ModelStage.PRODUCTION and (is_left or (holder is None and version.spec.strategy in entering)):
        return Move(version, ModelStage.RETIRED, None)
    if not is_left:
        return None
    return Move(version, ModelStage.REGISTERED if _height(stage) else stage, None)
