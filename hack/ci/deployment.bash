# What the scripts of a deployment share. It is sourced, not run.
#
# A deployment applies manifests, verifies them, and then keeps them in the
# cluster as the last verified ones (ConfigMap energytwin-verified). When the
# verification fails, these are applied and verified again.

log() { printf '%s  %s\n' "$(date -u +%H:%M:%S)" "$*" >&2; }

usage_error() {
  log "$*"
  exit 2
}

# need COMMAND…: stops where a command is missing.
need() {
  local command
  for command in "$@"; do
    command -v "$command" >/dev/null || usage_error "$command is not installed, and this script uses it"
  done
}

readonly verified_record=energytwin-verified

# apply FILE|DIR [NAMESPACE]: the same field manager for every deployment, so that a field that the
# manifests no longer hold goes.
apply() {
  local in=()
  [ -z "${2:-}" ] || in=(--namespace "$2")
  kubectl apply "${in[@]}" --server-side --force-conflicts -f "$1" >&2
}

# keep_verified NAMESPACE FILE|DIR REVISION: records what was verified.
keep_verified() {
  local all
  all=$(mktemp)
  manifests "$2" | gzip -9n >"$all"
  kubectl --namespace "$1" create configmap "$verified_record" --dry-run=client -o yaml \
    --from-file=manifests.yaml.gz="$all" --from-literal=revision="$3" |
    kubectl --namespace "$1" apply --server-side --force-conflicts -f - >/dev/null
  rm -f "$all"
}

# verified_revision NAMESPACE: the revision that was verified last, empty if none was.
verified_revision() {
  kubectl --namespace "$1" get configmap "$verified_record" --ignore-not-found -o jsonpath='{.data.revision}'
}

# previous NAMESPACE FILE|DIR OUT: writes what to go back to: the manifests that
# were verified last, else the objects of FILE as they are now. Empty: there is nothing.
previous() {
  local record
  record=$(kubectl --namespace "$1" get configmap "$verified_record" --ignore-not-found \
    -o jsonpath='{.binaryData.manifests\.yaml\.gz}') || return
  if [ -n "$record" ]; then
    base64 -d <<<"$record" | gunzip >"$3"
  else
    kubectl --namespace "$1" get -f "$2" --ignore-not-found -o json | as_written >"$3"
  fi
}

# as_written: live objects without what the cluster adds to them, a document each.
as_written() {
  jq -r 'if . == null then empty elif .kind == "List" then .items[] else . end
    | del(.status, .metadata.uid, .metadata.resourceVersion, .metadata.generation, .metadata.creationTimestamp,
        .metadata.managedFields, .metadata.finalizers,
        .metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"],
        .metadata.annotations["deployment.kubernetes.io/revision"])
    | "---", tojson'
}

# manifests FILE|DIR: all documents as one text, as kubectl reads them.
manifests() {
  local file
  if [ ! -d "$1" ]; then
    cat "$1"
    return
  fi
  for file in "$1"/*.yaml "$1"/*.yml "$1"/*.json; do
    [ -f "$file" ] || continue
    echo "---"
    cat "$file"
    echo
  done
}

# probe URL [OPTION OF CURL…]: waits for a 200, for PATIENCE seconds at most, and prints the last answer.
probe() {
  local url=$1 until=$((SECONDS + ${PATIENCE:-60})) answer
  shift
  while :; do
    if answer=$(curl --silent --show-error --max-time 10 --fail-with-body "$@" "$url" 2>&1); then
      log "$url: ok"
      return
    fi
    [ "$SECONDS" -lt "$until" ] || break
    sleep 1
  done
  log "$url: ${answer:-no answer}"
  return 1
}
