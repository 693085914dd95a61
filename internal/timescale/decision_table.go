package timescale

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// decisionRow is a row of the table decisions.
type decisionRow struct {
	*dsm.Decision
	partition, meterNo, groupNo, provenance int32
	lists                                   decisionLists
}

// decisionTable is the table decisions: each column with how it is copied, inserted
// and read. COPY, INSERT and SELECT follow from it.
var decisionTable = []decisionColumn{
	idColumn("id", func(r *decisionRow) *uuid.UUID { return &r.ID }),
	hourColumn("issued_at", func(r *decisionRow) *meter.Hour { return &r.IssuedAt }),
	hourColumn("valid_from", func(r *decisionRow) *meter.Hour { return &r.ValidFrom }),
	hourColumn("valid_to", func(r *decisionRow) *meter.Hour { return &r.ValidTo }),
	hourColumn("actionable_from", func(r *decisionRow) *meter.Hour { return &r.ActionableFrom }),
	hourColumn("last_reading", func(r *decisionRow) *meter.Hour { return &r.LastReading }),
	intColumn("partition", func(r *decisionRow) *int32 { return &r.partition }),
	intColumn("meter_no", func(r *decisionRow) *int32 { return &r.meterNo }),
	intColumn("group_no", func(r *decisionRow) *int32 { return &r.groupNo }),
	intColumn("provenance_no", func(r *decisionRow) *int32 { return &r.provenance }),
	realColumn("kwh_shifted", func(r *decisionRow) *float32 { return &r.KWhShifted }),
	realColumn("kw_reduction", func(r *decisionRow) *float32 { return &r.KWReduction }),
	numberColumn("peak_before", func(r *decisionRow) *float32 { return &r.PeakBefore }),
	numberColumn("peak_after", func(r *decisionRow) *float32 { return &r.PeakAfter }),
	numberColumn("par_before", func(r *decisionRow) *float32 { return &r.PARBefore }),
	numberColumn("par_after", func(r *decisionRow) *float32 { return &r.PARAfter }),
	numberColumn("cap_kw", func(r *decisionRow) *float32 { return &r.CapKW }),
	numberColumn("price_threshold", func(r *decisionRow) *float32 { return &r.PriceThresh }),
	realColumn("saving_p10", func(r *decisionRow) *float32 { return &r.SavingP10 }),
	realColumn("saving_p50", func(r *decisionRow) *float32 { return &r.SavingP50 }),
	realColumn("saving_p90", func(r *decisionRow) *float32 { return &r.SavingP90 }),
	numberColumn("co2_kg", func(r *decisionRow) *float32 { return &r.CO2Kg }),
	realColumn("confidence", func(r *decisionRow) *float32 { return &r.Confidence }),
	realColumn("missing_share", func(r *decisionRow) *float32 { return &r.MissingShare }),
	codeColumn("action", func(r *decisionRow) *dsm.Action { return &r.Action }),
	codeColumn("reason", func(r *decisionRow) *dsm.Reason { return &r.Reason }),
	boolColumn("stale", func(r *decisionRow) *bool { return &r.Stale }),
	planColumn("plan"),
	factorsColumn("factors"),
	alternativesColumn("alternatives"),
	bindingColumn("binding"),
	partsColumn("parts"),
}

// Statements on all columns.
var (
	copyDecisions  = `COPY decisions (` + decisionNames("") + `) FROM STDIN BINARY`
	insertDecision = `INSERT INTO decisions (` + decisionNames("") + `) VALUES (` + placeHolders(len(decisionTable)) + `) ON CONFLICT DO NOTHING`

	// decisionSelect goes with scanDecision.
	decisionSelect = `SELECT ` + decisionNames("d.") + `, coalesce(m.name, ''), coalesce(g.name, ''), ` + shadowed + `
		FROM decisions d
		LEFT JOIN meters m ON m.meter_no = d.meter_no
		LEFT JOIN groups g ON g.group_no = d.group_no `
)

// decisionNames are the names of all columns, each behind a prefix.
func decisionNames(prefix string) string {
	names := make([]string, len(decisionTable))
	for i := range decisionTable {
		names[i] = prefix + decisionTable[i].name
	}
	return strings.Join(names, ", ")
}

func placeHolders(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(i+1)
	}
	return strings.Join(all, ", ")
}

// decisionRows are the decisions of a batch as rows.
type decisionRows struct {
	partition, provenance int32
	rows                  []twin.Decision
	current               decisionRow // the one that is written: a variable of its own for each row would be allocated
}

func rowsOfDecisions(b *Batch) *decisionRows {
	return &decisionRows{partition: int32(b.Partition), provenance: b.Provenance, rows: b.Decisions}
}

func (r *decisionRows) Len() int { return len(r.rows) }

func (r *decisionRows) row(i int) *decisionRow {
	d := &r.rows[i]
	r.current = decisionRow{Decision: &d.Decision, partition: r.partition, meterNo: d.MeterNo, groupNo: d.GroupNo, provenance: r.provenance}
	return &r.current
}

// rowSize counts each column that is no list as the widest, an id.
func (r *decisionRows) rowSize(i int) int {
	const widest = 4 + 16
	return 2 + widest*len(decisionTable) + listsSize(&r.rows[i].Decision)
}

func (r *decisionRows) appendRow(dst []byte, i int) []byte {
	row := r.row(i)
	dst = appendCount(dst, len(decisionTable))
	for c := range decisionTable {
		dst = decisionTable[c].append(dst, row)
	}
	return dst
}

// args are the values of row i for insertDecision.
func (r *decisionRows) args(i int) []any {
	row := r.row(i)
	out := make([]any, len(decisionTable))
	for c := range decisionTable {
		out[c] = decisionTable[c].arg(row)
	}
	return out
}

// scanDecision reads a row of decisionSelect.
func scanDecision(scan func(...any) error) (d Decision, err error) {
	row := decisionRow{Decision: &d.Decision}
	targets := make([]any, 0, len(decisionTable)+3)
	for c := range decisionTable {
		targets = append(targets, decisionTable[c].target(&row))
	}
	if err := scan(append(targets, &d.Meter, &d.Group, &d.Shadow)...); err != nil {
		return d, err
	}
	d.MeterNo, d.GroupNo, d.Provenance = row.meterNo, row.groupNo, row.provenance
	row.lists.unpack(&d.Decision)
	return d, nil
}
