// Package grafana holds the dashboards of a twin, so that the operator can hand
// them to Grafana.
package grafana

import "embed"

// Dashboards are the dashboards as Grafana exports them. They ask the data
// sources with the uids prometheus and timescale.
//
//go:embed dashboards/*.json
var Dashboards embed.FS
