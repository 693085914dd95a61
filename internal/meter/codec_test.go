package meter

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const canonical = `{"meter":"m1","group":"g1","ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT1H"}`

var hour2019 = HourOf(time.Date(2019, 7, 1, 13, 0, 0, 0, time.UTC))

func TestAppendMessage(t *testing.T) {
	r := Reading{Meter: "m1", Group: "g1", Hour: hour2019, KWh: 0.42}
	require.Equal(t, canonical, string(AppendMessage(nil, r)))
	r.Group = ""
	require.Equal(t, `{"meter":"m1","ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT1H"}`, string(AppendMessage(nil, r)))
	r.Meter = `a"b\c` + "\n"
	require.Equal(t, `{"meter":"a\"b\\c\u000a","ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT1H"}`, string(AppendMessage(nil, r)))
}

func TestDecodeMessageAccepts(t *testing.T) {
	want := Reading{Meter: "m1", Group: "g1", Hour: hour2019, KWh: 0.42}
	for name, tc := range map[string]struct {
		in   string
		want Reading
	}{
		"canonical":          {canonical, want},
		"version":            {strings.Replace(canonical, "{", `{"version":1,`, 1), want},
		"version, spaces":    {strings.Replace(canonical, "{", `{ "version": 1, `, 1), want},
		"version last":       {canonical[:len(canonical)-1] + `,"version":1}`, want},
		"python spaces":      {`{"meter": "m1", "group": "g1", "ts": "2019-07-01T13:00:00Z", "kwh": 0.42, "interval": "PT1H"}`, want},
		"spaces all over":    {" {\n\"meter\" :\t\"m1\" , \"group\":\"g1\",\"ts\":\"2019-07-01T13:00:00Z\",\"kwh\" : 0.42 ,\"interval\":\"PT1H\" }\r\n", want},
		"other order":        {`{"kwh":0.42,"interval":"PT1H","ts":"2019-07-01T13:00:00Z","group":"g1","meter":"m1"}`, want},
		"unknown fields":     {`{"x":{"meter":["}",{"a":null}]},"meter":"m1","y":[],"group":"g1","ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT1H","z":true}`, want},
		"escapes":            {`{"\u006deter":"m\u0031","group":"\u00671","ts":"2019-07-01T13:00:00\u005a","kwh":0.42,"interval":"PT\u0031H"}`, want},
		"last one counts":    {`{"meter":"m0","meter":"m1","group":"g1","ts":"2019-07-01T13:00:00Z","kwh":9,"kwh":0.42,"interval":"PT1H"}`, want},
		"offset":             {`{"meter":"m1","group":"g1","ts":"2019-07-01T18:30:00+05:30","kwh":0.42,"interval":"PT1H"}`, want},
		"zero fraction":      {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:00:00.000Z","kwh":0.42,"interval":"PT1H"}`, want},
		"exponent":           {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:00:00Z","kwh":42E-2,"interval":"PT1H"}`, want},
		"many digits":        {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:00:00Z","kwh":0.4200000000000000000,"interval":"PT1H"}`, want},
		"group null":         {`{"meter":"m1","group":null,"ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT1H"}`, Reading{Meter: "m1", Hour: hour2019, KWh: 0.42}},
		"group empty":        {`{"meter":"m1","group":"","ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT1H"}`, Reading{Meter: "m1", Hour: hour2019, KWh: 0.42}},
		"no group":           {`{"meter":"m1","ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT1H"}`, Reading{Meter: "m1", Hour: hour2019, KWh: 0.42}},
		"export":             {`{"meter":"m1","ts":"2019-07-01T13:00:00Z","kwh":-3,"interval":"PT1H"}`, Reading{Meter: "m1", Hour: hour2019, KWh: -3}},
		"before 1970":        {`{"meter":"m1","ts":"1969-12-31T23:00:00Z","kwh":1,"interval":"PT1H"}`, Reading{Meter: "m1", Hour: -1, KWh: 1}},
		"leap day":           {`{"meter":"m1","ts":"2020-02-29T00:00:00Z","kwh":1,"interval":"PT1H"}`, Reading{Meter: "m1", Hour: HourOf(time.Date(2020, 2, 29, 0, 0, 0, 0, time.UTC)), KWh: 1}},
		"name beyond ascii":  {`{"meter":"Zähler 1","ts":"1970-01-01T00:00:00Z","kwh":1,"interval":"PT1H"}`, Reading{Meter: "Zähler 1", KWh: 1}},
		"surrogate pair":     {`{"meter":"\ud83d\ude00","group":"\uD83D\uDE01","ts":"1970-01-01T00:00:00Z","kwh":1,"interval":"PT1H"}`, Reading{Meter: "😀", Group: "😁", KWh: 1}},
		"longest name":       {`{"meter":"` + strings.Repeat("m", 128) + `","ts":"1970-01-01T00:00:00Z","kwh":1,"interval":"PT1H"}`, Reading{Meter: strings.Repeat("m", 128), KWh: 1}},
		"greatest energy":    {`{"meter":"m","ts":"1970-01-01T00:00:00Z","kwh":1000000,"interval":"PT1H"}`, Reading{Meter: "m", KWh: 1e6}},
		"vanishing energy":   {`{"meter":"m","ts":"1970-01-01T00:00:00Z","kwh":1e-99,"interval":"PT1H"}`, Reading{Meter: "m"}},
		"half of a float32":  {`{"meter":"m","ts":"1970-01-01T00:00:00Z","kwh":1.000000059604645,"interval":"PT1H"}`, Reading{Meter: "m", KWh: 1.0000001}},
		"escaped quote":      {`{"meter":"a\"b\\","ts":"1970-01-01T00:00:00Z","kwh":1,"interval":"PT1H"}`, Reading{Meter: `a"b\`, KWh: 1}},
		"escaped, both long": {`{"meter":"\u006d` + strings.Repeat("m", 100) + `","group":"\u0067` + strings.Repeat("g", 100) + `","ts":"1970-01-01T00:00:00Z","kwh":1,"interval":"PT1H"}`, Reading{Meter: strings.Repeat("m", 101), Group: strings.Repeat("g", 101), KWh: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			var m Message
			require.NoError(t, DecodeMessage([]byte(tc.in), &m))
			got := Reading{Meter: string(m.Meter), Group: string(m.Group), Hour: m.Hour, KWh: m.KWh}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestDecodeMessageRefuses(t *testing.T) {
	message := func(meter, ts, kwh, interval string) string {
		return `{"meter":` + meter + `,"ts":` + ts + `,"kwh":` + kwh + `,"interval":` + interval + `}`
	}
	const m, ts, kwh, iv = `"m1"`, `"2019-07-01T13:00:00Z"`, `1`, `"PT1H"`
	for name, tc := range map[string]struct {
		in   string
		want error
	}{
		"nothing":           {``, ErrMalformed},
		"text":              {`hello`, ErrMalformed},
		"array":             {`[]`, ErrMalformed},
		"null":              {`null`, ErrMalformed},
		"cut off":           {canonical[:len(canonical)-1], ErrMalformed},
		"two of them":       {canonical + canonical, ErrMalformed},
		"trailing comma":    {`{"meter":"m1",}`, ErrMalformed},
		"leading zero":      {message(m, ts, `01`, iv), ErrMalformed},
		"plus":              {message(m, ts, `+1`, iv), ErrMalformed},
		"bare point":        {message(m, ts, `1.`, iv), ErrMalformed},
		"NaN":               {message(m, ts, `NaN`, iv), ErrMalformed},
		"version 2":         {strings.Replace(canonical, "{", `{"version":2,`, 1), ErrVersion},
		"version 10":        {strings.Replace(canonical, "{", `{"version":10,`, 1), ErrVersion},
		"version 2, last":   {canonical[:len(canonical)-1] + `,"version":2}`, ErrVersion},
		"version 2, other":  {`{"version":2,"readings":[]}`, ErrVersion},
		"version text":      {strings.Replace(canonical, "{", `{"version":"1",`, 1), ErrVersion},
		"version null":      {strings.Replace(canonical, "{", `{"version":null,`, 1), ErrVersion},
		"empty":             {`{}`, ErrMeter},
		"meter missing":     {`{"ts":"2019-07-01T13:00:00Z","kwh":1,"interval":"PT1H"}`, ErrMeter},
		"meter empty":       {message(`""`, ts, kwh, iv), ErrMeter},
		"meter number":      {message(`1`, ts, kwh, iv), ErrMeter},
		"meter long":        {message(`"`+strings.Repeat("m", 129)+`"`, ts, kwh, iv), ErrMeter},
		"meter control":     {message(`"a\u0007"`, ts, kwh, iv), ErrMeter},
		"meter bad utf8":    {message("\"a\xff\"", ts, kwh, iv), ErrMeter},
		"wrong case":        {strings.Replace(canonical, "meter", "Meter", 1), ErrMeter},
		"group number":      {strings.Replace(canonical, `"g1"`, `7`, 1), ErrMeter},
		"group control":     {strings.Replace(canonical, `"g1"`, `"\t"`, 1), ErrMeter},
		"ts missing":        {`{"meter":"m1","kwh":1,"interval":"PT1H"}`, ErrTimestamp},
		"ts number":         {message(m, `1562000000`, kwh, iv), ErrTimestamp},
		"ts without zone":   {message(m, `"2019-07-01T13:00:00"`, kwh, iv), ErrTimestamp},
		"ts 31 June":        {message(m, `"2019-06-31T13:00:00Z"`, kwh, iv), ErrTimestamp},
		"ts 29 February":    {message(m, `"2019-02-29T13:00:00Z"`, kwh, iv), ErrTimestamp},
		"ts minute 60":      {message(m, `"2019-07-01T13:60:00Z"`, kwh, iv), ErrTimestamp},
		"ts hour 24":        {message(m, `"2019-07-01T24:00:00Z"`, kwh, iv), ErrTimestamp},
		"ts month 13":       {message(m, `"2019-13-01T13:00:00Z"`, kwh, iv), ErrTimestamp},
		"half hour":         {message(m, `"2019-07-01T13:30:00Z"`, kwh, iv), ErrNotWholeHour},
		"half hour offset":  {message(m, `"2019-07-01T13:00:00+05:30"`, kwh, iv), ErrNotWholeHour},
		"fraction":          {message(m, `"2019-07-01T13:00:00.001Z"`, kwh, iv), ErrNotWholeHour},
		"interval missing":  {`{"meter":"m1","ts":"2019-07-01T13:00:00Z","kwh":1}`, ErrInterval},
		"interval 5 min":    {message(m, ts, kwh, `"PT5M"`), ErrInterval},
		"interval 60 min":   {message(m, ts, kwh, `"PT60M"`), ErrInterval},
		"5 min, aligned":    {message(m, `"2019-07-01T13:05:00Z"`, kwh, `"PT5M"`), ErrInterval},
		"15 min at 07":      {message(m, `"2019-07-01T13:07:00Z"`, kwh, `"PT15M"`), ErrNotAligned},
		"15 min and 1 s":    {message(m, `"2019-07-01T13:15:01Z"`, kwh, `"PT15M"`), ErrNotAligned},
		"15 min, fraction":  {message(m, `"2019-07-01T13:15:00.5Z"`, kwh, `"PT15M"`), ErrNotAligned},
		"30 min at 15":      {message(m, `"2019-07-01T13:15:00Z"`, kwh, `"PT30M"`), ErrNotAligned},
		"30 min, offset":    {message(m, `"2019-07-01T13:00:00+05:45"`, kwh, `"PT30M"`), ErrNotAligned},
		"15 min too much":   {message(m, ts, `250000.1`, `"PT15M"`), ErrEnergy},
		"30 min too much":   {message(m, ts, `-500000.1`, `"PT30M"`), ErrEnergy},
		"interval number":   {message(m, ts, kwh, `3600`), ErrInterval},
		"kwh missing":       {`{"meter":"m1","ts":"2019-07-01T13:00:00Z","interval":"PT1H"}`, ErrEnergy},
		"kwh null":          {message(m, ts, `null`, iv), ErrEnergy},
		"kwh text":          {message(m, ts, `"1"`, iv), ErrEnergy},
		"kwh beyond":        {message(m, ts, `1000001`, iv), ErrEnergy},
		"kwh beyond, below": {message(m, ts, `-1e7`, iv), ErrEnergy},
		"kwh infinite":      {message(m, ts, `1e999`, iv), ErrEnergy},
		"first fault":       {message(`""`, `""`, `null`, `""`), ErrMeter},
	} {
		t.Run(name, func(t *testing.T) {
			var m Message
			err := DecodeMessage([]byte(tc.in), &m)
			require.ErrorIs(t, err, tc.want)
			require.Equal(t, tc.want.Error(), Reason(err))
		})
	}
}

func TestDecodeMessageAcceptsSubHours(t *testing.T) {
	for name, tc := range map[string]struct {
		in              string
		minute, minutes uint8
		kwh             float32
	}{
		"whole hour":        {canonical, 0, 60, .42},
		"first quarter":     {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT15M"}`, 0, 15, .42},
		"second quarter":    {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:15:00Z","kwh":0.42,"interval":"PT15M"}`, 15, 15, .42},
		"third quarter":     {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:30:00Z","kwh":0.42,"interval":"PT15M"}`, 30, 15, .42},
		"last quarter":      {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:45:00Z","kwh":0.42,"interval":"PT15M"}`, 45, 15, .42},
		"first half":        {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:00:00Z","kwh":0.42,"interval":"PT30M"}`, 0, 30, .42},
		"second half":       {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:30:00Z","kwh":0.42,"interval":"PT30M"}`, 30, 30, .42},
		"python spaces":     {`{"meter": "m1", "group": "g1", "ts": "2019-07-01T13:15:00Z", "kwh": 0.42, "interval": "PT15M"}`, 15, 15, .42},
		"other order":       {`{"interval":"PT15M","kwh":0.42,"ts":"2019-07-01T13:15:00Z","group":"g1","meter":"m1"}`, 15, 15, .42},
		"offset":            {`{"meter":"m1","group":"g1","ts":"2019-07-01T19:00:00+05:45","kwh":0.42,"interval":"PT15M"}`, 15, 15, .42},
		"zero fraction":     {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:30:00.000Z","kwh":0.42,"interval":"PT30M"}`, 30, 30, .42},
		"most in a quarter": {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:45:00Z","kwh":250000,"interval":"PT15M"}`, 45, 15, 250_000},
		"most in a half":    {`{"meter":"m1","group":"g1","ts":"2019-07-01T13:30:00Z","kwh":-500000,"interval":"PT30M"}`, 30, 30, -500_000},
	} {
		t.Run(name, func(t *testing.T) {
			var m Message
			require.NoError(t, DecodeMessage([]byte(tc.in), &m))
			require.Equal(t, []any{"m1", "g1", hour2019, tc.kwh}, []any{string(m.Meter), string(m.Group), m.Hour, m.KWh})
			require.Equal(t, []uint8{tc.minute, tc.minutes}, []uint8{m.Minute, m.Minutes})
			require.Equal(t, tc.minutes == 60, m.Whole())
			require.Equal(t, hour2019.Time().Add(time.Duration(tc.minute)*time.Minute), m.Start())
		})
	}
}

func TestHoursRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Hour(rapid.Int32Range(int32(firstHour), int32(lastHour)).Draw(t, "hour"))
		text := appendHour(nil, h)
		require.Equal(t, h.Time().Format(time.RFC3339), string(text))
		back, minute, ok := parseCanonicalTime(text)
		require.True(t, ok)
		require.Equal(t, h, back)
		require.Zero(t, minute)
	})
}

func TestEnergyRoundTrip(t *testing.T) {
	check := func(t require.TestingT, v float32) {
		text := appendEnergy(nil, v)
		require.True(t, json.Valid(text), "%s", text)
		back, err := parseEnergy(text, wholeHour)
		require.NoError(t, err)
		require.Equal(t, math.Float32bits(v), math.Float32bits(back), "%s", text)
		shortest := strconv.FormatFloat(float64(v), 'g', -1, 32)
		same, err := strconv.ParseFloat(string(text), 32)
		require.NoError(t, err)
		require.Equal(t, shortest, strconv.FormatFloat(same, 'g', -1, 32))
	}
	for _, v := range []float32{0, float32(math.Copysign(0, -1)), 0.1, 0.001, -0.25, 123.456, 999.999, 1e-7, 524288.06, 1e6, math.SmallestNonzeroFloat32} {
		check(t, v)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Float32Range(-MaxAbsKWh, MaxAbsKWh).Draw(t, "kwh")) })
}

func TestDecimalsParseExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,17})?`).Draw(t, "number")
		v, n := scanPlainNumber([]byte(digits))
		if n == 0 {
			return
		}
		want, err := strconv.ParseFloat(digits, 32)
		require.NoError(t, err)
		require.Equal(t, len(digits), n)
		require.Equal(t, math.Float32bits(float32(want)), math.Float32bits(v), "%s", digits)
	})
}

// decodeWithStandardLibrary is the decoder's specification, written for
// clearness.
func decodeWithStandardLibrary(value []byte) (specified, error) {
	var out specified
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(value, &raw); err != nil || raw == nil {
		return out, ErrMalformed
	}
	text := func(field string) (string, bool) {
		var s *string
		// The standard library repairs broken UTF-8; a name with it is rejected.
		if !utf8.Valid(raw[field]) || json.Unmarshal(raw[field], &s) != nil || s == nil {
			return "", false
		}
		return *s, true
	}
	if version, present := raw["version"]; present && string(version) != "1" {
		return out, ErrVersion
	}
	var r Reading
	var ok bool
	if r.Meter, ok = text("meter"); !ok || !ValidName([]byte(r.Meter)) {
		return out, ErrMeter
	}
	if group, present := raw["group"]; present && string(group) != "null" {
		if r.Group, ok = text("group"); !ok || (r.Group != "" && !ValidName([]byte(r.Group))) {
			return out, ErrMeter
		}
	}
	ts, ok := text("ts")
	var at time.Time
	if !ok || at.UnmarshalText([]byte(ts)) != nil {
		return out, ErrTimestamp
	}
	r.Hour = HourOf(at)
	interval, _ := text("interval")
	length, ok := map[string]time.Duration{"PT1H": time.Hour, "PT30M": 30 * time.Minute, "PT15M": 15 * time.Minute}[interval]
	switch aligned := at.Equal(at.Truncate(length)); {
	case !ok:
		return out, ErrInterval
	case !aligned && length == time.Hour:
		return out, ErrNotWholeHour
	case !aligned:
		return out, ErrNotAligned
	}
	out.Minute, out.Minutes = uint8(at.Sub(r.Hour.Time())/time.Minute), uint8(length/time.Minute)
	var kwh *float32
	limit := float32(MaxAbsKWh * length.Hours())
	if json.Unmarshal(raw["kwh"], &kwh) != nil || kwh == nil || *kwh < -limit || *kwh > limit {
		return out, ErrEnergy
	}
	r.KWh = *kwh
	out.Reading = r
	return out, nil
}

// specified is what the specification makes of a message.
type specified struct {
	Reading
	Minute, Minutes uint8
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add([]byte(canonical))
	f.Add([]byte(`{"x":[1,{"y":"\u007d"}],"meter": "a\ud83d\ude00","kwh":-1.5e-3,"ts":"2019-07-01T18:30:00+05:30","interval":"PT1H"}`))
	f.Add([]byte(`{"meter":"m","group":null,"ts":"2019-07-01T13:00:00.5Z","kwh":1.000000059604645,"interval":"PT1H"}`))
	f.Add([]byte(`{"meter":"m","meter":{},"ts":1}`))
	f.Add([]byte(`{"version":1,"meter":"m","ts":"2019-07-01T13:00:00Z","kwh":1,"interval":"PT1H"}`))
	f.Add([]byte(`{"version":2,"meter":"m","ts":"2019-07-01T13:00:00Z","kwh":1,"interval":"PT1H"}`))
	f.Add([]byte(`{"meter":"m","ts":"2019-07-01T13:45:00Z","kwh":250000.02,"interval":"PT15M"}`))
	f.Add([]byte(`{"meter":"m","ts":"2019-07-01T13:15:00Z","kwh":1,"interval":"PT30M"}`))
	f.Add([]byte(`{"interval":"PT30M","meter":"m","ts":"1969-12-31T23:30:00+00:30","kwh":1}`))
	f.Add([]byte(`{"met\u0065r":"\ud800x","group":"\"\\\/\b"}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		want, wantErr := decodeWithStandardLibrary(value)
		var m Message
		err := DecodeMessage(value, &m)
		if wantErr != nil {
			require.ErrorIs(t, err, wantErr, "%s", value)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want.Meter, string(m.Meter))
		require.Equal(t, want.Group, string(m.Group))
		require.Equal(t, want.Hour, m.Hour)
		require.Equal(t, math.Float32bits(want.KWh), math.Float32bits(m.KWh))
		require.Equal(t, []uint8{want.Minute, want.Minutes}, []uint8{m.Minute, m.Minutes})
	})
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	var m Message
	value, buf := []byte(canonical), make([]byte, 0, 256)
	r := Reading{Meter: "m1", Group: "g1", Hour: hour2019, KWh: 0.42}
	require.Zero(t, testing.AllocsPerRun(100, func() { buf = AppendMessage(buf[:0], r) }))
	for _, value := range [][]byte{
		value,
		[]byte(`{"meter":"m1","group":"g1","ts":"2019-07-01T13:45:00Z","kwh":0.42,"interval":"PT15M"}`),
		[]byte(`{"meter":"m1","group":"g1","ts":"2019-07-01T13:30:00Z","kwh":0.42,"interval":"PT30M"}`),
	} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if DecodeMessage(value, &m) != nil {
				panic("rejected")
			}
		}))
	}
}

