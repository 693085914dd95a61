package datafile

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// feedSeries is a MeterReading of a made-up feed.
type feedSeries struct {
	path  string // of the MeterReading
	kind  string // elements of its ReadingType
	hours int
	value func(h int) float64
	from  int64 // seconds since 1970
	step  int64 // seconds; an hour if 0
}

const (
	feedStart = 1717200000 // 2024-06-01T00:00Z
	inWh      = "<uom>72</uom>"
	delivered = inWh + "<flowDirection>1</flowDirection><accumulationBehaviour>4</accumulationBehaviour><commodity>1</commodity>"
	received  = inWh + "<flowDirection>19</flowDirection><accumulationBehaviour>4</accumulationBehaviour><commodity>1</commodity>"
)

func wattHours(of func(int) float64, factor float64) func(int) float64 {
	return func(h int) float64 { return math.Round(1000 * factor * of(h)) }
}

// feedText writes a feed: content before links, and the blocks before what they link to,
// if turned is set.
func feedText(turned bool, series ...feedSeries) string {
	var entries []string
	entry := func(links, content string) {
		if turned {
			entries = append([]string{"<entry><content>" + content + "</content>" + links + "</entry>\n"}, entries...)
			return
		}
		entries = append(entries, "<entry>"+links+"<content>"+content+"</content></entry>\n")
	}
	link := func(rel, href string) string { return fmt.Sprintf("<link rel=%q href=%q/>", rel, href) }
	for i, s := range series {
		kind := fmt.Sprintf("https://a.example/espi/1_1/resource/ReadingType/%d", i)
		self := "https://a.example/espi/1_1/resource/" + s.path
		entry(link("self", self)+link("up", self[:strings.LastIndex(self, "/")])+link("related", kind), "<MeterReading/>")
		entry(link("self", kind), "<ReadingType>"+s.kind+"</ReadingType>")
		for day := 0; day*24 < s.hours; day++ {
			entry(link("self", fmt.Sprintf("%s/IntervalBlock/%d", self, day))+link("up", self+"/IntervalBlock"), s.block(24*day, min(24*day+24, s.hours)))
		}
	}
	return "<feed xmlns=\"http://www.w3.org/2005/Atom\">" + strings.Join(entries, "") + "</feed>"
}

func (s *feedSeries) block(from, to int) string {
	step := s.step
	if step == 0 {
		step = 3600
	}
	start := s.from
	if start == 0 {
		start = feedStart
	}
	var b strings.Builder
	b.WriteString("<IntervalBlock>")
	for h := from; h < to; h++ {
		fmt.Fprintf(&b, "<IntervalReading><timePeriod><duration>%d</duration><start>%d</start></timePeriod><value>%.0f</value></IntervalReading>", step, start+int64(h)*step, s.value(h))
	}
	b.WriteString("</IntervalBlock>")
	return b.String()
}

