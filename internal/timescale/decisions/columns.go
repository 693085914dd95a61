package decisions

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// column is a column of the table decisions, or an expression that is read
// with it.
type column struct {
	name   string                               // of the column, or the expression
	append func(dst []byte, r *tableRow) []byte // as binary COPY has it; nil for an expression
	arg    func(r *tableRow) any                // for a parameter
	target func(r *tableRow) any                // where pgx puts the value that it read

	shown
	json     func(dst []byte, r *tableRow) []byte
	jsonType reflect.Type // that encodes as json does
}

// shown names a column outside the database. Without it a column stays inside.
type shown struct {
	message string // field of the message; "" leaves it out
	answer  string // field of the API's answer; "" leaves it out
	tag     string // of the answer's field: its documentation and bounds, as tags of a struct
	omit    bool   // the message has no field where the value is null
}

func idColumn(name string, field func(*tableRow) *uuid.UUID, as shown) column {
	return column{
		name: name,
		append: func(dst []byte, r *tableRow) []byte {
			id := field(r)
			return append(binary.BigEndian.AppendUint32(dst, uint32(len(id))), id[:]...)
		},
		arg:    func(r *tableRow) any { return *field(r) },
		target: func(r *tableRow) any { return (*scannedID)(field(r)) },

		shown: as, jsonType: reflect.TypeFor[string](),
		json: func(dst []byte, r *tableRow) []byte { return appendJSONText(dst, field(r).String()) },
	}
}

// maybeIDColumn is null for the zero value.
func maybeIDColumn(name string, field func(*tableRow) *uuid.UUID, as shown) column {
	return column{
		name: name,
		append: func(dst []byte, r *tableRow) []byte {
			if *field(r) == uuid.Nil {
				return pgvalue.AppendNull(dst)
			}
			return pgvalue.AppendUUID(dst, *field(r))
		},
		arg:    func(r *tableRow) any { return uuid.NullUUID{UUID: *field(r), Valid: *field(r) != uuid.Nil} },
		target: func(r *tableRow) any { return (*scannedID)(field(r)) },

		shown: as, jsonType: reflect.TypeFor[*string](),
		json: func(dst []byte, r *tableRow) []byte {
			if *field(r) == uuid.Nil {
				return append(dst, jsonNull...)
			}
			return appendJSONText(dst, field(r).String())
		},
	}
}

// scannedID takes an id as it is: uuid.UUID would have the driver write it as a text first.
type scannedID uuid.UUID

// ScanUUID takes a value of the database.
func (id *scannedID) ScanUUID(v pgtype.UUID) error {
	*id = scannedID(v.Bytes)
	return nil
}

// joinedHour is an expression of an hour.
func joinedHour(sql string, field func(*tableRow) *meter.Hour, as shown) column {
	c := hourColumn(sql, field, as)
	c.append, c.arg = nil, nil
	return c
}

// joinedName is an expression of a name, "" for none.
func joinedName(sql string, field func(*tableRow) *string, as shown) column {
	return column{
		name:   sql,
		target: func(r *tableRow) any { return field(r) },

		shown: as, jsonType: reflect.TypeFor[*string](),
		json: func(dst []byte, r *tableRow) []byte {
			if *field(r) == "" {
				return append(dst, jsonNull...)
			}
			return appendJSONText(dst, *field(r))
		},
	}
}

// maybeTextColumn is null for "".
func maybeTextColumn(name string, field func(*tableRow) *string, as shown) column {
	c := joinedName(name, field, as)
	c.append = func(dst []byte, r *tableRow) []byte {
		if *field(r) == "" {
			return pgvalue.AppendNull(dst)
		}
		return pgvalue.AppendText(dst, *field(r))
	}
	c.arg = func(r *tableRow) any { return pgtype.Text{String: *field(r), Valid: *field(r) != ""} }
	c.target = func(r *tableRow) any { return (*scannedText)(field(r)) }
	return c
}

type scannedText string

// ScanText takes a value of the database.
func (s *scannedText) ScanText(v pgtype.Text) error {
	*s = scannedText(v.String)
	return nil
}

// joinedFlag is an expression that is true or false.
func joinedFlag(sql string, field func(*tableRow) *bool) column {
	return column{name: sql, target: func(r *tableRow) any { return field(r) }}
}

// hourColumn has an hour that is always known.
func hourColumn(name string, field func(*tableRow) *meter.Hour, as shown) column {
	c := maybeHourColumn(name, field, as)
	c.jsonType = reflect.TypeFor[time.Time]()
	return c
}

