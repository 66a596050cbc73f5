{{/*
Each verb is one that the operator's code uses. Server-side apply takes `patch`, and `create` for an object that is new.
*/}}
{{- define "shadow-operator.rules" -}}
# Its own resources: it reads them, keeps finalizers on them, and writes their status. The spec stays Git's.
- apiGroups: [shadowrollouts.io]
  resources: [shadowrollouts]
  verbs: [get, list, watch, patch]
- apiGroups: [shadowrollouts.io]
  resources: [shadowrollouts/status]
  verbs: [get, patch]
# The ledger only grows: an entry is written once, its outcome once, and an old one is deleted.
- apiGroups: [shadowrollouts.io]
  resources: [rolloutdecisions]
  verbs: [get, list, create, delete]
- apiGroups: [shadowrollouts.io]
  resources: [rolloutdecisions/status]
  verbs: [patch]
# Where owner references are checked, the owner of the models' objects has to be one whose finalizers it may set.
- apiGroups: [shadowrollouts.io]
  resources: [shadowrollouts/finalizers]
  verbs: [update]
# The registered models that rollouts name; their stages are the operator's to move.
- apiGroups: [shadowrollouts.io]
  resources: [modelversions]
  verbs: [list]
- apiGroups: [shadowrollouts.io]
  resources: [modelversions/status]
  verbs: [patch]
# The templates that rollouts name.
- apiGroups: [shadowrollouts.io]
  resources: [gatetemplates]
  verbs: [get]
# One Deployment and one Service for each model.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, create, patch, delete]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, create, patch, delete]
# The policy document that the models mount, and the evidence that is kept.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, create, patch, delete]
# A touched annotation lets the kubelet bring a new policy into a pod at once.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
# The fence that keeps shadows off the brokers. It is never deleted: the right to would be one over every fence there is.
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, create, patch]
# The shares of the traffic.
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, create, patch, delete]
{{- end }}

{{/* What it may do in its own namespace, and in no other one. */}}
{{- define "shadow-operator.ownRules" -}}
# To see whether somebody froze the fleet, and no other ConfigMap here.
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [shadow-operator-freeze]
  verbs: [get]
# The one Lease by which one of its pods leads. What is new can't be granted by its name.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "shadow-operator.fullname" . }}]
  verbs: [get, patch]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
{{- if .Values.alerts.enabled }}
# The endpoint of the Service of its alerts: the pod that leads. What is new can't be granted by its name.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  resourceNames: [{{ include "shadow-operator.fullname" . }}-alerts-ipv4, {{ include "shadow-operator.fullname" . }}-alerts-ipv6]
  verbs: [get, patch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [create]
{{- end }}
{{- end }}
