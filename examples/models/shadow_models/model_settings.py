"""What a model server is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .environment import Environment


@dataclass(frozen=True)
class ModelSettings:
    """One model: its name, its declared skill, and where it finds its policy and its scorer."""

    model: str
    rollout: str
    policy_path: Path = Path("/etc/shadow-rollout/policy.json")
    scorer_url: str = ""
    skill: float = 0.52
    seed: int = 0
    breaks_after_acted: int | None = None
    host: str = "0.0.0.0"  # noqa: S104 - a pod's own address is not known before it runs
    port: int = 8080
    prestop_seconds: float = 3.0

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Read the environment.

        Raises:
            ValueError: a variable is missing or not what it must be.

        """
        environment = Environment(variables)
        rollout = environment.required("SHADOW_ROLLOUT")
        if rollout.count("/") != 1:
            raise ValueError(f"SHADOW_ROLLOUT is {rollout!r}: it must be namespace/name.")
        return cls(
            model=environment.required("MODEL_NAME"),
            rollout=rollout,
            policy_path=environment.read("SHADOW_POLICY_PATH", Path, cls.policy_path),
            scorer_url=environment.read("SCORER_URL", str, ""),
            skill=environment.read("SKILL", float, cls.skill),
            seed=environment.read("SEED", int, cls.seed),
            breaks_after_acted=environment.read("BREAKS_AFTER_ACTED", int, None),
            host=environment.read("HOST", str, cls.host),
            port=environment.read("PORT", int, cls.port),
            prestop_seconds=environment.read("PRESTOP_SECONDS", float, cls.prestop_seconds),
        )