func BenchmarkDecodeMessage(b *testing.B) {
	for name, value := range map[string]string{
		"canonical": `{"meter":"house-00042","group":"feeder-007","ts":"2019-07-01T13:00:00Z","kwh":0.427,"interval":"PT1H"}`,
		"version":   `{"version":1,"meter":"house-00042","group":"feeder-007","ts":"2019-07-01T13:00:00Z","kwh":0.427,"interval":"PT1H"}`,
		"quarter":   `{"meter":"house-00042","group":"feeder-007","ts":"2019-07-01T13:15:00Z","kwh":0.427,"interval":"PT15M"}`,
		"reordered": `{"ts":"2019-07-01T13:00:00Z","kwh":0.427,"interval":"PT1H","meter":"house-00042","group":"feeder-007"}`,
	} {
		b.Run(name, func(b *testing.B) {
			var m Message
			in := []byte(value)
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if err := DecodeMessage(in, &m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendMessage(b *testing.B) {
	for name, kwh := range map[string]float32{"3 decimals": 0.427, "shortest": 0.42710534} {
		b.Run(name, func(b *testing.B) {
			r := Reading{Meter: "house-00042", Group: "feeder-007", Hour: hour2019, KWh: kwh}
			buf := make([]byte, 0, 256)
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendMessage(buf[:0], r)
			}
		})
	}
}
