package forecast

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// holidays knows the public holidays of one country; nil knows none. It is safe for
// concurrent use.
type holidays struct {
	calendar cal.Calendar
	kept     [datesKept]atomic.Uint32 // answers, by date; see on
}

// datesKept are the dates whose answers are kept: the calendar works each out from the
// rules of all holidays, and every issue asks about two months.
const datesKept = 1 << 10

// holidaysOf gives the national holidays of the country that an IANA zone lies
// in, nil where they are not known. Holidays of a region are left out where a
// zone spans several regions.
func holidaysOf(zone string) *holidays {
	list := national(zone)
	if list == nil {
		return nil
	}
	return &holidays{calendar: cal.Calendar{Holidays: list}}
}

// on reports whether the date of t is a day off by law, be it the holiday itself
// or the weekday that stands in for it.
func (h *holidays) on(t time.Time) bool {
	if h == nil {
		return false
	}
	y, m, d := t.Date()
	date := uint32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsADay)
	const known, off = 1, 2
	place := &h.kept[date%datesKept]
	if kept := place.Load(); kept>>2 == date && kept&known != 0 {
		return kept&off != 0
	}
	actual, observed, _ := h.calendar.IsHoliday(t)
	kept := date<<2 | known
	if actual || observed {
		kept |= off
	}
	place.Store(kept)
	return actual || observed
}

const secondsADay = 24 * 60 * 60

// national lists the holidays for a zone.
func national(zone string) []*cal.Holiday {
	if strings.HasPrefix(zone, "America/Argentina/") {
		return ar.Holidays
	}
	switch zone {
	case "Australia/Sydney":
		return au.HolidaysNSW
	case "Australia/Melbourne":
		return au.HolidaysVIC
	case "Australia/Brisbane":
		return au.HolidaysQLD
	case "Australia/Adelaide":
		return au.HolidaysSA
	case "Australia/Perth":
		return au.HolidaysWA
	case "Australia/Hobart":
		return au.HolidaysTAS
	case "Australia/Darwin":
		return au.HolidaysNT
	case "Europe/London", "Europe/Belfast", "Europe/Jersey", "Europe/Guernsey", "Europe/Isle_of_Man", "GB":
		return gb.Holidays
	case "Europe/Dublin":
		return ie.Holidays
	case "Europe/Berlin", "Europe/Busingen":
		return de.Holidays
	case "Europe/Vienna":
		return at.Holidays
	case "Europe/Zurich":
		return ch.Holidays
	case "Europe/Paris":
		return fr.Holidays
	case "Europe/Brussels":
		return be.Holidays
	case "Europe/Amsterdam":
		return nl.Holidays
	case "Europe/Copenhagen":
		return dk.Holidays
	case "Europe/Stockholm":
		return se.Holidays
	case "Europe/Oslo":
		return no.Holidays
	case "Europe/Madrid", "Atlantic/Canary":
		return es.Holidays
	case "Europe/Rome":
		return it.Holidays
	case "Europe/Athens":
		return gr.Holidays
	case "Europe/Warsaw":
		return pl.Holidays
	case "Europe/Prague":
		return cz.Holidays
	case "Europe/Bratislava":
		return sk.Holidays
	case "Europe/Ljubljana":
		return si.Holidays
	case "Europe/Zagreb":
		return hr.Holidays
	case "Europe/Sofia":
		return bg.Holidays
	case "Europe/Bucharest":
		return ro.Holidays
	case "Europe/Vilnius":
		return lt.Holidays
	case "Europe/Riga":
		return lv.Holidays
	case "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
		"America/Detroit", "America/Boise", "America/Anchorage", "Pacific/Honolulu":
		return us.Holidays
	case "America/Toronto", "America/Winnipeg", "America/Edmonton", "America/Vancouver", "America/Regina",
		"America/Halifax", "America/St_Johns":
		return ca.Holidays
	case "America/Sao_Paulo":
		return br.Holidays
	case "Asia/Tokyo":
		return jp.Holidays
	case "Pacific/Auckland":
		return nz.Holidays
	case "Africa/Johannesburg":
		return za.Holidays
	}
	return nil
}
