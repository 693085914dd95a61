package decisions

// superseding is the part of a query on decisions d that finds what supersedes one of them.
const superseding = `FROM decisions n WHERE n.supersedes = d.id AND n.meter_no = d.meter_no AND n.issued_at >= d.issued_at AND n.issued_at < d.valid_to`

// Expressions about decisions d.
const (
	// HeldTo is the time until which the plan of a decision holds: where another decision
	// supersedes it, that one's first hour.
	HeldTo = `coalesce((SELECT min(n.valid_from) ` + superseding + `), d.valid_to)`

	// InForce is true for a decision that none supersedes.
	InForce = `NOT EXISTS (SELECT ` + superseding + `)`
)

// HeldToAsKnown is HeldTo as it was known at a time, an expression: what superseded the
// decision later is left out.
func HeldToAsKnown(at string) string {
	return `coalesce((SELECT min(n.valid_from) ` + superseding + ` AND n.issued_at <= ` + at + `), d.valid_to)`
}
