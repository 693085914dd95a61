package meter

import (
	"encoding/json"
	"fmt"
)

// textWatermark begins a watermark message in canonical form.
const textWatermark = `{"watermark":"`

// AppendWatermark appends to dst the message that ends all hours before w in the
// partition that it is published to: no reading of them follows.
func AppendWatermark(dst []byte, w Hour) []byte {
	dst = append(dst, textWatermark...)
	dst = appendHour(dst, w)
	return append(dst, `"}`...)
}

// DecodeWatermark reads a watermark message. It is none if known is false: a JSON
// object without watermark, or with the meter of a reading, or no object at all. The
// error is ErrVersion, ErrTimestamp or ErrNotWholeHour.
func DecodeWatermark(value []byte) (w Hour, known bool, err error) {
	var f struct {
		Version   json.Number     `json:"version"`
		Watermark *string         `json:"watermark"`
		Meter     json.RawMessage `json:"meter"`
	}
	if json.Unmarshal(value, &f) != nil || f.Watermark == nil || f.Meter != nil {
		return NoHour, false, nil
	}
	if f.Version != "" && f.Version.String() != fmt.Sprint(MessageVersion) {
		return NoHour, true, fmt.Errorf("%w: the message has version %.20s, and this twin reads version %d", ErrVersion, f.Version, MessageVersion)
	}
	w, minute, err := parseTime([]byte(*f.Watermark))
	switch {
	case err != nil:
		return NoHour, true, fmt.Errorf("%w: watermark is not RFC 3339 with an offset, such as 2026-01-01T00:00:00Z", err)
	case minute != 0:
		return NoHour, true, fmt.Errorf("%w: watermark is not the start of an hour of UTC", ErrNotWholeHour)
	}
	return w, true, nil
}
