package processor

import (
	"sync"
	"time"

	"github.com/energytwin/energytwin/internal/twin"
)

// recently is how far back the counts of RecentStatus reach: long enough that one
// odd message is no share, short enough that what was fixed is soon forgotten.
const recently = 10 * time.Minute

// RecentStatus counts the messages that were committed in the last minutes, and
// those of them that were rejected.
type RecentStatus struct {
	Readings int64            `json:"readings"` // all messages, rejected ones included
	Rejected map[string]int64 `json:"rejected"` // by reason
}

// recent counts messages by the minute. It is safe for concurrent use.
type recent struct {
	mu      sync.Mutex
	minutes map[int64]RecentStatus // by minutes since 1970
}

// note adds what a committed batch brought.
func (r *recent) note(now time.Time, fx *twin.Effects) {
	r.mu.Lock()
	defer r.mu.Unlock()
	minute := now.Unix() / 60
	c, ok := r.minutes[minute]
	if !ok {
		r.forget(minute)
		c.Rejected = map[string]int64{}
	}
	c.Readings += int64(fx.Counts.In)
	for i := range fx.Rejected {
		c.Rejected[fx.Rejected[i].Reason]++
	}
	r.minutes[minute] = c
}

// counts are those of the last minutes.
func (r *recent) counts(now time.Time) RecentStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now.Unix() / 60)
	out := RecentStatus{Rejected: map[string]int64{}}
	for _, c := range r.minutes {
		out.Readings += c.Readings
		for reason, n := range c.Rejected {
			out.Rejected[reason] += n
		}
	}
	return out
}

// forget drops what is too old at a minute.
func (r *recent) forget(minute int64) {
	if r.minutes == nil {
		r.minutes = map[int64]RecentStatus{}
	}
	for m := range r.minutes {
		if m <= minute-int64(recently/time.Minute) {
			delete(r.minutes, m)
		}
	}
}
