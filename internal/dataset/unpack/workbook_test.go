package unpack

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormatsOfDates(t *testing.T) {
	for code, date := range map[string]bool{
		"General": false, "0.00": false, "#,##0.00 \"days\"": false, "[Red]0.0": false, "[$€-407] #,##0.00": false, `0.0\d`: false, "0%": false, "@": false, "0.00E+00": false,
		"dd/mm/yyyy": true, "hh:mm": true, "[h]:mm:ss": true, "mmm yy": true, "[$-409]m/d/yy h:mm AM/PM;@": true, "yyyy\"年\"m\"月\"": true, "[$-F800]dddd": true,
	} {
		require.Equal(t, date, isDateFormat(code), code)
	}
}