// maybeHourColumn is null for meter.NoHour.
func maybeHourColumn(name string, field func(*tableRow) *meter.Hour, as shown) column {
	return column{
		name:   name,
		append: func(dst []byte, r *tableRow) []byte { return pgvalue.AppendHour(dst, *field(r)) },
		arg:    func(r *tableRow) any { return pgvalue.TimeOrNull(*field(r)) },
		target: func(r *tableRow) any { return (*scannedHour)(field(r)) },

		shown: as, jsonType: reflect.TypeFor[*time.Time](),
		json: func(dst []byte, r *tableRow) []byte { return appendJSONHour(dst, *field(r)) },
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

func intColumn(name string, field func(*tableRow) *int32) column {
	return column{
		name:   name,
		append: func(dst []byte, r *tableRow) []byte { return pgvalue.AppendInt4(dst, *field(r)) },
		arg:    func(r *tableRow) any { return *field(r) },
		target: func(r *tableRow) any { return field(r) },
	}
}

// realColumn has a number that is always known.
func realColumn(name string, field func(*tableRow) *float32, as shown) column {
	c := numberColumn(name, field, as)
	c.append = func(dst []byte, r *tableRow) []byte { return pgvalue.AppendFloat4(dst, *field(r)) }
	c.arg = func(r *tableRow) any { return *field(r) }
	c.target = func(r *tableRow) any { return field(r) }
	return c
}

// numberColumn is null for NaN.
func numberColumn(name string, field func(*tableRow) *float32, as shown) column {
	return column{
		name:   name,
		append: func(dst []byte, r *tableRow) []byte { return pgvalue.AppendNumber(dst, *field(r)) },
		arg:    func(r *tableRow) any { return pgvalue.NumberOrNull(*field(r)) },
		target: func(r *tableRow) any { return (*scannedNumber)(field(r)) },

		shown: as, jsonType: reflect.TypeFor[*float32](),
		json: func(dst []byte, r *tableRow) []byte { return appendJSONNumber(dst, *field(r)) },
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

func codeColumn[T code](name string, field func(*tableRow) *T, as shown) column {
	return column{
		name:   name,
		append: func(dst []byte, r *tableRow) []byte { return pgvalue.AppendInt2(dst, int16(*field(r))) },
		arg:    func(r *tableRow) any { return int16(*field(r)) },
		target: func(r *tableRow) any { return scannedCode[T]{field(r)} },

		shown: as, jsonType: reflect.TypeFor[string](),
		json: func(dst []byte, r *tableRow) []byte { return appendJSONText(dst, (*field(r)).String()) },
	}
}

type scannedCode[T code] struct{ to *T }

// ScanInt64 takes a value of the database.
func (c scannedCode[T]) ScanInt64(v pgtype.Int8) error {
	*c.to = T(v.Int64)
	return nil
}

func boolColumn(name string, field func(*tableRow) *bool, as shown) column {
	return column{
		name:   name,
		append: func(dst []byte, r *tableRow) []byte { return pgvalue.AppendBool(dst, *field(r)) },
		arg:    func(r *tableRow) any { return *field(r) },
		target: func(r *tableRow) any { return field(r) },

		shown: as, jsonType: reflect.TypeFor[bool](),
		json: func(dst []byte, r *tableRow) []byte { return strconv.AppendBool(dst, *field(r)) },
	}
}

// realsColumn and codesColumn are lists, null for an empty one: a null takes no room.
func realsColumn(name string, field func(*tableRow) *[]float32, as shown) column {
	return column{
		name: name,
		append: func(dst []byte, r *tableRow) []byte {
			if len(*field(r)) == 0 {
				return pgvalue.AppendNull(dst)
			}
			return pgvalue.AppendFloats(dst, *field(r))
		},
		arg:    func(r *tableRow) any { return copyOrNull(*field(r)) },
		target: func(r *tableRow) any { return field(r) },

		shown: as, jsonType: reflect.TypeFor[[]float32](),
		json: func(dst []byte, r *tableRow) []byte { return appendJSONNumbers(dst, *field(r)) },
	}
}

func codesColumn(name string, field func(*tableRow) *[]int16) column {
	return column{
		name: name,
		append: func(dst []byte, r *tableRow) []byte {
			codes := *field(r)
			if len(codes) == 0 {
				return pgvalue.AppendNull(dst)
			}
			dst = pgvalue.AppendArrayHeader(dst, len(codes), 6, pgvalue.OIDInt2)
			for _, c := range codes {
				dst = pgvalue.AppendInt2(dst, c)
			}
			return dst
		},
		arg:    func(r *tableRow) any { return copyOrNull(*field(r)) },
		target: func(r *tableRow) any { return (*scannedCodes)(field(r)) },
	}
}

// scannedCodes takes the codes of a row in the memory that it has from the row before: they
// are unpacked at once.
type scannedCodes []int16

// SetDimensions makes room for a list, or for none where that is null.
func (c *scannedCodes) SetDimensions(of []pgtype.ArrayDimension) error {
	n := 0
	if len(of) > 0 {
		n = int(of[0].Length)
	}
	*c = slices.Grow((*c)[:0], n)[:n]
	return nil
}

// ScanIndex is where code i goes.
func (c *scannedCodes) ScanIndex(i int) any { return &(*c)[i] }

// ScanIndexType is of the type that ScanIndex has.
func (c *scannedCodes) ScanIndexType() any { return new(int16) }

// versionColumn is the version of the packed columns.
func versionColumn(name string, field func(*tableRow) *int16) column {
	return column{
		name:   name,
		append: func(dst []byte, r *tableRow) []byte { return pgvalue.AppendInt2(dst, *field(r)) },
		arg:    func(r *tableRow) any { return *field(r) },
		target: func(r *tableRow) any { return field(r) },
	}
}

// copyOrNull is v in memory of its own, which a statement may keep.
func copyOrNull[T any](v []T) []T {
	if len(v) == 0 {
		return nil
	}
	return slices.Clone(v)
}
