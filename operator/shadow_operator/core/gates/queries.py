"""The PromQL that gates measure by, built from the templates of the metrics contract."""

import re

_SELECTOR = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^{}]*(\{\{[a-z]+\}\}[^{}]*)*\})?")


def increase(template: str, window: str, *by: str, before: str | None = None) -> str:
    """How much a counter rose within `window`, summed over all series but for the labels `by`; resets are no falls.

    Args:
        template: a selector, or any other PromQL, which is then evaluated at each evaluation interval of Prometheus.
        window: a duration of the API, as in 1d.
        by: the labels that are kept.
        before: the window ends so long ago, as in 1d; now if left out.

    """
    over = f"{template}[{window}]" if _SELECTOR.fullmatch(template) else f"({template})[{window}:]"
    ended = "" if before is None else f" offset {before}"
    return f"sum by ({', '.join(by)}) (increase({over}{ended}))"
