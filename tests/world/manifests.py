"""A valid manifest, and small differences from it."""

import copy
import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

Manifest = dict[str, Any]

REMOVED: Final = object()

_VALID = """
apiVersion: shadowrollouts.io/v1alpha1
kind: ShadowRollout
metadata:
  name: momentum
  namespace: default
spec:
  champion: {name: momentum-v7, image: "models/momentum:7"}
  challengers:
  - {name: momentum-v8, image: "models/momentum:8"}
  - {name: patchtst-v2, image: "models/patchtst:2", mirrorPercent: 25}
  workload:
    replicas: 2
    port: 8080
    template: {spec: {containers: [{name: model, resources: {requests: {cpu: 100m}}}]}}
  traffic:
    gatewayAPI: {parentRefs: [{name: models}], hostnames: [momentum.models.internal]}
    mirrorPercent: 100
  metrics:
    prometheus: {address: "http://prometheus:9090"}
    interval: 1m
    scrapeInterval: 15s
    capital: "100000"
    queries: {profit: 'model_profit_total{model="{{model}}"}'}
  shadow: {minDuration: 14d, minTrades: 500}
  errorBudget: {alpha: 5%, guarantee: Asymptotic, plannedSamples: 2000}
  gates:
  - {name: mean-pnl, test: PairedMean, role: Primary}
  - {name: drawdown, test: MaxDrawdown, role: Secondary, ratio: 90%}
  guardrails:
  - {name: max-drawdown, metric: drawdown, above: 5%, action: Rollback}
  - {name: blind, metric: freshness, above: 60s, action: Hold, then: {after: 10m, action: Rollback}}
  canary:
    steps: [{percent: 5, minDuration: 1d}, {percent: 10}, {percent: 25}, {percent: 50}]
    minConfidence: 60%
  promotion: {watch: 7d}
"""

# What has no default, and nothing else.
_SHORTEST = """
apiVersion: shadowrollouts.io/v1alpha1
kind: ShadowRollout
metadata: {name: momentum, namespace: default}
spec:
  champion: {name: momentum-v7, image: "models/momentum:7"}
  challengers: [{name: momentum-v8, image: "models/momentum:8"}]
  traffic: {gatewayAPI: {parentRefs: [{name: models}]}}
  metrics: {prometheus: {address: "http://prometheus:9090"}, capital: "100000"}
  gates: [{name: mean-pnl, test: PairedMean}]
  canary: {steps: [{percent: 10}]}
"""


def valid_manifest() -> Manifest:
    return dict(yaml.safe_load(_VALID))


def shortest_manifest() -> Manifest:
    return dict(yaml.safe_load(_SHORTEST))


def changed(manifest: Manifest, edits: Mapping[str, Any]) -> Manifest:
    """A copy with each path set to its value, as in {"spec.canary.steps[0].percent": 0}; REMOVED takes it away."""
    copied = copy.deepcopy(manifest)
    for path, value in edits.items():
        *parents, last = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
        place: Any = copied
        for part in parents:
            place = place[part] if isinstance(part, int) else place.setdefault(part, {})
        if value is REMOVED:
            del place[last]
        elif isinstance(last, int) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return copied
