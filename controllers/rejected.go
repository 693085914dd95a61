package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/energytwin/energytwin/api/v1"
)

// A few odd messages are daily business; more than this share of the readings
// of the last minutes shows that good ones are among them.
const (
	rejectedShare = 0.01
	rejectedLeast = 10 // readings, below which there is no share to speak of
)

// readingsRejected reports how many of the last minutes' readings were rejected and
// why, while they are too many. Without new figures it stays as it was.
func (s *scope) readingsRejected() {
	if s.spec.State != v1.StateRunning {
		s.unset(v1.ConditionReadingsRejected)
		return
	}
	f := s.figures
	if f == nil || f.partitions == 0 {
		if c := s.condition(v1.ConditionReadingsRejected); c != nil {
			s.set(v1.ConditionReadingsRejected, verdict{c.Status, c.Reason, c.Message})
		}
		return
	}
	var total int64
	for _, n := range f.rejected {
		total += n
	}
	if total < rejectedLeast || float64(total) <= rejectedShare*float64(f.recent) {
		s.unset(v1.ConditionReadingsRejected)
		return
	}
	reasons := sortedKeys(f.rejected)
	slices.SortStableFunc(reasons, func(a, b string) int { return cmp.Compare(f.rejected[b], f.rejected[a]) })
	var words []string
	for _, reason := range reasons {
		words = append(words, fmt.Sprintf("%d %s", f.rejected[reason], reason))
	}
	s.set(v1.ConditionReadingsRejected, yes(v1.ReasonShareTooHigh,
		"of the last %d readings %d were rejected: %s; the API lists them under /api/v1/data-quality with what is wrong", f.recent, total, strings.Join(words, ", ")))
}
