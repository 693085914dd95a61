// Package decisions is the table of decisions: its columns, and what follows from
// them for COPY, INSERT, SELECT, the message and the API's answer.
package decisions

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/twin"
)

// tableRow is a row of the table decisions.
type tableRow struct {
	*dsm.Decision
	partition, meterNo, groupNo, provenance int32
	shadow                                  bool
	heldTo                                  meter.Hour
	packed                                  packed
}

// table is a decision column by column: how it is copied, inserted and read,
// and what the message and the API call it. COPY, INSERT, SELECT, the message and the
// fields of the API's answer follow from it. Message and answer have this order.
var table = []column{
	idColumn("id", func(r *tableRow) *uuid.UUID { return &r.ID }, shown{message: "id", answer: "id", tag: `format:"uuid"`}),
	joinedName("coalesce(m.name, '')", func(r *tableRow) *string { return &r.Meter }, shown{message: "meter", omit: true, answer: "meter", tag: `doc:"Null for a decision about a group"`}),
	joinedName("coalesce(g.name, '')", func(r *tableRow) *string { return &r.Group }, shown{message: "group", omit: true, answer: "group"}),
	maybeTextColumn("limit_group", func(r *tableRow) *string { return &r.LimitGroup }, shown{message: "limitGroup", omit: true, answer: "limitGroup",
		tag: `doc:"The group above the meter's own whose limit the plan serves most, or which leaves it less room; null where that is its own group, or none"`}),
	joinedFlag(Shadowed, func(r *tableRow) *bool { return &r.shadow }),
	hourColumn("issued_at", func(r *tableRow) *meter.Hour { return &r.IssuedAt }, shown{message: "issuedAt", answer: "issuedAt"}),
	hourColumn("valid_from", func(r *tableRow) *meter.Hour { return &r.ValidFrom }, shown{message: "validFrom", answer: "validFrom"}),
	hourColumn("valid_to", func(r *tableRow) *meter.Hour { return &r.ValidTo }, shown{message: "validTo", answer: "validTo", tag: `doc:"Exclusive"`}),
	hourColumn("actionable_from", func(r *tableRow) *meter.Hour { return &r.ActionableFrom }, shown{message: "actionableFrom", answer: "actionableFrom",
		tag: `doc:"Earlier hours had passed before the plan could be known, and count in no KPI"`}),
	joinedHour(HeldTo, func(r *tableRow) *meter.Hour { return &r.heldTo }, shown{answer: "heldTo",
		tag: `doc:"Until then the plan holds: validTo, or the first hour of the decision that supersedes it"`}),
	maybeIDColumn("supersedes", func(r *tableRow) *uuid.UUID { return &r.Supersedes }, shown{message: "supersedes", omit: true, answer: "supersedes",
		tag: `format:"uuid" doc:"The decision whose plan this one replaces from validFrom on; null of the first one about its day"`}),
	numberColumn("superseded_energy", func(r *tableRow) *float32 { return &r.SupersededEnergy }, shown{message: "supersededSavingEnergy", omit: true, answer: "supersededSavingEnergy",
		tag: `doc:"What that plan is expected to save on energy from there on, in the currency; null where nothing was planned"`}),
	numberColumn("superseded_demand", func(r *tableRow) *float32 { return &r.SupersededDemand }, shown{message: "supersededSavingDemand", omit: true, answer: "supersededSavingDemand",
		tag: `doc:"Likewise on the demand charge"`}),
	codeColumn("action", func(r *tableRow) *dsm.Action { return &r.Action }, shown{message: "action", answer: "action", tag: actionsTag()}),
	codeColumn("reason", func(r *tableRow) *dsm.Reason { return &r.Reason }, shown{message: "reason", answer: "reason", tag: `doc:"Main cause" example:"price_spread"`}),
	intColumn("partition", func(r *tableRow) *int32 { return &r.partition }),
	intColumn("meter_no", func(r *tableRow) *int32 { return &r.meterNo }),
	intColumn("group_no", func(r *tableRow) *int32 { return &r.groupNo }),
	intColumn("provenance_no", func(r *tableRow) *int32 { return &r.provenance }),
	realsColumn("plan", func(r *tableRow) *[]float32 { return &r.Plan }, shown{message: "planKWh", omit: true}),
	realColumn("kwh_shifted", func(r *tableRow) *float32 { return &r.KWhShifted }, shown{message: "shiftedKWh", answer: "kwhShifted"}),
	realColumn("kw_reduction", func(r *tableRow) *float32 { return &r.KWReduction }, shown{message: "reductionKW", answer: "kwReduction", tag: `doc:"Peak before less peak after"`}),
	numberColumn("peak_before", func(r *tableRow) *float32 { return &r.PeakBefore }, shown{message: "peakBeforeKW", answer: "peakBeforeKw"}),
	numberColumn("peak_after", func(r *tableRow) *float32 { return &r.PeakAfter }, shown{message: "peakAfterKW", answer: "peakAfterKw"}),
	numberColumn("par_before", func(r *tableRow) *float32 { return &r.PARBefore }, shown{answer: "parBefore", tag: `doc:"Peak-to-average ratio of the forecast"`}),
	numberColumn("par_after", func(r *tableRow) *float32 { return &r.PARAfter }, shown{answer: "parAfter"}),
	numberColumn("cap_kw", func(r *tableRow) *float32 { return &r.CapKW }, shown{message: "capKW", answer: "capKw", tag: `doc:"Stay below this"`}),
	numberColumn("price_threshold", func(r *tableRow) *float32 { return &r.PriceThresh }, shown{message: "priceThreshold", answer: "priceThreshold",
		tag: `doc:"Shift away from hours more expensive than this, currency per kWh"`}),
	realColumn("saving_p10", func(r *tableRow) *float32 { return &r.SavingP10 }, shown{message: "savingP10", answer: "savingP10"}),
	realColumn("saving_p50", func(r *tableRow) *float32 { return &r.SavingP50 }, shown{message: "savingP50", answer: "savingP50", tag: `doc:"Expected saving, in the currency"`}),
	realColumn("saving_p90", func(r *tableRow) *float32 { return &r.SavingP90 }, shown{message: "savingP90", answer: "savingP90"}),
	numberColumn("saving_energy", func(r *tableRow) *float32 { return &r.SavingEnergy }, shown{message: "savingEnergy", answer: "savingEnergy",
		tag: `doc:"Expected saving on energy, the mean over the scenarios, in the currency; null of a decision of an earlier version"`}),
	numberColumn("saving_demand", func(r *tableRow) *float32 { return &r.SavingDemand }, shown{message: "savingDemand", answer: "savingDemand",
		tag: `doc:"Expected saving on the demand charge, likewise; 0 without a charge"`}),
	numberColumn("month_peak", func(r *tableRow) *float32 { return &r.MonthPeak }, shown{message: "monthPeakKW", answer: "monthPeakKw",
		tag: `doc:"Highest hour of the month before the plan; null without a demand charge, and of a group"`}),
	numberColumn("co2_kg", func(r *tableRow) *float32 { return &r.CO2Kg }, shown{message: "co2Kg", answer: "co2Kg", tag: `doc:"Expected avoided emissions"`}),
	realColumn("confidence", func(r *tableRow) *float32 { return &r.Confidence }, shown{message: "confidence", answer: "confidence",
		tag: `minimum:"0" maximum:"1" doc:"Probability that the plan gains by the policy's objective; of a group, that the peak falls"`}),
	maybeHourColumn("last_reading", func(r *tableRow) *meter.Hour { return &r.LastReading }, shown{message: "lastReading", answer: "inputs.lastReadingAt"}),
	realColumn("missing_share", func(r *tableRow) *float32 { return &r.MissingShare }, shown{message: "missingShare", answer: "inputs.missingShare",
		tag: `doc:"Share of the 7 days before that is missing"`}),
	boolColumn("stale", func(r *tableRow) *bool { return &r.Stale }, shown{message: "stale", answer: "inputs.stale"}),
	versionColumn("packed_version", func(r *tableRow) *int16 { return &r.packed.version }),
	codesColumn("factors", func(r *tableRow) *[]int16 { return &r.packed.factors }),
	codesColumn("alternatives", func(r *tableRow) *[]int16 { return &r.packed.alternatives }),
	codesColumn("binding", func(r *tableRow) *[]int16 { return &r.packed.binding }),
	codesColumn("items", func(r *tableRow) *[]int16 { return &r.packed.items }),
	realsColumn("amounts", func(r *tableRow) *[]float32 { return &r.packed.amounts }, shown{}),
}

