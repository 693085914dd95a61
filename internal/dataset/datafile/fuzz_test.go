package datafile

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// Whatever a file holds, and whatever layout it is read by, reading it ends with an error or with rows that are
// in order and finite, and every value is accounted for.
func FuzzLayouts(f *testing.F) {
	for _, s := range []string{
		"meter_id,timestamp,kwh\na,2019-01-01T00:00:00Z,1\nb,2019-10-27 01:30,x\n",
		"LCLid,stdorToU,DateTime,KWH/hh (per half hour) \nM,Std,2012-10-12 00:30:00.0000000, 0.2 \nM,Std,2012-10-12 01:00:00.0000000,Null\n",
		"\"\";\"MT_001\"\n\"2012-03-25 01:15:00\";0\n2012-10-28 01:15:00;1,5\n",
		"100,NEM12,1,a,b\n200,N,E1,1,E1,N1,0,kWh,60,\n300,20190101," + strings.Repeat("1,", 24) + "V,,,\n400,1,24,A,,\n900\n",
		"id,time,register_kwh\na,2019-01-01 00:00,5\na,2019-01-01 00:30,6\na,2019-01-01 01:00,4\n",
		espiFeedText,
	} {
		for which := range 3 {
			f.Add([]byte(s), uint8(which))
		}
	}
	names := layout.Names()
	for i, name := range names {
		for _, sample := range layoutSamples {
			if sample.name == name {
				text, err := os.ReadFile(filepath.Join("testdata", "layouts", sample.file))
				require.NoError(f, err)
				f.Add(text[:min(len(text), 2000)], uint8(i+2))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, which uint8) {
		o := Options{Zone: "Europe/London", ScratchDir: t.TempDir(), BufferBytes: 256}
		switch n := int(which) % (len(names) + 2); n {
		case 0:
		case 1:
			o.Layout = &layout.Document{Reading: layout.Counter}
		default:
			o.Layout = &layout.Document{From: names[n-2]}
		}
		s, err := Open(t.Context(), file(t, string(text)), o)
		if err != nil {
			return
		}
		info, rows := s.Info(), int64(0)
		for block, err := range s.Rows(0) {
			require.NoError(t, err)
			rows += int64(len(block))
			for i, r := range block {
				require.GreaterOrEqual(t, r.Hour, info.Start)
				require.Less(t, r.Hour, info.End)
				require.False(t, math.IsNaN(float64(r.KWh)) || math.IsInf(float64(r.KWh), 0))
				require.True(t, i == 0 || block[i-1].Meter <= r.Meter)
			}
		}
		require.Equal(t, info.Rows, rows)
		require.LessOrEqual(t, info.Hours(), 8784)
		require.NoError(t, s.Close())
	})
}
