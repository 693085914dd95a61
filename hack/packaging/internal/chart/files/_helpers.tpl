{{/* The image in one reference. */}}
{{- define "energytwin.image" -}}
{{- .Values.image.repository }}
{{- with .Values.image.tag }}:{{ . }}{{ end }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- if not (or .Values.image.tag .Values.image.digest) }}{{ fail "set image.tag or image.digest: without one, which image it is would change by itself" }}{{ end }}
{{- end }}