func TestKindsOfGreenButtonSeries(t *testing.T) {
	use, feedIn := total(48, load), total(48, sun)
	home := feedSeries{path: "RetailCustomer/1/UsagePoint/P/MeterReading/1", kind: delivered, hours: 48, value: wattHours(load, 1)}
	like := func(change func(s *feedSeries)) feedSeries {
		s := home
		change(&s)
		return s
	}
	export := func(sign float64) feedSeries {
		return like(func(s *feedSeries) {
			s.path, s.kind, s.value = "RetailCustomer/1/UsagePoint/P/MeterReading/2", received, wattHours(sun, sign)
		})
	}
	register := func(step int64) feedSeries {
		return like(func(s *feedSeries) {
			s.path, s.step, s.hours = "RetailCustomer/1/UsagePoint/P/MeterReading/R", step, int(48*3600/step)+1
			s.kind = strings.Replace(delivered, ">4<", ">1<", 1)
			s.value = func(n int) float64 { return math.Round(1000 * (9000 + total(n*int(step)/3600, load))) }
		})
	}
	customer := func(path string) feedSeries { return like(func(s *feedSeries) { s.path = path }) }
	for _, tc := range []struct {
		name    string
		series  []feedSeries
		meters  string
		skipped int64
		warns   string
	}{
		{name: "one", series: []feedSeries{home}, meters: fmt.Sprintf("P %.3f", use)},
		{
			name: "three customers with one id", meters: fmt.Sprintf("1/P %.3f, 2/P %.3f, 3/P %.3f", use, use, use),
			series: []feedSeries{home, customer("RetailCustomer/2/UsagePoint/P/MeterReading/1"), customer("RetailCustomer/3/UsagePoint/P/MeterReading/1")},
		},
		{
			name: "customers that differ further up", meters: fmt.Sprintf("1/S/P %.3f, 2/S/P %.3f, Q %.3f", use, use, use),
			series: []feedSeries{
				customer("RetailCustomer/1/Subscription/S/UsagePoint/P/MeterReading/1"), customer("RetailCustomer/2/Subscription/S/UsagePoint/P/MeterReading/1"),
				customer("RetailCustomer/2/Subscription/S/UsagePoint/Q/MeterReading/1"),
			},
		},
		{name: "received", series: []feedSeries{home, export(1)}, meters: fmt.Sprintf("P/1 %.3f, P/2 %.3f", use, -feedIn)},
		{name: "received, with the sign", series: []feedSeries{home, export(-1)}, meters: fmt.Sprintf("P/1 %.3f, P/2 %.3f", use, -feedIn)},
		{
			name: "a MeterReading for each bill", meters: fmt.Sprintf("P %.3f", 2*use),
			series: []feedSeries{home, like(func(s *feedSeries) {
				s.path, s.from = "RetailCustomer/1/UsagePoint/P/MeterReading/2", feedStart+48*3600
			})},
		},
		{
			name: "the day's total beside", meters: fmt.Sprintf("P %.3f", use), skipped: 2, warns: "MeterReading/D is left out: 1 has energy of the usage point in shorter intervals",
			series: []feedSeries{home, like(func(s *feedSeries) {
				s.path, s.hours, s.step = "RetailCustomer/1/UsagePoint/P/MeterReading/D", 2, 86400
			})},
		},
		{name: "the register beside", series: []feedSeries{register(3600), home}, meters: fmt.Sprintf("P %.3f", use), skipped: 49, warns: "it is the register that counts the energy of 1"},
		{name: "the register of days beside", series: []feedSeries{register(86400), home}, meters: fmt.Sprintf("P %.3f", use), skipped: 3, warns: "shorter intervals"},
		{name: "the register alone", series: []feedSeries{register(3600)}, meters: fmt.Sprintf("P %.3f", use)},
		{
			name: "the register of energy to the grid", meters: fmt.Sprintf("P %.3f", -use),
			series: []feedSeries{func() feedSeries {
				s := register(3600)
				s.kind = strings.Replace(received, ">4<", ">3<", 1)
				return s
			}()},
		},
		{
			name: "net beside both directions", skipped: 48, warns: "it is the net of other readings", meters: fmt.Sprintf("P/1 %.3f, P/2 %.3f", use, -feedIn),
			series: []feedSeries{home, export(-1), like(func(s *feedSeries) {
				s.path, s.kind = "RetailCustomer/1/UsagePoint/P/MeterReading/N", inWh+"<flowDirection>4</flowDirection>"
				s.value = func(h int) float64 { return wattHours(load, 1)(h) - wattHours(sun, 1)(h) }
			})},
		},
		{
			name: "net alone", meters: fmt.Sprintf("P %.3f", use-feedIn),
			series: []feedSeries{like(func(s *feedSeries) {
				s.kind = inWh + "<flowDirection>4</flowDirection>"
				s.value = func(h int) float64 { return wattHours(load, 1)(h) - wattHours(sun, 1)(h) }
			})},
		},
		{
			name: "demand beside", meters: fmt.Sprintf("P %.3f", use), skipped: 48, warns: "it is the demand in W beside the energy of 1",
			series: []feedSeries{home, like(func(s *feedSeries) {
				s.path, s.kind = "RetailCustomer/1/UsagePoint/P/MeterReading/W", "<uom>38</uom>"
			})},
		},
		{name: "mean power", series: []feedSeries{like(func(s *feedSeries) { s.kind = "<uom>38</uom>" })}, meters: fmt.Sprintf("P %.3f", use)},
		{
			name: "a power of ten", meters: fmt.Sprintf("P %.3f", use),
			series: []feedSeries{like(func(s *feedSeries) {
				s.kind, s.value = delivered+"<powerOfTenMultiplier>-3</powerOfTenMultiplier>", wattHours(load, 1000)
			})},
		},
		{name: "joules", series: []feedSeries{like(func(s *feedSeries) { s.kind, s.value = "<uom>31</uom>", wattHours(load, 3600) })}, meters: fmt.Sprintf("P %.3f", use)},
		{
			name: "intervals that are set to be of a register", meters: fmt.Sprintf("P %.3f", use),
			series: []feedSeries{like(func(s *feedSeries) { s.kind = strings.Replace(delivered, ">4<", ">1<", 1) })},
		},
		{
			name: "gas and water beside", meters: fmt.Sprintf("P %.3f", use), skipped: 96,
			series: []feedSeries{home, like(func(s *feedSeries) {
				s.path, s.kind = "RetailCustomer/1/UsagePoint/G/MeterReading/1", inWh+"<commodity>7</commodity>"
			}), like(func(s *feedSeries) { s.path, s.kind = "RetailCustomer/1/UsagePoint/W/MeterReading/1", "<uom>42</uom>" })},
		},
		{
			name: "reactive energy and the highest demand beside", meters: fmt.Sprintf("P %.3f", use), skipped: 96,
			series: []feedSeries{
				home, like(func(s *feedSeries) { s.path, s.kind = "RetailCustomer/1/UsagePoint/P/MeterReading/2", "<uom>73</uom>" }),
				like(func(s *feedSeries) {
					s.path, s.kind = "RetailCustomer/1/UsagePoint/P/MeterReading/3", "<uom>38</uom><dataQualifier>8</dataQualifier>"
				}),
			},
		},
		{
			name: "quarters", meters: fmt.Sprintf("P %.3f", use),
			series: []feedSeries{like(func(s *feedSeries) {
				s.hours, s.step, s.kind = 4*48, 900, delivered+"<powerOfTenMultiplier>-2</powerOfTenMultiplier>"
				s.value = func(q int) float64 { return wattHours(load, 100)(q/4) / 4 }
			})},
		},
	} {
		for _, turned := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, turned %t", tc.name, turned), func(t *testing.T) {
				s := openFile(t, file(t, feedText(turned, tc.series...)), Options{})
				info := s.Info()
				got := strings.Split(energyByMeter(&info, allRows(t, s, 0)), ", ")
				require.ElementsMatch(t, strings.Split(tc.meters, ", "), got)
				require.Equal(t, tc.skipped, info.Skipped)
				require.Zero(t, info.Quarantined, info.BadRows)
				if tc.warns == "" {
					require.Empty(t, info.Warnings)
				}
				require.Contains(t, strings.Join(info.Warnings, "\n"), tc.warns)
			})
		}
	}
}

