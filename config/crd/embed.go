// Package crd holds the generated CustomResourceDefinition, so that the binary
// can apply its rules without an API server.
package crd

import _ "embed"

// DigitalTwin is the YAML of the DigitalTwin's CustomResourceDefinition.
//
//go:embed bases/twin.energytwin.dev_digitaltwins.yaml
var DigitalTwin []byte
