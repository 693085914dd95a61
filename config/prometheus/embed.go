// Package prometheus holds the alert rules of a twin, so that the operator can
// hand them to Prometheus.
package prometheus

import _ "embed"

// Rules are the rules of one twin in Prometheus's own form.
//
//go:embed rules.yaml
var Rules []byte
