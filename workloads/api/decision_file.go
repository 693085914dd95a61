package api

import (
	"context"
	"encoding/json"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/table"
)

// decisionsOfPage is how many decisions are read at once for a file.
const decisionsOfPage = 1_000

// decisionRow is the type of a decision as a row of a file: the fields of its header.
var decisionRow = rowOf(headerFields)

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
	q.Limit = decisionsOfPage
	fill := func(ctx context.Context, write func(row any) error) error {
		for {
			rows, err := s.db.ListDecisions(ctx, q)
			if err != nil {
				return s.failed(ctx, "list decisions", err)
			}
			for _, d := range rows {
				header := s.decisionHeader(d, now)
				row := reflect.New(decisionRow)
				if err := json.Unmarshal(appendFields(nil, headerFields, &header), row.Interface()); err != nil {
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
	f := &file{name: s.fileName(name, params.HourRange{From: q.From, To: q.To}), format: table.Format(in.Format), row: decisionRow, fill: fill}
	return s.download(ctx, daysOf(q.To-q.From)*(size.meters+size.groups), f)
}
