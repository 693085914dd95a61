package processor

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/energytwin/energytwin/internal/history"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// warmUp reads the history of new meters. Hours that only Redis has must not
// be lost, so while they are missing a new meter waits for the generator to
// write them again. A replay needs no Redis: the rows are in the database.
func (w *worker) warmUp(ctx context.Context, refs []twin.MeterRef, past map[string]meter.Series) error {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = ref.Name
	}
	found, err := w.hist.WarmUps(ctx, names)
	switch {
	case err == nil:
		maps.Copy(past, found)
		return nil
	case w.p.Next() < w.target:
		return w.warmUpFromDatabase(ctx, refs, past)
	case errors.Is(err, history.ErrNoWarmUp):
		return fmt.Errorf("%w; the generator writes it again within seconds", err)
	default:
		return err
	}
}

func (w *worker) warmUpFromDatabase(ctx context.Context, refs []twin.MeterRef, past map[string]meter.Series) error {
	for _, ref := range refs {
		rows, err := w.db.WarmUpRows(ctx, ref.MeterNo)
		if err != nil {
			return err
		}
		var s meter.Series
		for i, h := range rows.Hour {
			s.Append(h, rows.KWh[i])
		}
		if rows.Len() > 0 {
			past[ref.Name] = s
		}
	}
	return nil
}
