package stream

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// Heartbeat is how often a client without events gets a sign of life, with its position.
	Heartbeat = 15 * time.Second
	// checkEvery is how often it is checked whether a client may still watch.
	checkEvery = 5 * time.Second
	// writePatience is how long a client may take for one write before it is dropped.
	writePatience = 10 * time.Second
	// aheadPatience is how long a client waits that has seen more than this process.
	aheadPatience = 2 * time.Second
	// writeBytes is about how much is written at once.
	writeBytes = 64 << 10
	// keptBytes is what a client that waits keeps for its next write.
	keptBytes = 4 << 10
	// entriesAtOnce are looked at before events are written.
	entriesAtOnce = 64
)

// Client is who watches.
type Client struct {
	Key    string // the API key's name, which shares the limit of a key
	Filter Filter
	// LastID is the id of the last event that it has; "" for one that begins now.
	LastID string
	// Allowed reports whether it may still watch.
	Allowed func(ctx context.Context) bool
	// HeadersOnly ends the stream before its first event.
	HeadersOnly bool
}

// Errors of clients that are rejected before anything is sent.
var (
	ErrFull      = errors.New("there are too many clients")
	ErrFullOfKey = errors.New("there are too many clients with this key")
)

// Serve sends events to a client until it leaves, may not watch any longer, or is too slow.
// Errors are ErrFull, ErrFullOfKey and ErrUnavailable, before anything is sent.
func (h *Hub) Serve(ctx context.Context, w http.ResponseWriter, c *Client) error {
	if err := h.enter(c.Key); err != nil {
		return err
	}
	defer h.leave(c.Key)
	r, err := h.join(ctx)
	if err != nil {
		h.o.Metrics.rejected.WithLabelValues("unavailable").Inc()
		return err
	}
	s := &session{run: r, client: c, control: http.NewResponseController(w), to: w}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // or nginx keeps events back
	// A stream outlives what the server allows an answer; each write gets a time of its own.
	if err := s.control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("open a stream: %w", err)
	}
	w.WriteHeader(http.StatusOK)
	if c.HeadersOnly {
		return nil
	}
	h.o.Metrics.clients.Inc()
	defer h.o.Metrics.clients.Dec()
	h.o.Metrics.ended.WithLabelValues(s.serve(ctx)).Inc()
	return nil
}

func (h *Hub) enter(key string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.clients >= h.o.Limits.Clients {
		h.o.Metrics.rejected.WithLabelValues("full").Inc()
		return ErrFull
	}
	if h.byKey[key] >= h.o.Limits.PerKey {
		h.o.Metrics.rejected.WithLabelValues("key").Inc()
		return ErrFullOfKey
	}
	h.clients++
	h.byKey[key]++
	return nil
}

func (h *Hub) leave(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients--
	if h.byKey[key]--; h.byKey[key] == 0 {
		delete(h.byKey, key)
	}
}

// session is the stream of one client.
type session struct {
	run     *run
	client  *Client
	control *http.ResponseController
	to      http.ResponseWriter

	number int64    // of the entry in the log that comes next
	at     position // what the client has; read only
	own    bool     // at is not one of the log's: it has more of some partition than the order of the log gives it
	out    bytes.Buffer
}

var errSlow = errors.New("the client is too slow")

// serve returns why the stream ended.
func (s *session) serve(ctx context.Context) string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(s.run.ctx, cancel)
	defer stop()
	err := s.follow(ctx)
	switch {
	case s.run.ctx.Err() != nil:
		return endedStopped
	case errors.Is(err, errSlow):
		return endedSlow
	case errors.Is(err, errAccess):
		return endedAccess
	}
	return endedLeft
}

var errAccess = errors.New("the client may not watch any longer")