func TestKindsOfGreenButtonTexts(t *testing.T) {
	home := feedSeries{path: "RetailCustomer/1/UsagePoint/Zähler/MeterReading/1", kind: delivered, hours: 48, value: wattHours(load, 1)}
	feed := feedText(true, home)
	prefixed := strings.NewReplacer("<feed xmlns", "<atom:feed xmlns:e=\"http://naesb.org/espi\" xmlns:atom", "</feed", "</atom:feed", "<entry", "<atom:entry", "</entry", "</atom:entry",
		"<content", "<atom:content", "</content", "</atom:content", "<link", "<atom:link").Replace(feed)
	for _, name := range []string{"MeterReading", "ReadingType", "IntervalBlock", "IntervalReading", "timePeriod", "duration", "start", "value", "uom"} {
		prefixed = strings.NewReplacer("<"+name, "<e:"+name, "</"+name, "</e:"+name).Replace(prefixed)
	}
	declared := func(encoding string) string {
		return fmt.Sprintf("<?xml version=\"1.0\" encoding=%q standalone=\"yes\"?>\n", encoding)
	}
	in := func(m *charmap.Charmap, text string) string {
		encoded, err := m.NewEncoder().String(text)
		require.NoError(t, err)
		return encoded
	}
	wide := func(text string, mark, bigEndian bool) string {
		var b bytes.Buffer
		units := utf16.Encode([]rune(text))
		if mark {
			units = append([]uint16{0xfeff}, units...)
		}
		for _, u := range units {
			if bigEndian {
				b.Write([]byte{byte(u >> 8), byte(u)})
			} else {
				b.Write([]byte{byte(u), byte(u >> 8)})
			}
		}
		return b.String()
	}
	want := fmt.Sprintf("Zähler %.3f", total(48, load))
	for name, text := range map[string]string{
		"no declaration":                        feed,
		"prefixes":                              prefixed,
		"UTF-8":                                 declared("UTF-8") + feed,
		"UTF-8 declared as ISO-8859-1":          declared("ISO-8859-1") + feed,
		"ISO-8859-1":                            declared("ISO-8859-1") + in(charmap.ISO8859_1, feed),
		"ISO-8859-15":                           declared("iso-8859-15") + in(charmap.ISO8859_15, feed),
		"Windows-1250":                          declared("windows-1250") + in(charmap.Windows1250, feed),
		"a name that nobody knows":              declared("x-latin") + in(charmap.Windows1252, feed),
		"Windows-1252, not declared":            in(charmap.Windows1252, feed),
		"UTF-16 little endian":                  wide(declared("UTF-16")+feed, true, false),
		"UTF-16 big endian":                     wide(declared("UTF-16")+feed, true, true),
		"UTF-16 without a mark":                 wide(declared("UTF-16LE")+feed, false, false),
		"UTF-16 big endian without a mark":      wide(declared("UTF-16")+feed, false, true),
		"UTF-16 declared as UTF-8":              wide(declared("utf-8")+feed, true, false),
		"UTF-8 declared as UTF-16":              declared("utf-16") + feed,
		"lines above the declaration":           "\r\n \n" + declared("UTF-8") + feed,
		"lines above, in ISO-8859-1":            "\n\n" + declared("ISO-8859-1") + in(charmap.ISO8859_1, feed),
		"a mark":                                "\xef\xbb\xbf" + declared("UTF-8") + feed,
		"a mark, declared as ISO-8859-1":        "\xef\xbb\xbf" + declared("ISO-8859-1") + feed,
		"a comment, a style sheet, an entity":   declared("UTF-8") + "<?xml-stylesheet href=\"GreenButton.xslt\"?><!-- made up --><!DOCTYPE feed>" + strings.Replace(feed, "<feed", "<feed title=\"a&nbsp;b\"", 1),
		"the seconds with a space around them":  strings.ReplaceAll(strings.ReplaceAll(feed, "<start>", "<start>\n "), "</value>", "\t</value>"),
		"costs, notes and other fields between": strings.ReplaceAll(feed, "<IntervalReading>", "<IntervalReading><cost>907</cost><ReadingQuality><quality>17</quality></ReadingQuality>"),
	} {
		t.Run(name, func(t *testing.T) {
			s := openFile(t, file(t, text), Options{})
			info := s.Info()
			require.Equal(t, want, energyByMeter(&info, allRows(t, s, 0)))
			printed, err := info.Layout.YAML()
			require.NoError(t, err)
			doc, err := layout.Parse([]byte(printed))
			require.NoError(t, err)
			again := openFile(t, file(t, text), Options{Layout: doc})
			info = again.Info()
			require.Equal(t, want, energyByMeter(&info, allRows(t, again, 0)), printed)
		})
	}
	_, err := Open(t.Context(), file(t, feed[:len(feed)/2]), Options{})
	require.ErrorContains(t, err, "cut off")
	_, err = Open(t.Context(), file(t, "<feed><entry><x y=\""+strings.Repeat("a", 2<<20)), Options{})
	require.ErrorContains(t, err, "no element begins")
}

