{{/* Backups of the release's own Redis: files in Redis' own format on a claim of the operator's. */}}
{{- define "qwenedit.backupClaim" -}}
{{- tpl ((.Values.backup).existingClaim | default "") . }}
{{- end }}

{{- define "qwenedit.backupVolume" -}}
- name: backups
  persistentVolumeClaim:
    claimName: {{ include "qwenedit.backupClaim" . }}
{{- end }}

{{/* What the scripts say names the commands that help, so they know release, namespace and pod. */}}
{{- define "qwenedit.backupScripts" -}}
{{- $redis := printf "%s-redis" (include "qwenedit.fullname" .) -}}
backup.sh: |
  #!/bin/sh
  # Writes one more backup. The oldest beyond those to keep go when it is complete.
  set -eu
  umask 027
  cd /backups
  part=".$HOSTNAME.part"
  trap 'rm -f "$part"' EXIT
  failed() {
    echo "No backup was made, and the older ones are as they were: $1" >&2
    exit 1
  }
  redis() { valkey-cli -h {{ $redis }} --user backup --no-auth-warning "$@"; }
  # A network policy may open the way some seconds after the pod's start.
  tries=30
  until [ "$(redis ping 2> /dev/null)" = PONG ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || failed "Redis doesn't answer. $(redis ping 2>&1)"
    sleep 1
  done
  find . -name '.*.part' -mmin +1440 -delete
  redis --rdb "$part" ||
    failed "Redis didn't send it all, or the claim {{ include "qwenedit.backupClaim" . }} is full ($(df -h . | awk 'END { print $4 }') left)"
  report=$(valkey-check-rdb "$part" 2>&1) || failed "what came is damaged: $(echo "$report" | sed -n '/ERROR DETECTED/{n;p}')"
  sync "$part"
  name=qwenedit-$(date -u +%Y%m%dT%H%M%SZ).rdb
  mv "$part" "$name"
  echo "$name is complete: $(echo "$report" | grep -o '[0-9]* keys read'). On the claim:"
  ls -1 qwenedit-*.rdb | sort -r | tail -n +$((KEEP + 1)) | xargs -r rm --
  ls -lh
restore.sh: |
  #!/bin/sh
  # Puts a backup where Redis reads its data at the start: the base of an append-only file may be an RDB file.
  set -eu
  umask 077
  file=/backups/$RESTORE data=/data/appendonlydir new=/data/restoring said='' checked=''
  say() {
    [ "$1" = "$said" ] || echo "$1" >&2
    said=$1
  }
  if [ "$(cat $data/restored-from 2> /dev/null)" = "$RESTORE" ]; then
    echo "$RESTORE was restored before. Redis keeps what it has."
    exit 0
  fi
  if [ -e $data ]; then
    say "REFUSED: Redis' claim has data already, and nothing was changed. To keep the data, set backup.restore to an empty text. To give it up: helm -n {{ .Release.Namespace }} uninstall {{ .Release.Name }}, then delete Redis' claim, and install again."
    exit 1
  fi
  sound() {
    if ! [ -e "$file" ]; then
      say "Waiting for $RESTORE. The claim has: $(ls /backups | tr '\n' ' '). To send it: kubectl -n {{ .Release.Namespace }} exec -i {{ $redis }}-0 -c restore -- sh /etc/backup/receive.sh < $RESTORE"
      return 1
    fi
    seen=$(stat -c '%i %s %Y' "$file")
    [ "$seen" != "$checked" ] || return 1
    checked=$seen
    report="$(valkey-check-rdb "$file" 2>&1 && echo SOUND) $(head -c 6 "$file")"
    case $report in
      *"RDB format version"* | *"Future RDB version"* | *"Wrong signature"*" VALKEY") say "REFUSED: $RESTORE is of a newer version than this Valkey ($(valkey-server --version | grep -o 'v=[^ ]*')), and nothing was changed. Set redis.image to the version that wrote it." ;;
      *SOUND*) return 0 ;;
      *) say "REFUSED: $RESTORE is damaged or not complete, and nothing was changed. Send it again, or restore another one. $(echo "$report" | sed -n '/ERROR DETECTED/{n;p}')" ;;
    esac
    return 1
  }
  until sound; do sleep 1; done
  rm -rf $new
  mkdir $new
  # `valkey-cli --rdb -` writes a mark behind the end, which Redis would take for a broken command.
  end=$(echo "$report" | sed -n 's/^\[offset \([0-9]*\)\].*RDB looks OK.*/\1/p')
  head -c "$end" "$file" > $new/appendonly.aof.1.base.rdb
  echo 'file appendonly.aof.1.base.rdb seq 1 type b' > $new/appendonly.aof.manifest
  echo "$RESTORE" > $new/restored-from
  sync
  mv $new $data
  echo "$RESTORE is restored: $(echo "$report" | grep -o '[0-9]* keys read')."
