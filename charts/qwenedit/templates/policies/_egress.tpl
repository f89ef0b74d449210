{{/* The port of an address; its scheme's own where it names none. */}}
{{- define "qwenedit.port" -}}
{{- $url := urlParse . }}
{{- trimPrefix ":" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}

{{/* An egress rule to an address, whose IP addresses the operator may name. Takes url and to. */}}
{{- define "qwenedit.egress" -}}
- ports:
    - {protocol: TCP, port: {{ include "qwenedit.port" .url }}}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* To the name servers. */}}
{{- define "qwenedit.dnsEgress" -}}
- ports:
    {{- range .Values.networkPolicy.dns.ports | default (list 53 5353) }}
    - {protocol: UDP, port: {{ . }}}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .Values.networkPolicy.dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
