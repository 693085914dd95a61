package decisions

// Advised is the condition on a decision d that it is meant for action.
const Advised = `d.provenance_no NOT IN (SELECT provenance_no FROM provenance WHERE mode = 'Shadow')`

// Shadowed is the opposite of Advised.
const Shadowed = `d.provenance_no IN (SELECT provenance_no FROM provenance WHERE mode = 'Shadow')`

// Provenance is what a decision was made by and from.
type Provenance struct {
	Model        string `json:"model"`
	ModelVersion string `json:"modelVersion"`
	Image        string `json:"image"`
	SpecHash     string `json:"specHash"`
	DatasetSHA   string `json:"datasetSha"`
	Tariff       string `json:"tariff"`
	Origin       string `json:"origin"` // of windows and models: stream, checkpoint or database
	Mode         string `json:"mode"`   // of the policy: Advisory or Shadow; "" counts as Advisory

	Series int64 `json:"seriesRevision,omitempty"` // of the series that were sent; 0 for none
}