func TestKindsOfGreenButtonWithoutAFeed(t *testing.T) {
	s := feedSeries{hours: 48, value: wattHours(load, 1)}
	block := s.block(0, 24) + s.block(24, 48)
	kind := "<ReadingType>" + delivered + "</ReadingType>"
	untimed := "<IntervalBlock><interval><duration>172800</duration><start>1717200000</start></interval>"
	for h := range 48 {
		untimed += fmt.Sprintf("<IntervalReading><value>%.0f</value></IntervalReading>", s.value(h))
	}
	hourly := "<ReadingType>" + delivered + "<intervalLength>3600</intervalLength></ReadingType>"
	for name, text := range map[string]string{
		"type first":                   "<ServiceResource>" + kind + block + "</ServiceResource>",
		"type last":                    "<ServiceResource>" + block + kind + "</ServiceResource>",
		"a reading with both":          "<UsagePoint><MeterReading>" + block + kind + "</MeterReading></UsagePoint>",
		"a reading beside the type":    "<UsagePoint>" + kind + "<MeterReading>" + block + "</MeterReading></UsagePoint>",
		"another commodity beside":     "<UsagePoint><MeterReading>" + kind + block + "</MeterReading><MeterReading><ReadingType><uom>169</uom></ReadingType>" + block + "</MeterReading></UsagePoint>",
		"all in one entry":             "<feed><entry><content>" + block + kind + "</content></entry></feed>",
		"entries without links":        "<feed><entry><content>" + block + "</content></entry><entry><content>" + kind + "</content></entry></feed>",
		"readings without their times": "<ServiceResource>" + hourly + untimed + "</IntervalBlock></ServiceResource>",
	} {
		t.Run(name, func(t *testing.T) {
			s := openFile(t, file(t, text), Options{})
			info := s.Info()
			require.Equal(t, fmt.Sprintf("meter %.3f", total(48, load)), energyByMeter(&info, allRows(t, s, 0)))
		})
	}
	_, err := Open(t.Context(), file(t, "<x>"+kind+"<ReadingType><uom>169</uom></ReadingType>"+block+"</x>"), Options{})
	require.ErrorContains(t, err, "links to no MeterReading with a ReadingType")
	_, err = Open(t.Context(), file(t, "<x>"+block+"</x>"), Options{})
	require.ErrorContains(t, err, "no ReadingType")
	daily := feedSeries{hours: 3, step: 86400, value: wattHours(load, 24)}
	_, err = Open(t.Context(), file(t, "<x>"+kind+daily.block(0, 3)+"</x>"), Options{})
	require.ErrorContains(t, err, "fetch the intervals, of an hour or shorter")
}