// storedColumns are those that are columns of the table decisions itself.
var storedColumns = slices.DeleteFunc(slices.Clone(table), func(c column) bool { return c.append == nil })

// Statements on all columns.
var (
	Copy   = `COPY decisions (` + columnList(storedColumns, "") + `) FROM STDIN BINARY`
	Insert = `INSERT INTO decisions (` + columnList(storedColumns, "") + `) VALUES (` + placeHolders(len(storedColumns)) + `) ON CONFLICT DO NOTHING`

	// Select goes with Query.
	Select = SelectHeldTo(HeldTo)

	// SelectPlanned is Select with plans that hold as they were made, to ValidTo. To look
	// for what supersedes each of many decisions costs more than to read them.
	SelectPlanned = SelectHeldTo(`d.valid_to`)
)

// SelectHeldTo is Select with another expression for HeldTo.
func SelectHeldTo(expression string) string {
	columns := slices.Clone(table)
	for i := range columns {
		if columns[i].name == HeldTo {
			columns[i].name = expression
		}
	}
	return `SELECT ` + columnList(columns, "d.") + `
		FROM decisions d
		LEFT JOIN meters m ON m.meter_no = d.meter_no
		LEFT JOIN groups g ON g.group_no = d.group_no `
}

// columnList lists columns for SQL, those of the table behind a prefix.
func columnList(columns []column, prefix string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.name
		if c.append != nil {
			list[i] = prefix + c.name
		}
	}
	return strings.Join(list, ", ")
}

