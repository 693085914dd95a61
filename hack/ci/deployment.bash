# What the scripts of a deployment share. It is sourced, not run.
#
# A deployment applies manifests, verifies them, and then keeps them in the
# cluster as the last verified ones. They may hold Secrets, so that a Secret keeps
# them: energytwin-verified.NAME, where NAME distinguishes the deployments of one
# namespace. When a verification fails, these are applied and verified again.

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

# seconds DURATION: 90, 90s, 15m or 1h30m in seconds.
seconds() {
  [[ $1 =~ ^(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s?)?$ && -n $1 ]] || usage_error "TIMEOUT is a time such as 90s, 15m or 1h30m, not \"$1\""
  echo $((10#${BASH_REMATCH[2]:-0} * 3600 + 10#${BASH_REMATCH[4]:-0} * 60 + 10#${BASH_REMATCH[6]:-0}))
}

# own_namespace: that of the deployment of twins, which is kubectl's where NAMESPACE is not set.
own_namespace() {
  local namespace=${NAMESPACE:-$(kubectl config view --minify -o jsonpath='{..namespace}')}
  echo "${namespace:-default}"
}

# deployment_of FILE|DIR: the name of a deployment of twins.
deployment_of() {
  local name=${DEPLOYMENT:-}
  if [ -z "$name" ]; then
    name=$(basename "$(realpath "$1")")
    name=${name%.*}
    name=$(tr '[:upper:]' '[:lower:]' <<<"$name" | tr -c 'a-z0-9\n' -)
  fi
  [[ $name =~ ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ ]] ||
    usage_error "set DEPLOYMENT to a name of this deployment: lower-case letters, digits and dashes; \"$name\" is none"
  [ "$name" != operator ] || usage_error "set DEPLOYMENT to another name of this deployment: \"operator\" is that of deploy-operator"
  echo "$name"
}

# apply FILE|DIR [NAMESPACE]: the same field manager for every deployment, so that a field that the
# manifests no longer hold goes.
apply() {
  local in=()
  [ -z "${2:-}" ] || in=(--namespace "$2")
  kubectl apply "${in[@]}" --server-side --force-conflicts --recursive -f "$1" >&2
}

# keep_verified NAMESPACE NAME FILE|DIR REVISION: records what was verified.
keep_verified() {
  manifests "$1" "$3" | gzip -9 |
    kubectl --namespace "$1" create secret generic "energytwin-verified.$2" --type energytwin.dev/verified \
      --from-file=manifests.gz=/dev/stdin --from-literal=revision="$4" --dry-run=client -o yaml |
    kubectl --namespace "$1" apply --server-side --force-conflicts -f - >/dev/null
}

# verified_revision NAMESPACE NAME: the revision that was verified last, empty if none was.
verified_revision() {
  kubectl --namespace "$1" get secret "energytwin-verified.$2" --ignore-not-found -o jsonpath='{.data.revision}' | base64 -d
}

# previous NAMESPACE NAME FILE|DIR OUT: writes what to go back to: the manifests that
# were verified last, and the objects of FILE that are not among them as they are
# now. Empty: there is nothing.
previous() {
  local record
  record=$(kubectl --namespace "$1" get secret "energytwin-verified.$2" --ignore-not-found -o jsonpath='{.data.manifests\.gz}')
  {
    [ -z "$record" ] || base64 -d <<<"$record" | gzip -dc
    kubectl --namespace "$1" get --recursive -f "$3" --ignore-not-found -o json | as_written
  } | jq -sr 'reduce .[] as $object ({};
      ([$object.apiVersion, $object.kind, $object.metadata.namespace, $object.metadata.name] | join("/")) as $key
      | .[$key] //= $object)
    | .[] | "---", tojson' >"$4"
}

# as_written: live objects without what the cluster adds to them.
as_written() {
  jq 'if .kind == "List" then .items[] else . end
    | del(.status, .metadata.uid, .metadata.resourceVersion, .metadata.generation, .metadata.creationTimestamp,
        .metadata.managedFields, .metadata.finalizers,
        .metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"],
        .metadata.annotations["deployment.kubernetes.io/revision"])'
}

# manifests NAMESPACE FILE|DIR: all objects of the files, as kubectl reads them.
manifests() {
  kubectl --namespace "$1" create --dry-run=client --validate=ignore --recursive -f "$2" -o json |
    jq -c 'if .kind == "List" then .items[] else . end'
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