func (s *session) follow(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	beat, check := time.NewTicker(cmp.Or(s.run.hub.o.Heartbeat, Heartbeat)), time.NewTicker(checkEvery)
	defer beat.Stop()
	defer check.Stop()
	for {
		// A client with much to catch up with is checked as well.
		select {
		case <-check.C:
			if !s.client.Allowed(ctx) {
				return errAccess
			}
		default:
		}
		entries, end, changed, gone := s.run.log.from(s.number, entriesAtOnce)
		if gone {
			return errSlow
		}
		if len(entries) > 0 {
			if err := s.send(ctx, entries); err != nil {
				return err
			}
			continue
		}
		if s.own = s.own && !end.covers(s.at); !s.own {
			s.at = end
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-beat.C:
			if err := s.heartbeat(); err != nil {
				return err
			}
		case <-check.C:
			if !s.client.Allowed(ctx) {
				return errAccess
			}
		}
	}
}

// begin finds where to go on, and sends the position. A client whose position is not known
// begins now, and has to read again what it shows.
func (s *session) begin(ctx context.Context) error {
	// Clients that lose a server at the same time do not come back at the same time.
	fmt.Fprintf(&s.out, "retry: %d\n", 1000+rand.IntN(2000))
	if s.client.LastID == "" || !s.resume(ctx) {
		s.number, s.at = s.run.log.now()
		if s.client.LastID != "" {
			r := reset(reasonUnknown)
			s.out.Write(r.appendFrame(nil, s.at.append(nil)))
			return s.flush()
		}
	}
	return s.heartbeat()
}

// resume goes on where the client's last event is. It reports false if that is not known.
func (s *session) resume(ctx context.Context) bool {
	at, err := parsePosition(s.client.LastID, s.run.hub.o.Source.Partitions())
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, aheadPatience)
	defer cancel()
	for {
		_, _, changed, _ := s.run.log.from(0, 0)
		number, known, ahead := s.run.log.locate(at)
		if !ahead {
			s.number, s.at, s.own = number, at, true
			return known
		}
		// Another process has read more than this one.
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// heartbeat sends a comment and the position, which is no event.
func (s *session) heartbeat() error {
	s.out.WriteString(": heartbeat\nid: ")
	s.out.Write(s.at.append(nil))
	s.out.WriteString("\n\n")
	return s.flush()
}

// send sends the items of entries that the client has not, and that its filter takes.
func (s *session) send(ctx context.Context, entries []*entry) error {
	for _, e := range entries {
		if err := s.add(ctx, e); err != nil {
			return err
		}
		s.number++
		if s.out.Len() >= writeBytes {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return s.flush()
}

// add writes an entry's items.
func (s *session) add(ctx context.Context, e *entry) error {
	p := e.event.Partition
	if s.own && e.before.covers(s.at) {
		s.own = false
	}
	if s.own && s.at[p].compare(e.after()) >= 0 {
		return nil
	}
	items, frames, err := s.read(ctx, e)
	if err != nil {
		return err
	}
	if !s.own {
		for i := range items {
			if s.client.Filter.Takes(&items[i]) {
				s.out.Write(frames[i])
			}
		}
		s.at = e.before // replaced by the end of the log once there is no more
		return nil
	}
	at := append(position{}, s.at...)
	seen := 0
	if at[p].id == e.event.ID {
		seen = at[p].items
	}
	for i := range items {
		if i < seen {
			continue
		}
		at[p] = e.place(i + 1)
		if i+1 == len(items) {
			at[p] = e.after()
		}
		if s.client.Filter.Takes(&items[i]) {
			s.out.Write(items[i].appendFrame(nil, at.append(nil)))
		}
	}
	at[p] = e.after()
	s.at = at
	return nil
}

// read is the items of an entry. Of old ones, few are read at the same time.
func (s *session) read(ctx context.Context, e *entry) ([]Item, [][]byte, error) {
	if items, frames := e.here(); items != nil {
		return items, frames, nil
	}
	select {
	case s.run.turns <- struct{}{}:
		defer func() { <-s.run.turns }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	return s.run.read(ctx, e)
}

// flush writes what has gathered.
func (s *session) flush() error {
	if s.out.Len() == 0 {
		return nil
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(writePatience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := s.out.WriteTo(s.to)
	if err == nil {
		err = s.control.Flush()
	}
	if s.out.Cap() > keptBytes { // most clients wait most of the time
		s.out = bytes.Buffer{}
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%w: %w", errSlow, err)
	}
	return err
}
