package timescale

import (
	"encoding/binary"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
)

// decisionColumn is a column of the table decisions, or an expression that is read
// with it.
type decisionColumn struct {
	name   string                                  // of the column, or the expression
	append func(dst []byte, r *decisionRow) []byte // as binary COPY has it; nil for an expression
	arg    func(r *decisionRow) any                // for a parameter
	target func(r *decisionRow) any                // where pgx puts the value that it read

	shown
	json     func(dst []byte, r *decisionRow) []byte
	jsonType reflect.Type // that encodes as json does
}

// shown names a column outside the database. Without it a column stays inside.
type shown struct {
	message string // field of the message; "" leaves it out
	answer  string // field of the API's answer; "" leaves it out
	tag     string // of the answer's field: its documentation and bounds, as tags of a struct
	omit    bool   // the message has no field where the value is null
}

func idColumn(name string, field func(*decisionRow) *uuid.UUID, as shown) decisionColumn {
	return decisionColumn{
		name: name,
		append: func(dst []byte, r *decisionRow) []byte {
			id := field(r)
			return append(binary.BigEndian.AppendUint32(dst, uint32(len(id))), id[:]...)
		},
		arg:    func(r *decisionRow) any { return *field(r) },
		target: func(r *decisionRow) any { return field(r) },

		shown: as, jsonType: reflect.TypeFor[string](),
		json: func(dst []byte, r *decisionRow) []byte { return appendJSONText(dst, field(r).String()) },
	}
}

// joinedName is an expression of a name, "" for none.
func joinedName(sql string, field func(*decisionRow) *string, as shown) decisionColumn {
	return decisionColumn{
		name:   sql,
		target: func(r *decisionRow) any { return field(r) },

		shown: as, jsonType: reflect.TypeFor[*string](),
		json: func(dst []byte, r *decisionRow) []byte {
			if *field(r) == "" {
				return append(dst, jsonNull...)
			}
			return appendJSONText(dst, *field(r))
		},
	}
}

// joinedFlag is an expression that is true or false.
func joinedFlag(sql string, field func(*decisionRow) *bool) decisionColumn {
	return decisionColumn{name: sql, target: func(r *decisionRow) any { return field(r) }}
}

// hourColumn has an hour that is always known.
func hourColumn(name string, field func(*decisionRow) *meter.Hour, as shown) decisionColumn {
	c := maybeHourColumn(name, field, as)
	c.jsonType = reflect.TypeFor[time.Time]()
	return c
}

// maybeHourColumn is null for meter.NoHour.
func maybeHourColumn(name string, field func(*decisionRow) *meter.Hour, as shown) decisionColumn {
	return decisionColumn{
		name:   name,
		append: func(dst []byte, r *decisionRow) []byte { return appendHour(dst, *field(r)) },
		arg:    func(r *decisionRow) any { return timeOrNull(*field(r)) },
		target: func(r *decisionRow) any { return (*scannedHour)(field(r)) },

		shown: as, jsonType: reflect.TypeFor[*time.Time](),
		json: func(dst []byte, r *decisionRow) []byte { return appendJSONHour(dst, *field(r)) },
	}
}

type scannedHour meter.Hour

// ScanTimestamptz takes a value of the database.
func (h *scannedHour) ScanTimestamptz(v pgtype.Timestamptz) error {
	*h = scannedHour(meter.NoHour)
	if v.Valid {
		*h = scannedHour(meter.HourOf(v.Time))
	}
	return nil
}

func intColumn(name string, field func(*decisionRow) *int32) decisionColumn {
	return decisionColumn{
		name:   name,
		append: func(dst []byte, r *decisionRow) []byte { return appendInt4(dst, *field(r)) },
		arg:    func(r *decisionRow) any { return *field(r) },
		target: func(r *decisionRow) any { return field(r) },
	}
}

// realColumn has a number that is always known.
func realColumn(name string, field func(*decisionRow) *float32, as shown) decisionColumn {
	c := numberColumn(name, field, as)
	c.append = func(dst []byte, r *decisionRow) []byte { return appendFloat4(dst, *field(r)) }
	c.arg = func(r *decisionRow) any { return *field(r) }
	c.target = func(r *decisionRow) any { return field(r) }
	return c
}

