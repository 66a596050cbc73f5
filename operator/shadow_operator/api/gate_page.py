"""The page of all gates, generated from the catalogue: `docs/gates.md`."""

import sys
from pathlib import Path

from shadow_operator.api.gates import CATALOGUE, GateTest, Shape

TARGET = "docs/gates.md"

_HEAD = """# Gates

Generated from `operator/shadow_operator/api/gates.py` by `make generate`; change it there.

A gate says **Pass**, **Fail**, **Insufficient** (more samples are needed) or **Blind** (a figure could not be read:
neither good nor bad), with the figure, the limit, the samples and a sentence. A **test** spends the error budget:
its verdict holds however often anyone looks, over all challengers together, and failing it ends a challenger's run.
A **limit** is an estimate held against a number: failing it only holds the challenger up.

Every gate has a `name`, a `test`, a `role` and a `weight`. `Primary` gates have to pass. `Secondary` ones add to
the score. `Member`s count in their `group`, which passes with `atLeast` of them and then counts as one Primary
gate:

```yaml
groups: [{name: behaviour, atLeast: 3}]
gates:
- {name: mean-pnl, test: PairedMean}
- {name: diversity, test: ActionDiversity, role: Member, group: behaviour, atMost: 70%}
```

Gates that look over a `window` ask Prometheus at each interval, by the series of the [metrics
contract](metrics-contract.md); each of them can be replaced in `metrics.queries`, best by a plain selector. All
figures are of the challenger; `ratio` is one to the champion's.

"""

_TABLE = "| test | kind | passes when | fields, with what they are if left out |\n|---|---|---|---|\n"


def page() -> str:
    """The page as Markdown."""
    rows = (f"| `{test}` | {_kind(shape)} | {shape.passes} | {_fields(test)} |\n" for test, shape in CATALOGUE.items())
    return _HEAD + _TABLE + "".join(rows)


def _kind(shape: Shape) -> str:
    return "test" if shape.is_test else "limit"


def _fields(test: GateTest) -> str:
    shape = CATALOGUE[test]
    return ", ".join(f"`{field}`{_default(shape, field)}" for field in shape.fields)


def _default(shape: Shape, field: str) -> str:
    found = shape.defaults.get(field)
    return "" if found is None else f" ({found})"


if __name__ == "__main__":
    (Path(sys.argv[1] if len(sys.argv) > 1 else ".") / TARGET).write_text(page(), encoding="utf-8")
