/** Step is something to run, and what for. */
export interface Step {
  what: string;
  command: string;
}

/** commands run the same twin on a laptop, and check that it is the same. */
export function commands(of: { namespace: string; name: string }, hash: string): Step[] {
  const from = of.namespace ? `kubectl -n ${of.namespace} get digitaltwin ${of.name} -o yaml > twin.yaml` : `kubectl get digitaltwin ${of.name} -o yaml > twin.yaml`;
  return [
    { what: 'Take the resource from the cluster, or the file that the twin was started with', command: from },
    { what: 'Run it; a dataset is fetched and checked by its hash', command: 'energytwin local -f twin.yaml --speed max' },
    { what: 'Ask it for its hash, which is the same', command: `curl -s -H "X-API-Key: $KEY" http://127.0.0.1:8080/api/v1/spec | grep -o ${hash}` },
  ];
}