// numberColumn is null for NaN.
func numberColumn(name string, field func(*decisionRow) *float32, as shown) decisionColumn {
	return decisionColumn{
		name:   name,
		append: func(dst []byte, r *decisionRow) []byte { return appendNumber(dst, *field(r)) },
		arg:    func(r *decisionRow) any { return numberOrNull(*field(r)) },
		target: func(r *decisionRow) any { return (*scannedNumber)(field(r)) },

		shown: as, jsonType: reflect.TypeFor[*float32](),
		json: func(dst []byte, r *decisionRow) []byte { return appendJSONNumber(dst, *field(r)) },
	}
}

type scannedNumber float32

// ScanFloat64 takes a value of the database.
func (n *scannedNumber) ScanFloat64(v pgtype.Float8) error {
	*n = scannedNumber(math.NaN())
	if v.Valid {
		*n = scannedNumber(v.Float64)
	}
	return nil
}

// code is one of the enumerations of dsm.
type code interface {
	~uint8
	String() string
}

func codeColumn[T code](name string, field func(*decisionRow) *T, as shown) decisionColumn {
	return decisionColumn{
		name:   name,
		append: func(dst []byte, r *decisionRow) []byte { return appendInt2(dst, int16(*field(r))) },
		arg:    func(r *decisionRow) any { return int16(*field(r)) },
		target: func(r *decisionRow) any { return scannedCode[T]{field(r)} },

		shown: as, jsonType: reflect.TypeFor[string](),
		json: func(dst []byte, r *decisionRow) []byte { return appendJSONText(dst, (*field(r)).String()) },
	}
}

type scannedCode[T code] struct{ to *T }

// ScanInt64 takes a value of the database.
func (c scannedCode[T]) ScanInt64(v pgtype.Int8) error {
	*c.to = T(v.Int64)
	return nil
}

func boolColumn(name string, field func(*decisionRow) *bool, as shown) decisionColumn {
	return decisionColumn{
		name:   name,
		append: func(dst []byte, r *decisionRow) []byte { return appendBool(dst, *field(r)) },
		arg:    func(r *decisionRow) any { return *field(r) },
		target: func(r *decisionRow) any { return field(r) },

		shown: as, jsonType: reflect.TypeFor[bool](),
		json: func(dst []byte, r *decisionRow) []byte { return strconv.AppendBool(dst, *field(r)) },
	}
}

// decisionLists are the lists of a decision as they are stored. Empty ones are null:
// a null takes no room.
type decisionLists struct {
	factors      []float32 // pairs: factor, weight
	alternatives []float32 // triples: action, reason, saving
	binding      []int16
	parts        []float32 // see packParts
}

// planColumn is null for no plan.
func planColumn(name string, as shown) decisionColumn {
	return decisionColumn{
		shown: as, jsonType: reflect.TypeFor[[]float32](),
		json: func(dst []byte, r *decisionRow) []byte { return appendJSONNumbers(dst, r.Plan) },

		name: name,
		append: func(dst []byte, r *decisionRow) []byte {
			if len(r.Plan) == 0 {
				return appendNull(dst)
			}
			return appendFloats(dst, r.Plan)
		},
		arg: func(r *decisionRow) any {
			if len(r.Plan) == 0 {
				return []float32(nil)
			}
			return r.Plan
		},
		target: func(r *decisionRow) any { return &r.Plan },
	}
}

func factorsColumn(name string) decisionColumn {
	return decisionColumn{
		name: name,
		append: func(dst []byte, r *decisionRow) []byte {
			if len(r.Factors) == 0 {
				return appendNull(dst)
			}
			dst = appendArrayHeader(dst, 2*len(r.Factors), 8, oidFloat4)
			for _, f := range r.Factors {
				dst = appendFloat4(appendFloat4(dst, float32(f.Factor)), f.Weight)
			}
			return dst
		},
		arg: func(r *decisionRow) any {
			var packed []float32
			for _, f := range r.Factors {
				packed = append(packed, float32(f.Factor), f.Weight)
			}
			return packed
		},
		target: func(r *decisionRow) any { return &r.lists.factors },
	}
}

