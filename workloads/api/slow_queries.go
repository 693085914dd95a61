package api

import (
	"log/slog"
	"time"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// SlowQueries has the statements of the API logged that take longer than the twin's setting,
// with the request that they are for. A nil log is the default logger.
func SlowQueries(twin *config.Twin, log *slog.Logger) timescale.SlowQueries {
	after := time.Second
	if given := twin.API.SlowQuery; given != nil {
		after = time.Duration(*given)
	}
	return timescale.SlowQueries{After: after, Log: log, Asked: requestid.Attrs}
}
