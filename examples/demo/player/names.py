"""Where the pieces of the demo are."""

from pathlib import Path

NAMESPACE = "trading"
ROLLOUT = "momentum"
GATEWAY = "models"
GATEWAY_NAMESPACE = "envoy-gateway-system"
OPERATOR_NAMESPACE = "shadow-system"
RELEASE = "shadow-operator"
RESOURCE = "shadowrollouts.shadowrollouts.io"
MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"

CORE = "/api/v1/namespaces"
ROLLOUT_PATH = f"/apis/shadowrollouts.io/v1alpha1/namespaces/{NAMESPACE}/shadowrollouts/{ROLLOUT}"
EVENTS_PATH = f"{CORE}/{NAMESPACE}/events"
FEED_PATH = f"{CORE}/{NAMESPACE}/services/feed:8080/proxy"
PROMETHEUS_PATH = f"{CORE}/{NAMESPACE}/services/prometheus:9090/proxy"

GATEWAY_LABEL = "gateway.envoyproxy.io/owning-gateway"
ROLLOUT_LABEL = "shadowrollouts.io/rollout"
MODEL_LABEL = "shadowrollouts.io/model"
TRUTH_ANNOTATION = "truth.demo/"