func alternativesColumn(name string) decisionColumn {
	return decisionColumn{
		name: name,
		append: func(dst []byte, r *decisionRow) []byte {
			if len(r.Alternatives) == 0 {
				return appendNull(dst)
			}
			dst = appendArrayHeader(dst, 3*len(r.Alternatives), 8, oidFloat4)
			for _, a := range r.Alternatives {
				dst = appendFloat4(appendFloat4(appendFloat4(dst, float32(a.Action)), float32(a.Reason)), a.Saving)
			}
			return dst
		},
		arg: func(r *decisionRow) any {
			var packed []float32
			for _, a := range r.Alternatives {
				packed = append(packed, float32(a.Action), float32(a.Reason), a.Saving)
			}
			return packed
		},
		target: func(r *decisionRow) any { return &r.lists.alternatives },
	}
}

func bindingColumn(name string) decisionColumn {
	return decisionColumn{
		name: name,
		append: func(dst []byte, r *decisionRow) []byte {
			if len(r.Binding) == 0 {
				return appendNull(dst)
			}
			dst = appendArrayHeader(dst, len(r.Binding), 6, oidInt2)
			for _, c := range r.Binding {
				dst = appendInt2(dst, int16(c))
			}
			return dst
		},
		arg: func(r *decisionRow) any {
			var packed []int16
			for _, c := range r.Binding {
				packed = append(packed, int16(c))
			}
			return packed
		},
		target: func(r *decisionRow) any { return &r.lists.binding },
	}
}

func partsColumn(name string) decisionColumn {
	return decisionColumn{
		name: name,
		append: func(dst []byte, r *decisionRow) []byte {
			if len(r.Parts) == 0 {
				return appendNull(dst)
			}
			return appendFloats(dst, packParts(r.Parts))
		},
		arg:    func(r *decisionRow) any { return packParts(r.Parts) },
		target: func(r *decisionRow) any { return &r.lists.parts },
	}
}

// listsSize is an upper bound of the bytes that the lists of a decision take.
func listsSize(d *dsm.Decision) int {
	const header = 24
	size := 5*header + 8*len(d.Plan) + 8*2*len(d.Factors) + 8*3*len(d.Alternatives) + 6*len(d.Binding)
	for i := range d.Parts {
		p := &d.Parts[i]
		size += 8 * (5 + len(p.Plan) + len(p.Value) + len(p.AtOnce))
	}
	return size
}

// unpack puts lists that were read into a decision.
func (l *decisionLists) unpack(d *dsm.Decision) {
	for i := 0; i+1 < len(l.factors); i += 2 {
		d.Factors = append(d.Factors, dsm.WeightedFactor{Factor: dsm.Factor(l.factors[i]), Weight: l.factors[i+1]})
	}
	for i := 0; i+2 < len(l.alternatives); i += 3 {
		d.Alternatives = append(d.Alternatives, dsm.Alternative{
			Action: dsm.Action(l.alternatives[i]), Reason: dsm.Reason(l.alternatives[i+1]), Saving: l.alternatives[i+2],
		})
	}
	for _, c := range l.binding {
		d.Binding = append(d.Binding, dsm.Constraint(c))
	}
	d.Parts = unpackParts(l.parts)
}

// packParts lays the items of a plan out as the column parts holds them; nil for
// none.
func packParts(parts []dsm.Part) []float32 {
	var out []float32
	for i := range parts {
		p := &parts[i]
		out = append(out, float32(p.Action), p.Saving, float32(len(p.Plan)))
		out = append(out, p.Plan...)
		out = append(out, float32(len(p.Value)))
		out = append(out, p.Value...)
		out = append(out, float32(len(p.AtOnce)))
		out = append(out, p.AtOnce...)
	}
	return out
}

// unpackParts is the reverse of packParts. What does not fit is left out.
func unpackParts(packed []float32) (parts []dsm.Part) {
	take := func(n int) []float32 {
		n = min(max(n, 0), len(packed))
		head := packed[:n:n]
		packed = packed[n:]
		return head
	}
	list := func() []float32 {
		if n := take(1); len(n) == 1 && n[0] > 0 {
			return take(int(n[0]))
		}
		return nil
	}
	for len(packed) >= 3 {
		head := take(2)
		parts = append(parts, dsm.Part{
			Action: dsm.Action(head[0]), Saving: head[1], Plan: list(), Value: list(), AtOnce: list(),
		})
	}
	return parts
}