func TestKindsOfGreenButtonQualities(t *testing.T) {
	text := feedText(false, feedSeries{path: "UsagePoint/P/MeterReading/1", kind: delivered, hours: 48, value: wattHours(load, 1)})
	readings := strings.SplitAfter(text, "</IntervalReading>")
	mark := func(h int, quality string) {
		readings[h] = strings.Replace(readings[h], "<IntervalReading>", "<IntervalReading><ReadingQuality><quality>"+quality+"</quality></ReadingQuality>", 1)
	}
	mark(3, "17")
	mark(5, "8")
	mark(7, "9")
	mark(9, "12")
	readings[11] = strings.Replace(readings[11], fmt.Sprintf("<value>%.0f</value>", 1000*load(11)), "<value/>", 1)
	s := openFile(t, file(t, strings.Join(readings, "")), Options{})
	info := s.Info()
	require.Equal(t, fmt.Sprintf("P %.3f", total(48, load)-load(9)-load(11)), energyByMeter(&info, allRows(t, s, 0)))
	require.Equal(t, []int64{2, 2, 0}, []int64{info.Missing, info.Estimated, info.Quarantined})
}

// Some utilities count the seconds on local clocks.
func TestKindsOfGreenButtonClocks(t *testing.T) {
	zone, err := time.LoadLocation("America/Chicago")
	require.NoError(t, err)
	for _, minutes := range []int64{60, 30, 15} {
		from := time.Date(2024, 11, 2, 0, 0, 0, 0, zone)
		var b strings.Builder
		n := 0
		for at := from; at.Before(from.Add(49 * time.Hour)); at = at.Add(time.Duration(minutes) * time.Minute) {
			_, offset := at.Zone()
			fmt.Fprintf(&b, "<IntervalReading><timePeriod><duration>%d</duration><start>%d</start></timePeriod><value>%d</value></IntervalReading>", 60*minutes, at.Unix()+int64(offset), 100+n%7)
			n++
		}
		text := "<x><ReadingType>" + delivered + "</ReadingType><IntervalBlock>" + b.String() + "</IntervalBlock></x>"
		for _, o := range []Options{inZone("America/Chicago"), layoutOf(layout.Document{Time: &layout.Time{Zone: "America/Chicago"}})} {
			s := openFile(t, file(t, text), o)
			rows := allRows(t, s, 0)
			require.Len(t, rows, 49)
			require.Equal(t, from.UTC(), rows[0].Hour.Time())
			require.Zero(t, s.Info().Duplicates)
			require.Empty(t, s.Info().Warnings)
			require.Equal(t, "America/Chicago", s.Info().Layout.Time.Zone)
		}
		info := openFile(t, file(t, text), Options{}).Info()
		require.Contains(t, strings.Join(info.Warnings, "\n"), "set layout.time.zone to the zone")
	}
	// Seconds of UTC stay what they are in any zone.
	s := openFile(t, file(t, feedText(false, feedSeries{path: "UsagePoint/P/MeterReading/1", kind: delivered, hours: 48, value: wattHours(load, 1)})), inZone("America/Chicago"))
	require.EqualValues(t, feedStart, allRows(t, s, 0)[0].Hour.Unix())
	require.Equal(t, "UTC", s.Info().Layout.Time.Zone)
}

// Two meters under one set of links are no corrections of each other.
func TestGreenButtonWithTwoMetersUnderOneName(t *testing.T) {
	one := feedSeries{path: "UsagePoint/P/MeterReading/1", kind: delivered, hours: 48, value: wattHours(load, 1)}
	two := one
	two.value = wattHours(sun, 1)
	_, err := Open(t.Context(), file(t, feedText(false, one, two)), Options{})
	require.ErrorContains(t, err, "two meters under one name")
}
