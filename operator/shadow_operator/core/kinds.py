"""The kinds of objects that the operator reads or writes."""

from dataclasses import dataclass

from shadow_operator.api import decision, gate_template, model_version, rollout


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind, as the API server addresses it."""

    api_version: str
    name: str
    plural: str

    @property
    def root(self) -> str:
        """The path of its API group and version."""
        return f"/api/{self.api_version}" if "/" not in self.api_version else f"/apis/{self.api_version}"


SHADOW_ROLLOUT = Kind(rollout.API_VERSION, rollout.KIND, rollout.PLURAL)
MODEL_VERSION = Kind(rollout.API_VERSION, model_version.KIND, model_version.PLURAL)
GATE_TEMPLATE = Kind(rollout.API_VERSION, gate_template.KIND, gate_template.PLURAL)
ROLLOUT_DECISION = Kind(rollout.API_VERSION, decision.KIND, decision.PLURAL)
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
SERVICE = Kind("v1", "Service", "services")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
POD = Kind("v1", "Pod", "pods")
SECRET = Kind("v1", "Secret", "secrets")
EVENT = Kind("v1", "Event", "events")
HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
TOKEN_REVIEW = Kind("authentication.k8s.io/v1", "TokenReview", "tokenreviews")
SUBJECT_ACCESS_REVIEW = Kind("authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews")
