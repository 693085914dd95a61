package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// rowInputs is everything that decides rows, and nothing else: not where the
// stores are, how many processors there are, how fast the replay runs, or which
// image does it.
type rowInputs struct {
	Timezone   string
	Dataset    Dataset
	Mode       string
	WarmUp     Duration
	Partitions int // decides which meters without a group are planned together
	Processor  Processor
	Series     []string // checksums of the series that were read
}

// rowHash is a hash of rowInputs, 32 hexadecimal digits. A file is known by what
// it is, not by where it lies here.
func (t *Twin) rowHash(series ...string) string {
	in := rowInputs{
		Timezone:   t.Timezone,
		Dataset:    t.Dataset,
		Mode:       t.Generator.Mode,
		WarmUp:     t.Generator.WarmUp,
		Partitions: t.Kafka.Partitions,
		Processor:  t.Processor,
		Series:     series,
	}
	in.Dataset.Path = ""
	if in.Dataset.SHA256 != "" {
		in.Dataset.Source = "" // the content identifies it
	}
	in.Processor.PriceSeries = withoutPath(in.Processor.PriceSeries)
	in.Processor.CarbonSeries = withoutPath(in.Processor.CarbonSeries)
	in.Processor.TemperatureSeries = withoutPath(in.Processor.TemperatureSeries)
	doc, err := json.Marshal(in)
	if err != nil {
		// Only a number that is not finite cannot be written, and Validate rejects it.
		return ""
	}
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:16])
}

// HashRows sets SpecHash to the hash of everything that decides rows.
func (t *Twin) HashRows() { t.SpecHash = t.rowHash() }

// HashSeries takes the content of the files of prices, carbon intensities and
// temperatures into SpecHash, by the checksums of the files in that order. Without
// checksums it changes nothing.
func (t *Twin) HashSeries(sums []string) {
	if len(sums) == 0 {
		return
	}
	hashed := *t
	hashed.Processor.Policy.Tariff.Series = nil // the checksums stand for them
	hashed.Processor.Policy.Tariff.Carbon = nil
	hashed.Processor.Temperatures = nil
	t.SpecHash = hashed.rowHash(sums...)
}

func withoutPath(s *Series) *Series {
	if s == nil {
		return nil
	}
	out := *s
	out.Path = ""
	return &out
}
