// Package openadr shapes prices, limits and plans as objects of OpenADR 3.1, so that
// clients of that protocol (VENs) can read them. Objects have the names, units and patterns
// of its specification (OpenADR 3.1.1, schemas program, event and interval).
package openadr

import (
	"fmt"
	"strings"
	"time"
)

// Program is what events belong to.
type Program struct {
	Object
	Name         string        `json:"programName" minLength:"1" maxLength:"128"`
	Descriptors  []Descriptor  `json:"payloadDescriptors" nullable:"false"`
	Descriptions []Description `json:"programDescriptions,omitempty"`
}

// Description is where a program is described.
type Description struct {
	URL string `json:"URL" format:"uri"`
}

// Event is what holds in some intervals of time.
type Event struct {
	Object
	ProgramID   string       `json:"programID" pattern:"^[a-zA-Z0-9_-]*$" minLength:"1" maxLength:"128"`
	Name        string       `json:"eventName"`
	Priority    int          `json:"priority" minimum:"0" doc:"0 is the highest"`
	Targets     []string     `json:"targets" nullable:"false" doc:"Meters or groups that it is about; empty is all"`
	Descriptors []Descriptor `json:"payloadDescriptors" nullable:"false"`
	Period      Period       `json:"intervalPeriod"`
	Intervals   []Interval   `json:"intervals" nullable:"false"`
}

// Object is what programs and events have in common.
type Object struct {
	ID         string    `json:"id" pattern:"^[a-zA-Z0-9_-]*$" minLength:"1" maxLength:"128"`
	CreatedAt  time.Time `json:"createdDateTime"`
	ModifiedAt time.Time `json:"modificationDateTime"`
	Type       string    `json:"objectType" enum:"PROGRAM,EVENT"`
}

// Descriptor is the unit of a payload.
type Descriptor struct {
	Type     string `json:"objectType" enum:"EVENT_PAYLOAD_DESCRIPTOR"`
	Payload  string `json:"payloadType" minLength:"1" maxLength:"128"`
	Units    string `json:"units" enum:"KWH,KW,GHG"`
	Currency string `json:"currency,omitempty" doc:"ISO 4217 code"`
}

// Period is a stretch of time.
type Period struct {
	Start    time.Time `json:"start"`
	Duration string    `json:"duration" pattern:"^P(?:[0-9]+D)?(?:T(?:[0-9]+H)?)?$" patternDescription:"an ISO 8601 duration such as PT1H"`
}

// Interval is a part of an event with its values.
type Interval struct {
	ID       int       `json:"id" minimum:"0"`
	Period   *Period   `json:"intervalPeriod,omitempty" doc:"Left out where intervals follow one another at the step of the event's intervalPeriod"`
	Payloads []Payload `json:"payloads" nullable:"false"`
}

// Payload is values of one kind.
type Payload struct {
	Type   string    `json:"type" minLength:"1" maxLength:"128"`
	Values []float64 `json:"values" nullable:"false"`
}

// Programs of a twin, as the ids of their events name them.
const (
	Prices = "prices"
	Limits = "limits"
	Plans  = "plans"
)

// Payload types of the specification.
const (
	price         = "PRICE"
	emissions     = "GHG"
	importLimit   = "IMPORT_CAPACITY_LIMIT"
	relativeSteps = "DISPATCH_SETPOINT_RELATIVE"
)

func descriptor(payload, units, currency string) Descriptor {
	return Descriptor{Type: "EVENT_PAYLOAD_DESCRIPTOR", Payload: payload, Units: units, Currency: currency}
}

// ProgramsOf are the programs of a twin that has begun at a time.
func ProgramsOf(twin, currency string, begun time.Time) []Program {
	program := func(id, name string, of ...Descriptor) Program {
		return Program{Object: Object{ID: id, CreatedAt: begun, ModifiedAt: begun, Type: "PROGRAM"}, Name: twin + " " + name, Descriptors: of}
	}
	return []Program{
		program(Prices, Prices, descriptor(price, "KWH", currency), descriptor(emissions, "GHG", "")),
		program(Limits, Limits, descriptor(importLimit, "KW", "")),
		program(Plans, Plans, descriptor(relativeSteps, "KW", "")),
	}
}

