package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/gate"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// What a request costs is known before its work begins: the rows that it reads, from the
// size of the twin and the range, and what it answers with.
const (
	lightRows = 5_000     // up to here, a request is answered beside expensive ones
	mostRows  = 4_000_000 // a request that reads more is rejected: it would take longer than its time
	rowOfList = 40        // what a row of a list costs in rows that are only read: its JSON takes most of the memory

	mostPoints = 50_000 // of the series of one answer together
)

// Limits of the lanes beside the connections to the database. An expensive request takes
// at most some megabytes, which bounds what all of them take.
const (
	lightSlots = 32
	lightQueue = 96
	heavyQueue = 24
	heavyWait  = 15 * time.Second

	// Files take long and little at a time: two are written beside everything else.
	bulkSlots  = 2
	bulkQueue  = 4
	bulkPerKey = 2
)

// lanes let one key use half of the connections for expensive requests, and others one more;
// what is left is for requests with little work. One key gets two thirds of a lane and its
// queue, and never all slots, so that it holds up no other.
func lanes(connections int) (light, heavy, bulk *gate.Lane) {
	slots := max(1, min(connections/2+1, connections-1))
	return gate.NewLane(gate.Limits{Slots: lightSlots, Queue: lightQueue, PerKey: (lightSlots + lightQueue) * 2 / 3, Wait: heavyWait}),
		gate.NewLane(gate.Limits{Slots: slots, Queue: heavyQueue, PerKey: (slots + heavyQueue) * 2 / 3, Wait: heavyWait}),
		gate.NewLane(gate.Limits{Slots: bulkSlots, Queue: bulkQueue, PerKey: bulkPerKey, Wait: heavyWait})
}

type passKey struct{}

// admitted lets a request into the lane of those with little work, until it is answered.
func (s *server) admitted(c *gin.Context) {
	ctx := c.Request.Context()
	pass, err := gate.Admit(ctx, s.light, auth.PrincipalOf(ctx).Caller())
	if err != nil {
		problem.AbortWith(c, err)
		return
	}
	defer pass.Leave()
	c.Request = c.Request.WithContext(context.WithValue(ctx, passKey{}, pass))
	c.Next()
}

// afford rejects a request that would read more rows than may be read, and has one with
// much work wait for others like it. less is how to ask for less.
func (s *server) afford(ctx context.Context, rows int, field, less string) error {
	if rows > mostRows {
		return problem.New(http.StatusUnprocessableEntity, problem.CodeTooExpensive, field,
			fmt.Sprintf("this reads some %d rows, and at most %d are read at once; %s", rows, mostRows, less))
	}
	pass, ok := ctx.Value(passKey{}).(*gate.Pass)
	if rows <= lightRows || !ok {
		return nil
	}
	return pass.Move(ctx, s.heavy)
}

// area is how large the twin is.
type area struct{ meters, groups int }

// areaSize remembers the size of the twin for some time: meters seldom join.
type areaSize struct {
	mu   sync.Mutex
	size area
	at   time.Time // zero: never read
}

const areaFor = time.Minute

// area reads the size at most once a minute.
func (s *server) area(ctx context.Context) (area, error) {
	s.size.mu.Lock()
	defer s.size.mu.Unlock()
	now := s.clock()
	if !s.size.at.IsZero() && now.Sub(s.size.at) < areaFor {
		return s.size.size, nil
	}
	meters, groups, err := s.db.Size(ctx)
	if err != nil {
		return area{}, s.failed(ctx, "read the size of the twin", err)
	}
	s.size.size, s.size.at = area{meters: meters, groups: groups}, now
	return s.size.size, nil
}

// daysOf is how many days a range touches.
func daysOf(hours meter.Hour) int { return int(hours)/meter.HoursPerDay + 1 }
