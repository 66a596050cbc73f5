{{- define "shadow-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* A release that is called like the chart does not stutter. */}}
{{- define "shadow-operator.fullname" -}}
{{- $name := include "shadow-operator.name" . -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* A role of the whole cluster also names the namespace, so that two releases don't share one. */}}
{{- define "shadow-operator.clusterName" -}}
{{- $name := include "shadow-operator.fullname" . -}}
{{- if eq $name .Release.Namespace }}{{ $name }}{{ else }}{{ printf "%s:%s" .Release.Namespace $name }}{{ end }}
{{- end }}

{{- define "shadow-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "shadow-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is empty and serviceAccount.create is false: name a service account that exists" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "shadow-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "shadow-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "shadow-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "shadow-operator.selectorLabels" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: shadow-rollouts
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "shadow-operator.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}
