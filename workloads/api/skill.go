package api

import (
	"context"
	"sync"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// skillOfDay remembers how well the newest whole day was forecast: to compare it
// reads every meter's day, which is done once for each day.
type skillOfDay struct {
	mu   sync.Mutex
	last timescale.Skill
}

// against is by how much the forecasts of the newest whole day up to an hour were
// nearer to what was measured than the week before: 1 is exact, 0 no better, less
// worse. It is nil while there is nothing to compare.
func (k *skillOfDay) against(ctx context.Context, db *timescale.DB, upTo meter.Hour) (*float64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if upTo == meter.NoHour {
		return nil, nil
	}
	issued, err := db.NewestWholeIssue(ctx, upTo)
	if err != nil || issued == meter.NoHour {
		return nil, err
	}
	if k.last.Hours == 0 || k.last.IssuedAt != issued {
		if k.last, err = db.SkillOf(ctx, issued); err != nil {
			return nil, err
		}
	}
	if k.last.Naive == 0 {
		return nil, nil
	}
	skill := 1 - k.last.Error/k.last.Naive
	return &skill, nil
}
