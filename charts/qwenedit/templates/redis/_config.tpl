{{- define "qwenedit.valkeyConfig" -}}
{{- $keys := printf "%s:" (include "qwenedit.redisPrefix" .) -}}
valkey.conf: |
  dir /data
  port 6379
  protected-mode no
  aclfile /run/valkey/users.acl
  appendonly yes
  appendfsync {{ .Values.redis.persistence.appendfsync }}
  save ""
  maxmemory {{ .Values.redis.maxMemory }}
  maxmemory-policy noeviction
  # No reply is as large, whatever a worker has put where the bot reads.
  client-output-buffer-limit normal 64mb 0 0
  {{- if include "qwenedit.backupClaim" . }}
  # A backup is read as a replica reads; there are no others to wait for.
  repl-diskless-sync-delay 0
  {{- end }}
# One user a part, with the keys and commands it needs. The default user is off and yet may do everything: what is read
# from the append-only file at a start runs in its name, and transactions in it would be refused, which is lost jobs.
start.sh: |
  #!/bin/sh
  set -eu
  umask 077
  # Any script may run for ever in any user's name that runs scripts: the liveness probe ends that.
  scripts='-@scripting +evalsha +script|load'
  bot="+@all -@admin -@dangerous $scripts +info +bgrewriteaof"
  # What works on keys, and those are named; nothing that lists keys, makes functions, or manages streams. What fills a
  # key is in `qwenedit.workerKinds`.
  worker='-@all +@transaction +del +unlink +exists +type +expire +pexpire +expireat +pexpireat +persist +ttl +pttl'
  worker="$worker +publish +subscribe +unsubscribe +evalsha +script|load +time +info"
  worker="$worker +ping +hello +select +client|setinfo +client|setname +client|id"
  hash() { printf '%s' "$1" | sha256sum | cut -c1-64; }
  cat > /run/valkey/users.acl <<ACL
  user default off ~* &* +@all
  user probe on nopass resetkeys resetchannels -@all +ping
  user admin on #$(hash "$ADMIN_PASSWORD") ~* &* +@all
  user bot on #$(hash "$BOT_PASSWORD") ~{{ $keys }}* &{{ $keys }}* $bot
  user worker on #$(hash "$WORKER_PASSWORD") {{ include "qwenedit.workerKeys" . | replace "\n" " " | replace "qwenedit:" $keys }} &{{ $keys }}nudge $worker {{ include "qwenedit.workerKinds" . | replace "\n" " " | replace "qwenedit:" $keys }}
  user keda on #$(hash "$KEDA_PASSWORD") ~{{ $keys }}job_queue ~{{ $keys }}leases resetchannels -@all +ping +hello +select +eval +type +llen +zcard
  {{- if include "qwenedit.backupClaim" . }}
  user backup on #$(hash "$BACKUP_PASSWORD") resetchannels -@all +ping +sync +replconf
  {{- end }}
  ACL
  # With `appendfsync always` a server without room on its disk ends at its first write. This waits for room instead, so
  # that people can look into the pod; the log and the probes say why.
  trap 'exit 0' TERM
  while set -- $(df -Pk /data | tail -n 1) && [ "$4" -lt 16384 ]; do
    echo "No space left on device: /data has $4 of $2 kB left. Redis starts when 16384 are" | tee /run/valkey/full
    sleep 2
  done
  rm -f /run/valkey/full
  exec valkey-server /etc/valkey/valkey.conf
# ready, or alive: asks as a probe, and prints the reply, which the pod's events show. It is alive while it loads its data
# or waits for room. While a script runs without end (BUSY) it is not, and nobody who may run scripts may end one that has
# written. A server that can't write to its disk (MISCONF) is reached, so that people see why.
probe.sh: |
  #!/bin/sh
  reply=$(cat /run/valkey/full 2> /dev/null || valkey-cli --user probe --pass probe --no-auth-warning ping 2>&1)
  echo "$reply"
  case "$1 $reply" in
    *PONG | *MISCONF* | alive*LOADING* | alive*"No space"*) ;;
    *) exit 1 ;;
  esac
{{- end }}

{{/* What a worker may touch: jobs and pictures, not drafts, updates, answers, accounts or limits. All of it for
     reading and writing. `qwenedit` stands for `redis.prefix` here and below. */}}
{{- define "qwenedit.workerKeys" -}}
~qwenedit:job_queue ~qwenedit:leases ~qwenedit:leases:draining ~qwenedit:delayed ~qwenedit:dead
~qwenedit:events ~qwenedit:nudge ~qwenedit:paused ~qwenedit:held ~qwenedit:lost ~qwenedit:workers ~qwenedit:workers:*
~qwenedit:job:* ~qwenedit:unfinished:* ~qwenedit:claim:* ~qwenedit:picture:* ~qwenedit:pictures:answered
~qwenedit:time ~qwenedit:clock ~qwenedit:results:largest
{{- end }}

{{/* By which commands it may touch them: those of the key's own kind. A key of another kind would block the part that needs
     it. The layout, the time and the leader are for reading. A new key has to be named here as well. Of `lost`, `clock` and `nudge`
     only workers of the release before know. */}}
{{- define "qwenedit.workerKinds" -}}
(+@list -@dangerous ~qwenedit:job_queue ~qwenedit:held ~qwenedit:lost)
(+@sortedset -@dangerous ~qwenedit:leases ~qwenedit:leases:draining ~qwenedit:delayed
~qwenedit:dead ~qwenedit:workers ~qwenedit:workers:ended ~qwenedit:pictures:answered)
(+@set -@dangerous ~qwenedit:unfinished:*)
(+@hash -@dangerous ~qwenedit:job:*)
(+@string -@dangerous ~qwenedit:paused ~qwenedit:clock ~qwenedit:claim:* ~qwenedit:picture:*
~qwenedit:results:largest ~qwenedit:workers:about:*)
(+rename ~qwenedit:picture:*)
(+xadd +xlen +xrange ~qwenedit:events)
(+hmget %R~qwenedit:layout)
(+hmget %R~qwenedit:time)
(+get %R~qwenedit:leader)
{{- end }}
