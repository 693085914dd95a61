package dsm

import (
	"fmt"
	"math"
	"strings"

	"github.com/energytwin/energytwin/internal/meter"
)

// deviceKinds is the table of devices. A device is planned on the load that those
// before it in the table leave: what has to be served comes first, what can make
// up for others comes last. A new kind is one more row, and a field of Asset.
var deviceKinds = [...]deviceKind{evKind, applianceKind, heatPumpKind, batteryKind, pvKind}

// Asset is a device behind the meters that it names. One of Battery, EV, PV,
// HeatPump and Appliance is set, and one of Meters and Group; each meter that fits
// has one of its own.
type Asset struct {
	Name     string    `json:"name"`
	Meters   []string  `json:"meters,omitempty"` // names; * stands for any characters, ? for one
	Group    string    `json:"group,omitempty"`
	Battery  *Battery  `json:"battery,omitempty"`
	EV       *EV       `json:"ev,omitempty"`
	PV       *PV       `json:"pv,omitempty"`
	HeatPump *HeatPump `json:"heatPump,omitempty"`

	Appliance *Appliance `json:"appliance,omitempty"`
}

// deviceKind is all that the planner, the ledger and the explanation know of one
// kind of device.
type deviceKind struct {
	name   string // of its field in an Asset, as JSON has it
	device func(*Asset) device

	// actions are those of plans that are mainly about it. The first is that of its
	// plan items.
	actions []Action

	titles      func(x *explainer, c itemWords) []string // of a plan that is mainly about it, see explainer.titles
	clause      func(x *explainer, c itemWords) string   // what to do with it, as a part of a sentence
	without     string                                   // leaving it out, as the start of a sentence
	otherwise   string                                   // running it by another plan that was weighed, likewise
	constraints map[Constraint]string                    // its own, each as a sentence
}

// device is a device as a policy describes it.
type device interface {
	// check reports what is wrong with the description to c; field is its path, with
	// a dot at the end.
	check(c *policyCheck, field string)
	// prepare makes it ready for plans in the local time of cal.
	prepare(cal *meter.Calendar) preparedDevice
}

// preparedDevice is a device that is ready for plans. It is immutable and shared.
type preparedDevice struct {
	floor    float64 // no hour of its meter's load is below, kWh; −∞ where it sets none
	share    float64 // of its meter's load that is its own and does not move as other load
	dispatch dispatch
}

// dispatchable is a device that can be run to a plan and states nothing about its
// meter's load.
func dispatchable(d dispatch) preparedDevice {
	return preparedDevice{floor: math.Inf(-1), dispatch: d}
}

// dispatch runs a device to a plan. It is nil for a device that cannot be.
type dispatch interface {
	// power is the most that it can add to an hour, kWh.
	power() float64
	// propose plans the device for a site: it draws there to plan (site.draw), and
	// fills in what it would draw without one. out is empty.
	propose(x *site, out *proposal)
	// purpose is what a proposal is mainly about. load is the meter's without it, in
	// kWh per slot.
	purpose(day *dayRates, load *[maxSlots]float64, of *proposal) (Action, Reason)
	// binding appends what held a proposal back.
	binding(of *proposal, dst []Constraint) []Constraint
	// alternatives appends the plans of the device that were weighed and rejected.
	alternatives(of *proposal, dst []Alternative) []Alternative
}

// plainDispatch is embedded by devices that are held back by nothing of their own
// and weigh no other plan.
type plainDispatch struct{}

func (plainDispatch) binding(_ *proposal, dst []Constraint) []Constraint { return dst }

func (plainDispatch) alternatives(_ *proposal, dst []Alternative) []Alternative { return dst }

// kindOf finds the kind of device that an action is about; nil if it is about none.
func kindOf(a Action) *deviceKind {
	for i := range deviceKinds {
		for _, own := range deviceKinds[i].actions {
			if own == a {
				return &deviceKinds[i]
			}
		}
	}
	return nil
}

// prepareDevices readies the devices of a policy that has passed its check, in the
// order of the table: by kind, then by asset.
func prepareDevices(assets []Asset, cal *meter.Calendar) (out [len(deviceKinds)][]assetDevice) {
	for k := range deviceKinds {
		for i := range assets {
			if d := deviceKinds[k].device(&assets[i]); d != nil {
				out[k] = append(out[k], assetDevice{asset: &assets[i], preparedDevice: d.prepare(cal)})
			}
		}
	}
	return out
}

// assetDevice is the device of an asset.
type assetDevice struct {
	asset *Asset
	preparedDevice
}

// deviceOf is a meter's device of a kind: the first that fits; nil if there is none.
func (p *planner) deviceOf(kind int, name, group string) *assetDevice {
	for i := range p.devices[kind] {
		if a := &p.devices[kind][i]; a.asset.at(name, group) {
			return a
		}
	}
	return nil
}

// assignDevices finds the devices behind a meter.
func (p *planner) assignDevices(ws *workspace, d *meterPlan, name, group string) {
	d.devices, d.share, d.floor = nil, p.shareOf(name, group), math.Inf(-1)
	for k := range deviceKinds {
		a := p.deviceOf(k, name, group)
		if a == nil {
			continue
		}
		d.floor = max(d.floor, a.floor)
		if a.dispatch != nil {
			if d.devices == nil {
				d.devices = ws.newDevicePlan()
			}
			d.devices.add(&deviceKinds[k], a.dispatch)
		}
	}
}

// shareOf is the share of a meter's load that may be taken away in an hour that is
// not protected. What is a device's own does not move as other load.
func (p *planner) shareOf(name, group string) float64 {
	own := 0.0
	for k := range deviceKinds {
		if a := p.deviceOf(k, name, group); a != nil {
			own += a.share
		}
	}
	return p.policy.Flexibility.ShiftableShare * (1 - own)
}

// at reports whether a meter has the asset.
func (a *Asset) at(name, group string) bool {
	if a.Group != "" {
		return a.Group == group
	}
	for _, pattern := range a.Meters {
		if meter.Fits(pattern, name) {
			return true
		}
	}
	return false
}

func (c *policyCheck) assets(assets []Asset) {
	for i := range assets {
		a := &assets[i]
		field := fmt.Sprintf("assets[%d]", i)
		if (len(a.Meters) > 0) == (a.Group != "") {
			c.fail(field, "names both or neither of meters and group; use one")
		}
		var names []string
		found := 0
		for k := range deviceKinds {
			kind := &deviceKinds[k]
			names = append(names, kind.name)
			if d := kind.device(a); d != nil {
				found++
				d.check(c, field+"."+kind.name+".")
			}
		}
		if found != 1 {
			last := len(names) - 1
			c.fail(field, "is %d kinds of asset; use one of %s and %s", found, strings.Join(names[:last], ", "), names[last])
		}
	}
}

// within gives rates that are above 0 in hours that touch a window.
func within(windows []TimeWindow, cal *meter.Calendar) *rates {
	t := Tariff{}
	for _, w := range windows {
		t.Periods = append(t.Periods, Period{Days: w.Days, Start: w.Start, End: w.End, Price: 1})
	}
	return newRates(t, cal)
}
