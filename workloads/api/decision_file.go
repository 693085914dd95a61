package api

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/table"
)

// decisionsOfPage is how many decisions are read at once for a file.
const decisionsOfPage = 1_000

// fieldsNamed are some fields of the header of a decision in their own order, or all if
// there are no names.
func fieldsNamed(names []string) []decisionField {
	if names == nil {
		return headerFields
	}
	var out []decisionField
	for _, name := range names {
		i := slices.IndexFunc(headerFields, func(f decisionField) bool { return f.name == name })
		if i >= 0 && !slices.ContainsFunc(out, func(f decisionField) bool { return f.name == name }) {
			out = append(out, headerFields[i])
		}
	}
	return out
}

// rowOf is the type of a decision as a row of a file.
func rowOf(fields []decisionField) reflect.Type {
	out := make([]reflect.StructField, len(fields))
	for i, f := range fields {
		out[i] = reflect.StructField{Name: "F" + strconv.Itoa(i), Type: f.typ, Tag: reflect.StructTag(`json:"` + f.name + `"`)}
	}
	return reflect.StructOf(out)
}

// decisionFile is every decision that a query selects, in its order.
func (s *server) decisionFile(ctx context.Context, in *decisionsInput, q reader.DecisionList, now meter.Hour) (*huma.StreamResponse, error) {
	size, err := s.area(ctx)
	if err != nil {
		return nil, err
	}
	name := nameWith("decisions", in.Group)
	if in.Meter != "" {
		size, name = area{meters: 1}, nameWith("decisions", in.Meter)
	}
	fields := fieldsNamed(in.names())
	rowType := rowOf(fields)
	q.Limit = decisionsOfPage
	fill := func(ctx context.Context, write func(row any) error) error {
		for {
			rows, err := s.db.ListDecisions(ctx, q)
			if err != nil {
				return s.failed(ctx, "list decisions", err)
			}
			for _, d := range rows {
				header := s.decisionHeader(d, now)
				row := reflect.New(rowType)
				if err := json.Unmarshal(appendFields(nil, fields, &header), row.Interface()); err != nil {
					return err
				}
				if err := write(row.Elem().Interface()); err != nil {
					return err
				}
			}
			if len(rows) < decisionsOfPage {
				return nil
			}
			place := reader.PlaceOf(rows[len(rows)-1])
			q.After = &place
		}
	}
	f := &file{name: s.fileName(name, params.HourRange{From: q.From, To: q.To}), format: table.Format(in.Format), row: rowType, fill: fill}
	return s.download(ctx, daysOf(q.To-q.From)*(size.meters+size.groups), f)
}
