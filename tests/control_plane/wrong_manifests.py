"""Manifests that are wrong in one place, and what a person has to be told: the field, and what would be accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.world.manifests import REMOVED


@dataclass(frozen=True, slots=True)
class Wrong:
    """One wrong manifest.

    Attributes:
        name: what is wrong with it.
        edits: how it differs from the valid one.
        says: what the refusal has to contain.

    """

    name: str
    edits: Mapping[str, Any]
    says: tuple[str, ...]


def _challengers(count: int) -> list[dict[str, str]]:
    return [{"name": f"model-{number}", "image": f"models/model:{number}"} for number in range(count)]


def _steps(*percents: object) -> list[dict[str, object]]:
    return [{"percent": percent} for percent in percents]


_MODELS = (
    Wrong("no champion", {"spec.champion": REMOVED}, ("spec.champion: Required value",)),
    Wrong("champion without name", {"spec.champion.name": REMOVED}, ("spec.champion.name: Required value",)),
    Wrong("champion without image", {"spec.champion.image": REMOVED}, ("spec.champion", "a model has one image")),
    Wrong(
        "image and ModelVersion",
        {"spec.champion.modelVersionRef": {"name": "momentum-7"}},
        ("spec.champion", "a model has one image: write image, or modelVersionRef"),
    ),
    Wrong(
        "dataset of a ModelVersion",
        {
            "spec.champion.image": REMOVED,
            "spec.champion.modelVersionRef": {"name": "momentum-7"},
            "spec.champion.dataset": {"fingerprint": "sha256:v1:" + "0" * 64, "path": "/data"},
        },
        ("spec.champion", "a registered model has the dataset of its ModelVersion: remove dataset"),
    ),
    Wrong(
        "dataset without a fingerprint",
        {"spec.challengers[0].dataset": {"path": "/data"}},
        ("spec.challengers[0].dataset.fingerprint: Required value",),
    ),
    Wrong(
        "fingerprint of another kind",
        {"spec.challengers[0].dataset": {"fingerprint": "md5:1", "path": "/data"}},
        ("spec.challengers[0].dataset.fingerprint", '"md5:1" is not a fingerprint'),
    ),
    Wrong(
        "ModelVersion in upper case",
        {"spec.champion.image": REMOVED, "spec.champion.modelVersionRef": {"name": "Momentum"}},
        ("spec.champion.modelVersionRef.name", '"Momentum" is not a name of an object'),
    ),
    Wrong(
        "ModelVersion without name",
        {"spec.champion.image": REMOVED, "spec.champion.modelVersionRef": {}},
        ("spec.champion.modelVersionRef.name: Required value",),
    ),
    Wrong("empty image", {"spec.champion.image": ""}, ("spec.champion.image", "at least 1 chars long")),
    Wrong(
        "image with a blank",
        {"spec.champion.image": "models/momentum :7"},
        ("spec.champion.image", '"models/momentum :7" is not an image: write a reference without blanks'),
    ),
    Wrong("no challengers", {"spec.challengers": REMOVED}, ("spec.challengers: Required value",)),
    Wrong("empty challengers", {"spec.challengers": []}, ("spec.challengers", "at least 1 items")),
    Wrong(
        "challenger without name", {"spec.challengers[0].name": REMOVED}, ("spec.challengers[0].name: Required value",)
    ),
    Wrong(
        "challenger without image",
        {"spec.challengers[0].image": REMOVED},
        ("spec.challengers[0]", "a model has one image"),
    ),
    Wrong(
        "two challengers of one name",
        {"spec.challengers[1].name": "momentum-v8"},
        ("spec.challengers[1]", "Duplicate value", "momentum-v8"),
    ),
    Wrong(
        "champion among the challengers",
        {"spec.challengers[1].name": "momentum-v7"},
        ("spec.challengers", "momentum-v7 is also the champion: name another"),
    ),
    Wrong(
        "17 challengers",
        {"spec.challengers": _challengers(17)},
        ("spec.challengers", "at most 16 challengers: remove some"),
    ),
    Wrong(
        "21 challengers",
        {"spec.challengers": _challengers(21)},
        ("spec.challengers: Too many: 21: must have at most 20 items",),
    ),
    Wrong(
        "upper case name",
        {"spec.challengers[0].name": "Momentum"},
        ("spec.challengers[0].name", '"Momentum" is not a model name: write lower case letters'),
    ),
    Wrong(
        "name with underscore",
        {"spec.champion.name": "momentum_v7"},
        ("spec.champion.name", '"momentum_v7" is not a model name: write lower case letters'),
    ),
    Wrong(
        "name with a hyphen at the end",
        {"spec.champion.name": "momentum-"},
        ("spec.champion.name", "with a letter or digit at both ends"),
    ),
    Wrong("empty name", {"spec.champion.name": ""}, ("spec.champion.name", "at least 1 chars long")),
    Wrong("name of 41 letters", {"spec.champion.name": "m" * 41}, ("spec.champion.name", "40")),
    Wrong(
        "model named champion",
        {"spec.challengers[0].name": "champion"},
        ("spec.challengers[0].name", '"champion" is not a model name', "and none of champion, policy and evidence"),
    ),
    Wrong(
        "model named policy",
        {"spec.champion.name": "policy"},
        ("spec.champion.name", '"policy" is not a model name', "and none of champion, policy and evidence"),
    ),
    Wrong(
        "model without pods", {"spec.champion.replicas": 0}, ("spec.champion.replicas", "greater than or equal to 1")
    ),
    Wrong(
        "variable twice",
        {"spec.champion.env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        ("spec.champion.env[1]", "Duplicate value"),
    ),
    Wrong(
        "variable with two values",
        {"spec.champion.env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
        ("spec.champion.env[0]", "remove value or valueFrom"),
    ),
    Wrong(
        "variable with a number",
        {"spec.champion.env": [{"name": "A", "value": 1}]},
        ("spec.champion.env[0].value", "must be of type string"),
    ),
    Wrong(
        "rollout and model together too long",
        {"metadata.name": "r" * 40, "spec.champion.name": "m" * 30},
        ("63 characters: shorten one",),
    ),
    Wrong(
        "rollout name too long",
        {
            "metadata.name": "r" * 58,
            "spec.champion.name": "m",
            "spec.challengers[0].name": "n",
            "spec.challengers[1].name": "o",
        },
        ("metadata.name", "Too long: may not be more than 54 bytes"),
    ),
    Wrong(
        "rollout name starts with a digit",
        {"metadata.name": "7days"},
        ("metadata.name", '"7days" is not a name of a rollout', "with a letter first"),
    ),
    Wrong(
        "rollout name with a dot",
        {"metadata.name": "momentum.daily"},
        (
            "metadata.name",
            '"momentum.daily" is not a name of a rollout: write at most 54 lower case letters, digits and hyphens',
        ),
    ),
    Wrong(
        "mirror of 0",
        {"spec.challengers[1].mirrorPercent": 0},
        ("spec.challengers[1].mirrorPercent", "greater than or equal to 1"),
    ),
    Wrong(
        "mirror of 101",
        {"spec.challengers[1].mirrorPercent": 101},
        ("spec.challengers[1].mirrorPercent", "less than or equal to 100"),
    ),
    Wrong(
        "mirror with a percent sign",
        {"spec.challengers[1].mirrorPercent": "25%"},
        ("spec.challengers[1].mirrorPercent", "must be of type integer"),
    ),
    Wrong(
        "champion that is mirrored",
        {"spec.champion.mirrorPercent": 10},
        ('unknown field "spec.champion.mirrorPercent"',),
    ),
)

_WORKLOAD_AND_TRAFFIC = (
    Wrong("no pods", {"spec.workload.replicas": 0}, ("spec.workload.replicas", "greater than or equal to 1")),
    Wrong("101 pods", {"spec.workload.replicas": 101}, ("spec.workload.replicas", "less than or equal to 100")),
    Wrong("half a pod", {"spec.workload.replicas": 1.5}, ("spec.workload.replicas", "must be of type integer")),
    Wrong("port 0", {"spec.workload.port": 0}, ("spec.workload.port", "greater than or equal to 1")),
    Wrong("port 70000", {"spec.workload.port": 70000}, ("spec.workload.port", "less than or equal to 65535")),
    Wrong(
        "template that is a text",
        {"spec.workload.template": "model"},
        ("spec.workload.template", "must be of type object"),
    ),
    Wrong(
        "containers that are no list",
        {"spec.workload.template.spec.containers": "model"},
        ("spec.workload.template.spec.containers", "must be of type array"),
    ),
    Wrong("no traffic", {"spec.traffic": REMOVED}, ("spec.traffic: Required value",)),
    Wrong("no gateway", {"spec.traffic.gatewayAPI": REMOVED}, ("spec.traffic.gatewayAPI: Required value",)),
    Wrong(
        "misspelt gateway",
        {"spec.traffic.gatewayApi": {"parentRefs": [{"name": "models"}]}},
        ('unknown field "spec.traffic.gatewayApi"',),
    ),
    Wrong(
        "no parents",
        {"spec.traffic.gatewayAPI.parentRefs": REMOVED},
        ("spec.traffic.gatewayAPI.parentRefs: Required value",),
    ),
    Wrong(
        "empty parents",
        {"spec.traffic.gatewayAPI.parentRefs": []},
        ("spec.traffic.gatewayAPI.parentRefs", "at least 1 items"),
    ),
    Wrong(
        "parent without name",
        {"spec.traffic.gatewayAPI.parentRefs[0].name": REMOVED},
        ("spec.traffic.gatewayAPI.parentRefs[0].name: Required value",),
    ),
    Wrong(
        "parent twice",
        {"spec.traffic.gatewayAPI.parentRefs[1]": {"name": "models"}},
        (
            "spec.traffic.gatewayAPI.parentRefs",
            "the same Gateway is named twice: remove one, or give each a sectionName",
        ),
    ),
    Wrong(
        "host name twice",
        {"spec.traffic.gatewayAPI.hostnames": ["a.b", "a.b"]},
        ("spec.traffic.gatewayAPI.hostnames[1]", "Duplicate value"),
    ),
    Wrong(
        "host name with a port",
        {"spec.traffic.gatewayAPI.hostnames": ["models.internal:80"]},
        (
            "spec.traffic.gatewayAPI.hostnames[0]",
            '"models.internal:80" is not a host name: write it in lower case and without a port',
        ),
    ),
    Wrong(
        "mirror everything and more",
        {"spec.traffic.mirrorPercent": 101},
        ("spec.traffic.mirrorPercent", "less than or equal to 100"),
    ),
    Wrong(
        "mirror nothing",
        {"spec.traffic.mirrorPercent": 0},
        ("spec.traffic.mirrorPercent", "greater than or equal to 1"),
    ),
)

_FENCE = (
    Wrong(
        "fence of nothing",
        {"spec.workload.fence": {}},
        ("spec.workload.fence", "name their addresses in cidrs, their namespaces in namespaces, or both"),
    ),
    Wrong(
        "fence around pods of unknown addresses",
        {"spec.workload.fence": {"namespaces": ["brokers"]}},
        ("spec.workload.fence", "write the addresses of the cluster's pods in clusterCIDRs"),
    ),
    Wrong(
        "fence around the world",
        {"spec.workload.fence": {"cidrs": ["0.0.0.0/0"]}},
        ("spec.workload.fence.cidrs[0]", '"0.0.0.0/0" is not a block of addresses'),
    ),
    Wrong(
        "fence around pods on the host's network",
        {
            "spec.workload.fence": {"cidrs": ["203.0.113.0/24"]},
            "spec.workload.template": {"spec": {"hostNetwork": True}},
        },
        ("spec.workload", "remove hostNetwork from the template, or the fence"),
    ),
)

_METRICS = (
    Wrong("no metrics", {"spec.metrics": REMOVED}, ("spec.metrics: Required value",)),
    Wrong("no prometheus", {"spec.metrics.prometheus": REMOVED}, ("spec.metrics.prometheus: Required value",)),
    Wrong(
        "no address", {"spec.metrics.prometheus.address": REMOVED}, ("spec.metrics.prometheus.address: Required value",)
    ),
    Wrong(
        "address without scheme",
        {"spec.metrics.prometheus.address": "prometheus:9090"},
        (
            "spec.metrics.prometheus.address",
            '"prometheus:9090" is not an address of a Prometheus: write a URL without a user, a password or a query',
            "as in http://",
        ),
    ),
    Wrong(
        "address of another scheme",
        {"spec.metrics.prometheus.address": "ftp://prometheus"},
        ("spec.metrics.prometheus.address", "write a URL without a user, a password or a query, as in http://"),
    ),
    Wrong(
        "address with a password",
        {"spec.metrics.prometheus.address": "http://user:secret@prometheus"},
        ("spec.metrics.prometheus.address", "write a URL without a user, a password or a query, as in http://"),
    ),
    Wrong(
        "address with a blank",
        {"spec.metrics.prometheus.address": "http://prome theus"},
        ("spec.metrics.prometheus.address", "write a URL without a user, a password or a query, as in http://"),
    ),
    Wrong("no capital", {"spec.metrics.capital": REMOVED}, ("spec.metrics.capital: Required value",)),
    Wrong("capital of 0", {"spec.metrics.capital": "0"}, ("spec.metrics.capital", '"0" is not a positive amount')),
    Wrong(
        "negative capital",
        {"spec.metrics.capital": "-5"},
        ("spec.metrics.capital", "is not a positive amount: write a quoted decimal above 0"),
    ),
    Wrong(
        "capital with a unit",
        {"spec.metrics.capital": "100k"},
        ("spec.metrics.capital", '"100k" is not a positive amount'),
    ),
    Wrong(
        "capital that is not quoted",
        {"spec.metrics.capital": 100000},
        ("spec.metrics.capital", "must be of type string"),
    ),
    Wrong(
        "capital that is a float", {"spec.metrics.capital": 2500.5}, ("spec.metrics.capital", "must be of type string")
    ),
    Wrong(
        "interval without unit",
        {"spec.metrics.interval": "60"},
        ("spec.metrics.interval", '"60" is not a duration above 0: write whole numbers with a unit'),
    ),
    Wrong("interval of weeks", {"spec.metrics.interval": "1w"}, ("spec.metrics.interval", '"1w" is not a duration')),
    Wrong(
        "interval of half a minute",
        {"spec.metrics.interval": "0.5m"},
        ("spec.metrics.interval", '"0.5m" is not a duration'),
    ),
    Wrong(
        "interval with a blank", {"spec.metrics.interval": "1 m"}, ("spec.metrics.interval", '"1 m" is not a duration')
    ),
    Wrong(
        "interval of nothing",
        {"spec.metrics.interval": "0s", "spec.metrics.scrapeInterval": "0s"},
        ("spec.metrics.scrapeInterval", '"0s" is not a duration above 0'),
    ),
    Wrong(
        "interval shorter than a scrape",
        {"spec.metrics.interval": "10s"},
        ("spec.metrics", "interval is 10s, shorter than scrapeInterval 15s"),
    ),
    Wrong(
        "interval shorter than a scrape in other units",
        {"spec.metrics.interval": "1h", "spec.metrics.scrapeInterval": "1d"},
        ("spec.metrics", "interval is 1h, shorter than scrapeInterval 1d"),
    ),
    Wrong(
        "interval that is a number", {"spec.metrics.interval": 60}, ("spec.metrics.interval", "must be of type string")
    ),
    Wrong("empty query", {"spec.metrics.queries.profit": ""}, ("spec.metrics.queries.profit", "at least 1 chars long")),
    Wrong(
        "query without the model",
        {"spec.metrics.queries.loss": "sum(losses)"},
        (
            "spec.metrics.queries.loss",
            "does not name the model that it asks about: write {{model}} where the model's name belongs",
        ),
    ),
    Wrong("unknown query", {"spec.metrics.queries.pnl": "pnl{{model}}"}, ('unknown field "spec.metrics.queries.pnl"',)),
)

_RULES = (
    Wrong(
        "shadow of a bad duration",
        {"spec.shadow.minDuration": "two weeks"},
        ("spec.shadow.minDuration", '"two weeks" is not a duration'),
    ),
    Wrong("empty duration", {"spec.shadow.minDuration": ""}, ("spec.shadow.minDuration", "at least 1 chars long")),
    Wrong("negative trades", {"spec.shadow.minTrades": -1}, ("spec.shadow.minTrades", "greater than or equal to 0")),
    Wrong(
        "alpha of 0 percent",
        {"spec.errorBudget.alpha": "0%"},
        ("spec.errorBudget.alpha", '"0%" is not an error rate: write a probability above 0% and at most 50%'),
    ),
    Wrong("alpha of 0.0 percent", {"spec.errorBudget.alpha": "0.0%"}, ("spec.errorBudget.alpha", "above 0%")),
    Wrong("alpha of 60 percent", {"spec.errorBudget.alpha": "60%"}, ("spec.errorBudget.alpha", "at most 50%")),
    Wrong(
        "alpha without percent sign",
        {"spec.errorBudget.alpha": "0.05"},
        (
            "spec.errorBudget.alpha",
            '"0.05" is not an error rate: write a probability above 0% and at most 50%, as in 5%',
        ),
    ),
    Wrong(
        "alpha that is a float", {"spec.errorBudget.alpha": 0.05}, ("spec.errorBudget.alpha", "must be of type string")
    ),
    Wrong("unknown guarantee", {"spec.errorBudget.guarantee": "Exact"}, ("spec.errorBudget.guarantee", "Asymptotic")),
    Wrong(
        "plan of too few samples",
        {"spec.errorBudget.plannedSamples": 99},
        ("spec.errorBudget.plannedSamples", "greater than or equal to 100"),
    ),
    Wrong("no gates", {"spec.gates": REMOVED}, ("spec.gates", "a rollout needs gates and a canary")),
    Wrong("empty gates", {"spec.gates": []}, ("spec.gates", "at least 1 items")),
    Wrong("gate without name", {"spec.gates[0].name": REMOVED}, ("spec.gates[0].name: Required value",)),
    Wrong("gate without test", {"spec.gates[0].test": REMOVED}, ("spec.gates[0].test: Required value",)),
    Wrong("two gates of one name", {"spec.gates[1].name": "mean-pnl"}, ("spec.gates[1]", "Duplicate value")),
    Wrong(
        "unknown test",
        {"spec.gates[0].test": "TTest"},
        ("spec.gates[0].test", 'supported values: "PairedMean", "BootstrapMean", "Sharpe", "WinRate"'),
    ),
    Wrong(
        "unknown role",
        {"spec.gates[0].role": "Main"},
        ("spec.gates[0].role", 'supported values: "Primary", "Secondary", "Member"'),
    ),
    Wrong("no primary gate", {"spec.gates[0].role": "Secondary"}, ("spec.gates", "give one gate role Primary")),
    Wrong(
        "ratio on another gate",
        {"spec.gates[0].ratio": "90%"},
        ("spec.gates[0].ratio", "ratio belongs to a gate with test ErrorDegradation or MaxDrawdown or Turnover"),
    ),
    Wrong(
        "ratio without percent sign",
        {"spec.gates[1].ratio": "0.9"},
        ("spec.gates[1].ratio", '"0.9" is not a ratio: write a number of at least 0 followed by %'),
    ),
    Wrong(
        "two limits of one drawdown",
        {"spec.gates[1].atMost": "5%"},
        ("spec.gates[1].atMost", "ratio and atMost are two limits: keep one, and make a second gate for the other"),
    ),
    Wrong(
        "limit of a drawdown on another gate",
        {"spec.gates[0].atMost": "5%"},
        ("spec.gates[0].atMost", "atMost belongs to a gate with test MaxDrawdown or DriftPSI"),
    ),
    Wrong(
        "gain on another gate",
        {"spec.gates[0].gain": "3%"},
        ("spec.gates[0].gain", "gain belongs to a gate with test Sharpe or WinRate: remove it, or change the test"),
    ),
    Wrong(
        "gain without percent sign",
        {"spec.gates[0]": {"name": "wins", "test": "WinRate", "gain": "3"}},
        ("spec.gates[0].gain", 'gain of WinRate: "3" is not a share: write a number from 0 to 100 followed by %'),
    ),
    Wrong(
        "profit factor on another gate",
        {"spec.gates[0].atLeast": "1.3"},
        ("spec.gates[0].atLeast", "atLeast belongs to a gate with test ProfitFactor or LiveSharpe"),
    ),
    Wrong(
        "profit factor in words",
        {"spec.gates[0]": {"name": "factor", "test": "ProfitFactor", "atLeast": "high"}},
        ("spec.gates[0].atLeast", 'atLeast of ProfitFactor: "high" is not a number: write a quoted decimal'),
    ),
    Wrong(
        "drawdown as a number",
        {"spec.gates[1]": {"name": "drawdown", "test": "MaxDrawdown", "atMost": "0.05"}},
        ("spec.gates[1].atMost", 'atMost of MaxDrawdown: "0.05" is not a share'),
    ),
    Wrong(
        "latency without a unit",
        {"spec.gates[1]": {"name": "latency", "test": "Latency", "atMost": "250"}},
        ("spec.gates[1].atMost", 'atMost of Latency: "250" is not a duration'),
    ),
    Wrong(
        "latency without a limit",
        {"spec.gates[1]": {"name": "latency", "test": "Latency"}},
        ("spec.gates[1].test", "Latency needs atMost or ratio: it passes when the `quantile`"),
    ),
    Wrong(
        "drift of an empty window",
        {"spec.gates[1]": {"name": "drift", "test": "DriftPSI", "window": "0s"}},
        ("spec.gates[1].window", '"0s" is not a duration above 0'),
    ),
    Wrong(
        "window on a gate that keeps its own time",
        {"spec.gates[0].window": "1d"},
        ("spec.gates[0].window", "window belongs to a gate with test Turnover or DriftPSI"),
    ),
    Wrong(
        "query without a model",
        {"spec.gates[1]": {"name": "own", "test": "PromQL", "query": "up", "atLeast": "1"}},
        ("spec.gates[1].query", '"up" does not name the model'),
    ),
    Wrong(
        "query without a limit",
        {"spec.gates[1]": {"name": "own", "test": "PromQL", "query": 'up{model="{{model}}"}'}},
        ("spec.gates[1].test", "a query is held against one of atMost, atLeast and ratio: keep just one"),
    ),
    Wrong(
        "query with two limits",
        {
            "spec.gates[1]": {
                "name": "own",
                "test": "PromQL",
                "query": 'up{model="{{model}}"}',
                "atLeast": "1",
                "atMost": "2",
            }
        },
        ("spec.gates[1].test", "a query is held against one of atMost, atLeast and ratio: keep just one"),
    ),
    Wrong(
        "error without a measure",
        {"spec.gates[1]": {"name": "error", "test": "ErrorDegradation"}},
        ("spec.gates[1].test", "ErrorDegradation needs measure"),
    ),
    Wrong(
        "group on a gate that is no member",
        {"spec.gates[1].group": "behaviour"},
        ("spec.gates[1].role", "name its group, or change its role"),
    ),
    Wrong(
        "member without a group",
        {"spec.gates[1].role": "Member"},
        ("spec.gates[1].role", "name its group, or change its role"),
    ),
    Wrong(
        "member of a group that is not there",
        {"spec.gates[1].role": "Member", "spec.gates[1].group": "behaviour"},
        ("spec.gates", "add the group, or name one that is there"),
    ),
    Wrong(
        "group that asks for more gates than it has",
        {
            "spec.gates[1].role": "Member",
            "spec.gates[1].group": "behaviour",
            "spec.groups": [{"name": "behaviour", "atLeast": 2}],
        },
        ("spec.groups", "lower its atLeast, or let more gates name it"),
    ),
    Wrong(
        "gate against a benchmark that is not there",
        {"spec.gates[0].against": "Benchmark"},
        ("spec.gates", "a gate is against Benchmark, and there is none: name spec.benchmark"),
    ),
    Wrong(
        "method of a gate that has none",
        {"spec.gates[0].method": "Bootstrap"},
        ("spec.gates[0].method", "method belongs to a gate with test Sharpe"),
    ),
    Wrong(
        "benchmark that is a challenger",
        {"spec.benchmark": {"name": "momentum-v8"}},
        ("spec.benchmark", "the benchmark is also a champion or challenger"),
    ),
    Wrong(
        "rival of a gate that compares with nobody",
        {"spec.gates[1]": {"name": "restarts", "test": "Restarts", "against": "Champion"}},
        ("spec.gates[1].against", "against belongs to a gate with test PairedMean or"),
    ),
    Wrong(
        "levels of the score the wrong way round",
        {"spec.promotion.score": {"promote": 50, "review": 70}},
        ("spec.promotion.score.review", "review is above promote: nobody would be asked"),
    ),
    Wrong(
        "weight of nothing",
        {"spec.gates[0].weight": 0},
        ("spec.gates[0].weight", "should be greater than or equal to 1"),
    ),
    Wrong(
        "count on another gate",
        {"spec.gates[0].count": 500},
        ("spec.gates[0].count", "count belongs to a gate with test MinSamples or MinTrades or MinSessions or MinDays"),
    ),
    Wrong(
        "count of nothing",
        {"spec.gates[0]": {"name": "trades", "test": "MinTrades"}},
        ("spec.gates[0].test", "MinTrades needs count: it passes when at least `count` trades were settled"),
    ),
    Wrong("negative ratio", {"spec.gates[1].ratio": "-90%"}, ("spec.gates[1].ratio", '"-90%" is not a ratio')),
    Wrong(
        "sessions without regimes",
        {"spec.errorBudget": {"sessionSamples": 10}},
        ("spec.errorBudget.sessionSamples", "sessionSamples belongs to dependence Regimes"),
    ),
    Wrong(
        "a plan too short for its sessions",
        {"spec.errorBudget": {"dependence": "Regimes", "sessionSamples": 78, "plannedSamples": 3119}},
        ("spec.errorBudget.plannedSamples", "plannedSamples has to hold 40 sessions of sessionSamples"),
    ),
    Wrong(
        "unknown metric",
        {"spec.guardrails[0].metric": "sharpe"},
        ("spec.guardrails[0].metric", 'supported values: "drawdown", "performance", "freshness"'),
    ),
    Wrong(
        "a latency in percent",
        {"spec.guardrails[0].metric": "latency"},
        ("spec.guardrails[0].above", 'above is "5%", but metric latency takes a duration, as in 250ms'),
    ),
    Wrong(
        "an error rate as a number",
        {"spec.guardrails[0]": {"name": "errors", "metric": "errorRate", "above": "0.01"}},
        ("spec.guardrails[0].above", 'above is "0.01", but metric errorRate takes a share of the questions, as in 1%'),
    ),
    Wrong(
        "a window for a drawdown",
        {"spec.guardrails[0].over": "1m"},
        ("spec.guardrails[0].over", "over belongs to errorRate, latency, psi, restarts"),
    ),
    Wrong(
        "unknown action",
        {"spec.guardrails[0].action": "Alert"},
        ("spec.guardrails[0].action", 'supported values: "Rollback", "Hold"'),
    ),
    Wrong(
        "guardrail without limit", {"spec.guardrails[0].above": REMOVED}, ("spec.guardrails[0].above: Required value",)
    ),
    Wrong(
        "guardrail without metric",
        {"spec.guardrails[0].metric": REMOVED},
        ("spec.guardrails[0].metric: Required value",),
    ),
    Wrong("guardrail without name", {"spec.guardrails[0].name": REMOVED}, ("spec.guardrails[0].name: Required value",)),
    Wrong(
        "two guardrails of one name",
        {"spec.guardrails[1].name": "max-drawdown"},
        ("spec.guardrails[1]", "Duplicate value"),
    ),
    Wrong(
        "drawdown in seconds",
        {"spec.guardrails[0].above": "60s"},
        ("spec.guardrails[0].above", 'above is "60s", but metric drawdown takes a share of the capital, as in 5%'),
    ),
    Wrong(
        "drawdown over 100 percent",
        {"spec.guardrails[0].above": "101%"},
        ("spec.guardrails[0].above", "a share of the capital, as in 5%"),
    ),
    Wrong(
        "freshness in percent",
        {"spec.guardrails[1].above": "5%"},
        ("spec.guardrails[1].above", 'above is "5%", but metric freshness takes a duration, as in 60s'),
    ),
    Wrong(
        "freshness that rolls back",
        {"spec.guardrails[1]": {"name": "blind", "metric": "freshness", "above": "60s", "action": "Rollback"}},
        ("spec.guardrails[1].action", "make the action for freshness Hold"),
    ),
    Wrong(
        "freshness that rolls back by default",
        {"spec.guardrails[1]": {"name": "blind", "metric": "freshness", "above": "60s"}},
        ("spec.guardrails[1].action", "make the action for freshness Hold"),
    ),
    Wrong(
        "then without hold",
        {"spec.guardrails[0].then": {"after": "10m"}},
        ("spec.guardrails[0].then", "then follows a Hold: remove it, or make the action Hold"),
    ),
    Wrong("then without after", {"spec.guardrails[1].then": {}}, ("spec.guardrails[1].then.after: Required value",)),
    Wrong(
        "then a hold",
        {"spec.guardrails[1].then.action": "Hold"},
        ("spec.guardrails[1].then.action", 'supported values: "Rollback"'),
    ),
    Wrong(
        "then after a bad duration",
        {"spec.guardrails[1].then.after": "soon"},
        ("spec.guardrails[1].then.after", '"soon" is not a duration'),
    ),
    Wrong("no canary", {"spec.canary": REMOVED}, ("spec.gates", "a rollout needs gates and a canary")),
    Wrong("no steps", {"spec.canary.steps": REMOVED}, ("spec.canary.steps: Required value",)),
    Wrong("empty steps", {"spec.canary.steps": []}, ("spec.canary.steps", "at least 1 items")),
    Wrong(
        "11 steps",
        {"spec.canary.steps": _steps(*range(1, 12))},
        ("spec.canary.steps: Too many: 11: must have at most 10 items",),
    ),
    Wrong(
        "step without percent",
        {"spec.canary.steps[0].percent": REMOVED},
        ("spec.canary.steps[0].percent: Required value",),
    ),
    Wrong(
        "step of 0 percent",
        {"spec.canary.steps": _steps(0, 10)},
        ("spec.canary.steps[0].percent", "greater than or equal to 1"),
    ),
    Wrong(
        "step of 100 percent",
        {"spec.canary.steps": _steps(50, 100)},
        ("spec.canary.steps[1].percent", "less than or equal to 99"),
    ),
    Wrong(
        "step of 120 percent",
        {"spec.canary.steps": _steps(120)},
        ("spec.canary.steps[0].percent", "less than or equal to 99"),
    ),
    Wrong(
        "step with a percent sign",
        {"spec.canary.steps": _steps("5%")},
        ("spec.canary.steps[0].percent", "must be of type integer"),
    ),
    Wrong(
        "steps that fall",
        {"spec.canary.steps": _steps(25, 10)},
        ("spec.canary.steps", "each canary step has to be larger than the one before, as in 5, 10, 25, 50"),
    ),
    Wrong(
        "steps that stay",
        {"spec.canary.steps": _steps(10, 10)},
        ("spec.canary.steps", "each canary step has to be larger than the one before"),
    ),
    Wrong(
        "step of a bad duration",
        {"spec.canary.steps[0].minDuration": "1day"},
        ("spec.canary.steps[0].minDuration", '"1day" is not a duration'),
    ),
    Wrong(
        "confidence over 100 percent",
        {"spec.canary.minConfidence": "120%"},
        ("spec.canary.minConfidence", '"120%" is not a share: write a number from 0 to 100'),
    ),
    Wrong(
        "negative confidence",
        {"spec.canary.minConfidence": "-1%"},
        ("spec.canary.minConfidence", '"-1%" is not a share'),
    ),
    Wrong(
        "unknown promotion mode",
        {"spec.promotion.mode": "Auto"},
        ("spec.promotion.mode", 'supported values: "Automatic", "Manual"'),
    ),
    Wrong(
        "suspend in words",
        {"spec.suspend": "maybe"},
        ("spec.suspend", "must be of type boolean"),
    ),
    Wrong(
        "watch of a bad duration",
        {"spec.promotion.watch": "7 days"},
        ("spec.promotion.watch", '"7 days" is not a duration'),
    ),
)

_SHAPE = (
    Wrong("no spec", {"spec": REMOVED}, ("spec: Required value",)),
    Wrong("misspelt field", {"spec.challenger": []}, ('unknown field "spec.challenger"',)),
    Wrong(
        "misspelt field deep inside",
        {"spec.canary.steps[0].minduration": "1d"},
        ('unknown field "spec.canary.steps[0].minduration"',),
    ),
    Wrong("challengers that are a number", {"spec.challengers": 2}, ("spec.challengers", "must be of type array")),
    Wrong(
        "container without name",
        {"spec.workload.template.spec.containers[0].name": REMOVED},
        ("spec.workload.template.spec.containers[0].name: Required value",),
    ),
    Wrong(
        "container variables that are no list",
        {"spec.workload.template.spec.containers[0].env": "A=1"},
        ("spec.workload.template.spec.containers[0].env", "must be of type array"),
    ),
)

WRONG = (*_MODELS, *_WORKLOAD_AND_TRAFFIC, *_FENCE, *_METRICS, *_RULES, *_SHAPE)