receive.sh: |
  #!/bin/sh
  # Takes the file that restore.sh waits for from its input.
  set -eu
  cat > "/backups/.$RESTORE.part"
  mv "/backups/.$RESTORE.part" "/backups/$RESTORE"
{{- end }}

{{/* Fills Redis' volume before Redis starts, so nobody uses the older data meanwhile. */}}
{{- define "qwenedit.restoreContainer" -}}
- name: restore
  {{- include "qwenedit.container" (dict "root" . "image" .Values.redis.image) | nindent 2 }}
  command: [sh, /etc/backup/restore.sh]
  env:
    - {name: RESTORE, value: {{ .Values.backup.restore | quote }}}
  resources:
    {{- toYaml .Values.redis.resources | nindent 4 }}
  volumeMounts:
    - {name: data, mountPath: /data}
    - {name: backups, mountPath: /backups}
    - {name: backup-scripts, mountPath: /etc/backup, readOnly: true}
{{- end }}

{{- define "qwenedit.backupScriptsVolume" -}}
- name: backup-scripts
  configMap:
    name: {{ include "qwenedit.fullname" . }}-backup
{{- end }}

{{- define "qwenedit.guards.backup" -}}
{{- with .Values.backup }}
{{- if and .existingClaim (not $.Values.redis.enabled) }}
{{- fail "backup.existingClaim is set with redis.enabled=false: a Redis elsewhere is backed up by who runs it; leave backup.existingClaim empty (docs/backup.md)" }}
{{- end }}
{{- if .restore }}
{{- if not .existingClaim }}
{{- fail "backup.restore is set without backup.existingClaim: name the claim that has the file, or that receives it (docs/backup.md)" }}
{{- end }}
{{- if not $.Values.redis.persistence.enabled }}
{{- fail "backup.restore is set with redis.persistence.enabled=false: each restart of Redis would restore the same file again; set redis.persistence.enabled=true" }}
{{- end }}
{{- $name := printf "%s-redis" (include "qwenedit.fullname" $) }}
{{- $claim := tpl $.Values.redis.persistence.existingClaim $ | default (printf "data-%s-0" $name) }}
{{- $known := include "qwenedit.existing" (dict "root" $ "version" "apps/v1" "kind" "StatefulSet" "name" $name) | fromJson }}
{{- $before := dig "spec" "template" "spec" "initContainers" list $known | toJson }}
{{- if and (dig "status" "readyReplicas" 0 $known) (not (contains (toJson .restore) $before)) }}
{{- fail (printf "backup.restore is set, but Redis of this release runs, with data of its own and perhaps a bot that uses it: nothing was changed. To put the backup in its place, end the release and delete the claim (helm -n %s uninstall %s, kubectl -n %s delete pvc %s), and install it again with backup.restore (docs/backup.md)" $.Release.Namespace $.Release.Name $.Release.Namespace $claim) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