func placeHolders(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(i+1)
	}
	return strings.Join(all, ", ")
}

// CopyRows encodes the decisions of a batch, one by one.
type CopyRows struct {
	partition, provenance int32
	rows                  []twin.Decision
	current               tableRow // the one that is written: a variable of its own for each row would be allocated
}

// RowsOf are the decisions of a batch of one partition as rows.
func RowsOf(partition int, provenance int32, of []twin.Decision) *CopyRows {
	return &CopyRows{partition: int32(partition), provenance: provenance, rows: of}
}

// Len is the number of rows.
func (r *CopyRows) Len() int { return len(r.rows) }

func (r *CopyRows) row(i int) *tableRow {
	d := &r.rows[i]
	r.current = tableRow{
		Decision: &d.Decision, partition: r.partition, meterNo: d.MeterNo, groupNo: d.GroupNo, provenance: r.provenance,
		packed: r.current.packed,
	}
	r.current.packed.pack(&d.Decision)
	return &r.current
}

// RowSize is an upper bound of the bytes that row i takes: it counts each column that
// is neither a list nor a text as the widest, an id.
func (r *CopyRows) RowSize(i int) int {
	const widest = 4 + 16
	d := &r.rows[i].Decision
	return 2 + widest*len(storedColumns) + len(d.LimitGroup) + packedSize(d)
}

// AppendRow appends row i in the format of binary COPY.
func (r *CopyRows) AppendRow(dst []byte, i int) []byte {
	row := r.row(i)
	dst = pgvalue.AppendCount(dst, len(storedColumns))
	for c := range storedColumns {
		dst = storedColumns[c].append(dst, row)
	}
	return dst
}

// Args are the values of row i for Insert.
func (r *CopyRows) Args(i int) []any {
	row := r.row(i)
	out := make([]any, len(storedColumns))
	for c := range storedColumns {
		out[c] = storedColumns[c].arg(row)
	}
	return out
}

// scanner reads rows of Select. Where the driver puts the values of a row is the same for
// all of them.
type scanner struct {
	decision dsm.Decision
	row      tableRow
	targets  []any
}

func newScanner() *scanner {
	s := &scanner{targets: make([]any, len(table))}
	s.row.Decision = &s.decision
	for c := range table {
		s.targets[c] = table[c].target(&s.row)
	}
	return s
}

// scan reads a row, whose lists are in memory of their own.
func (s *scanner) scan(into func(...any) error) (Row, error) {
	s.decision = dsm.Decision{}
	if err := into(s.targets...); err != nil {
		return Row{}, err
	}
	r := &s.row
	if err := r.packed.unpack(&s.decision); err != nil {
		return Row{}, fmt.Errorf("decision %s: %w", s.decision.ID, err)
	}
	return Row{Decision: s.decision, MeterNo: r.meterNo, GroupNo: r.groupNo, Provenance: r.provenance, Shadow: r.shadow, HeldTo: r.heldTo}, nil
}

// actionsTag lists the codes of all actions.
func actionsTag() string {
	var codes []string
	for _, a := range dsm.Actions() {
		codes = append(codes, a.String())
	}
	return `enum:"` + strings.Join(codes, ",") + `"`
}