// Hour is the price of an hour and its carbon intensity, as far as they are known.
type Hour struct {
	Start  time.Time
	Price  *float64 // of a kWh
	Carbon *float64 // kg/kWh
}

// PriceEvent is the tariff of some hours that follow one another. It is another event each
// hour, at its first one.
func PriceEvent(hours []Hour, currency string) Event {
	start := hours[0].Start
	e := Event{
		Object:    Object{ID: Prices + "-" + start.Format("20060102T1504"), CreatedAt: start, ModifiedAt: start, Type: "EVENT"},
		ProgramID: Prices, Name: "price of energy", Priority: 2, Targets: []string{},
		Descriptors: []Descriptor{descriptor(price, "KWH", currency), descriptor(emissions, "GHG", "")},
		Period:      Period{Start: start, Duration: "PT1H"}, Intervals: []Interval{},
	}
	for i, h := range hours {
		interval := Interval{ID: i, Payloads: []Payload{}}
		if h.Price != nil {
			interval.Payloads = append(interval.Payloads, Payload{Type: price, Values: []float64{*h.Price}})
		}
		if h.Carbon != nil {
			interval.Payloads = append(interval.Payloads, Payload{Type: emissions, Values: []float64{*h.Carbon * gramsPerKg}})
		}
		e.Intervals = append(e.Intervals, interval)
	}
	return e
}

const gramsPerKg = 1_000

// LimitEvent is the limit of a group in the hours from a time on, in kW.
func LimitEvent(group string, kw float64, from time.Time, hours int) Event {
	return Event{
		Object:    Object{ID: Limits + "-" + objectID(group), CreatedAt: from, ModifiedAt: from, Type: "EVENT"},
		ProgramID: Limits, Name: "limit of " + group, Priority: 0, Targets: []string{group},
		Descriptors: []Descriptor{descriptor(importLimit, "KW", "")},
		Period:      Period{Start: from, Duration: fmt.Sprintf("PT%dH", hours)},
		Intervals:   []Interval{{ID: 0, Payloads: []Payload{{Type: importLimit, Values: []float64{kw}}}}},
	}
}

// Plan is a decision that asks for a change of load.
type Plan struct {
	ID       string // a UUID
	Title    string
	For      string // meter or group
	ForLimit bool   // it holds a limit, and does not only save money
	IssuedAt time.Time
	From     time.Time // start of the first hour
	KW       []float64 // change of load in each hour: negative where load is taken away
}

// PlanEvent is a plan. Hours that follow one another with the same change are one interval;
// hours without a change are left out.
func PlanEvent(p *Plan) Event {
	e := Event{
		Object:    Object{ID: p.ID, CreatedAt: p.IssuedAt, ModifiedAt: p.IssuedAt, Type: "EVENT"},
		ProgramID: Plans, Name: p.Title, Priority: 2, Targets: []string{p.For},
		Descriptors: []Descriptor{descriptor(relativeSteps, "KW", "")},
		Period:      Period{Start: p.From, Duration: fmt.Sprintf("PT%dH", len(p.KW))}, Intervals: []Interval{},
	}
	if p.ForLimit {
		e.Priority = 1
	}
	for i := 0; i < len(p.KW); {
		run := 1
		for i+run < len(p.KW) && p.KW[i+run] == p.KW[i] {
			run++
		}
		if p.KW[i] != 0 {
			e.Intervals = append(e.Intervals, Interval{
				ID:       len(e.Intervals),
				Period:   &Period{Start: p.From.Add(time.Duration(i) * time.Hour), Duration: fmt.Sprintf("PT%dH", run)},
				Payloads: []Payload{{Type: relativeSteps, Values: []float64{p.KW[i]}}},
			})
		}
		i += run
	}
	return e
}

// objectID is a name as an id of OpenADR: characters that it does not know are written as
// underscores and their number.
func objectID(name string) string {
	var out strings.Builder
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-':
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, "_%x_", r)
		}
	}
	return out.String()
}
