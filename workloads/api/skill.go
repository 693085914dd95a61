package api

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// skillOfDay knows how well the newest whole day was forecast. To compare it reads
// every meter's day, which takes long in a large area: it is done once for each
// day, while whoever asks gets what was known before.
type skillOfDay struct {
	mu      sync.Mutex
	last    reader.Skill
	judging bool
}

// judgeTimeout bounds how long a day is judged.
const judgeTimeout = time.Minute

// against is by how much the forecasts of the newest judged day were nearer to
// what was measured than the week before: 1 is exact, 0 no better, less worse. It
// is nil while there is nothing to compare. A newer whole day up to an hour is
// judged meanwhile.
func (k *skillOfDay) against(ctx context.Context, db *reader.DB, upTo meter.Hour, log *slog.Logger) *float64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if upTo != meter.NoHour && !k.judging {
		k.judging = true
		go k.judge(context.WithoutCancel(ctx), db, upTo, k.last, log)
	}
	if k.last.Naive == 0 {
		return nil
	}
	skill := 1 - k.last.Error/k.last.Naive
	return &skill
}

func (k *skillOfDay) judge(ctx context.Context, db *reader.DB, upTo meter.Hour, skill reader.Skill, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	issued, err := db.NewestWholeIssue(ctx, upTo)
	if err == nil && issued != meter.NoHour && (skill.Hours == 0 || skill.IssuedAt != issued) {
		skill, err = db.SkillOf(ctx, issued)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.judging = false
	if err != nil {
		log.WarnContext(ctx, "the forecasts of the newest day are not judged", "error", err)
		return
	}
	k.last = skill
}
