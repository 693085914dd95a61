package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

const (
	// idleStream is three heartbeats: a stream that is silent for longer is dead.
	idleStream = 45 * time.Second
	// maxEvent bounds an event, in bytes.
	maxEvent = 4 << 20
	// firstPause and longestPause are between attempts to open a stream that was lost. A pause doubles.
	firstPause, longestPause = time.Second, 30 * time.Second
)

// LiveEvent is an event of the live stream. The field of its kind is set; none of them for a kind
// that this version does not know.
type LiveEvent struct {
	// ID is where the stream goes on, as StreamParams.LastEventID.
	ID string
	// Kind is state, forecast, decision, limit, alert or reset.
	Kind     string
	State    *StateEvent
	Forecast *ForecastEvent
	Decision *DecisionHeader
	Limit    *LimitEvent
	Alert    *Alert
	// Reset means that events may be missing: what is shown is to be read again.
	Reset *ResetEvent
	// Data is the event as JSON.
	Data json.RawMessage
}

// Events is the live stream. It goes on behind the last event after a lost connection, without loss
// or repeats, until ctx is done or the caller leaves. It ends with an error where the stream cannot
// be opened at first, or the API rejects it later, as when the key was revoked.
func (c *Client) Events(ctx context.Context, params *StreamParams) iter.Seq2[LiveEvent, error] {
	var from StreamParams
	if params != nil {
		from = *params
	}
	return func(yield func(LiveEvent, error) bool) {
		pause, opened := firstPause, false
		for {
			err := c.follow(ctx, &from, func(e LiveEvent) bool {
				pause, opened = firstPause, true
				return yield(e, nil)
			}, func() { opened = true })
			var rejected *Problem
			switch {
			case err == nil, ctx.Err() != nil:
				return
			case !opened, errors.As(err, &rejected) && rejected.Status < http.StatusInternalServerError && rejected.Status != http.StatusTooManyRequests,
				errors.Is(err, errBadEvent):
				yield(LiveEvent{}, err)
				return
			}
			if c.wait(ctx, pause) != nil {
				return
			}
			pause = min(2*pause, longestPause)
		}
	}
}

var errBadEvent = errors.New("live stream")

// follow reads one connection; nil is that the caller has had enough.
func (c *Client) follow(ctx context.Context, from *StreamParams, yield func(LiveEvent) bool, opened func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer, err := c.send(ctx, askStream(from))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	opened()
	silent := time.AfterFunc(c.idle, cancel)
	defer silent.Stop()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxEvent)
	var e LiveEvent
	if from.LastEventID != nil {
		e.ID = *from.LastEventID
	}
	var data []string
	for lines.Scan() {
		silent.Reset(c.idle)
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "id":
			e.ID = value
		case "event":
			e.Kind = value
		case "data":
			data = append(data, value)
		}
		if lines.Text() != "" {
			continue
		}
		if e.ID != "" {
			from.LastEventID = new(e.ID)
		}
		if len(data) == 0 { // a heartbeat has an id alone
			e.Kind = ""
			continue
		}
		if err := e.read(strings.Join(data, "\n")); err != nil {
			return err
		}
		silent.Stop() // not while the caller works
		if !yield(e) {
			return nil
		}
		silent.Reset(c.idle)
		e, data = LiveEvent{ID: e.ID}, nil // an event without an id of its own leaves the position
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

func (e *LiveEvent) read(data string) error {
	e.Data = json.RawMessage(data)
	var err error
	switch e.Kind {
	case "state":
		e.State, err = read[StateEvent](data)
	case "forecast":
		e.Forecast, err = read[ForecastEvent](data)
	case "decision":
		e.Decision, err = read[DecisionHeader](data)
	case "limit":
		e.Limit, err = read[LimitEvent](data)
	case "alert":
		e.Alert, err = read[Alert](data)
	case "reset":
		e.Reset, err = read[ResetEvent](data)
	}
	if err != nil {
		return fmt.Errorf("%w: event %s of kind %s: %w", errBadEvent, e.ID, e.Kind, err)
	}
	return nil
}

func read[T any](data string) (*T, error) {
	var v T
	return &v, json.Unmarshal([]byte(data), &v)
}
