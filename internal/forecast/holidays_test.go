package forecast

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Answers are kept by date, in places that dates share.
func TestHolidaysThatSharePlaces(t *testing.T) {
	kept := holidaysOf("Europe/London")
	days := map[bool]int{}
	for date := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC); date.Year() < 2025; date = date.AddDate(0, 0, 1) {
		alone := holidaysOf("Europe/London").on(date)
		require.Equal(t, alone, kept.on(date), date)
		require.Equal(t, alone, kept.on(date.Add(23*time.Hour)), date)
		days[alone]++
	}
	require.Greater(t, days[true], 70)
	require.Greater(t, days[false], 3000)
}
