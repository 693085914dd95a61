package notation

import (
	"strings"
	"unicode/utf8"
)

// monthWords are the names of the months and their usual short forms, in the languages
// of the utilities whose files are read.
var monthWords = wordNumbers(
	"jan january januar jänner jän janvier janv enero ene gennaio gen januari janeiro stycznia styczeń sty leden ledna",
	"feb february februar feber février févr fév febrero febbraio februari fevereiro fev lutego luty lut únor února",
	"mar march märz mär mrz mars marzo maart mrt março marts marca marzec březen března",
	"apr april avril avr abril abr aprile kwietnia kwiecień kwi duben dubna",
	"may mai mayo maggio mag mei maio maj maja květen května",
	"jun june juni juin junio giugno giu junho czerwca czerwiec cze červen června",
	"jul july juli juillet juil julio luglio lug julho lipca lipiec lip červenec července",
	"aug august août agosto ago augustus augusti sierpnia sierpień sie srpen srpna",
	"sep sept september septembre septiembre settembre set setembro września wrzesień wrz září",
	"oct october oktober okt octobre octubre ottobre ott outubro out października październik paź říjen října",
	"nov november novembre noviembre novembro listopada listopad lis",
	"dec december dezember dez décembre déc diciembre dic dicembre dezembro desember des grudnia grudzień gru prosinec prosince",
)

// weekdayWords are the names of the days of the week and their usual short forms.
var weekdayWords = wordNumbers(
	"mo mon monday montag lun lundi lunes lunedì ma maandag mandag måndag seg poniedziałek pon",
	"tu tue tues tuesday di die dienstag mar mardi martes martedì dinsdag tir tirsdag tis tisdag ter wtorek wt",
	"we wed wednesday mi mit mittwoch mer mercredi mié miércoles mercoledì wo woensdag ons onsdag qua środa śr",
	"th thu thur thurs thursday do don donnerstag jeu jeudi jue jueves gio giovedì donderdag tor torsdag qui czwartek czw",
	"fr fri friday freitag ven vendredi vie viernes venerdì vr vrijdag fre fredag sex piątek pt",
	"sa sat saturday samstag sonnabend sam samedi sáb sábado sab sabato za zaterdag lør lørdag lör lördag sobota sob",
	"su sun sunday so sonntag dim dimanche dom domingo domenica zo zondag søn søndag sön söndag niedziela nd",
)

func wordNumbers(lists ...string) map[string]int {
	numbers := map[string]int{}
	for i, list := range lists {
		for _, word := range strings.Fields(list) {
			numbers[word] = i + 1
		}
	}
	return numbers
}

// letters is the length of the word at the start of b.
func letters(b []byte) int {
	n := 0
	for n < len(b) && (b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z' || b[n] >= utf8.RuneSelf) {
		n++
	}
	return n
}

// wordNumber is the number of the word at the start of b, with the point behind a short
// form; 0 if it is not in the list.
func wordNumber(words map[string]int, b []byte) (number, length int) {
	n := letters(b)
	if n == 0 || n > 16 {
		return 0, 0
	}
	number = words[strings.ToLower(string(b[:n]))]
	if number > 0 && n+1 < len(b) && b[n] == '.' && (b[n+1] == ' ' || b[n+1] == ',') {
		n++
	}
	return number, n
}

// weekdayLength is the length of a weekday in front of a date, with what stands
// between: Mon, or Mo., or Monday and a comma.
func weekdayLength(b []byte) int {
	day, n := wordNumber(weekdayWords, b)
	if day == 0 {
		return 0
	}
	end := n
	for end < len(b) && (b[end] == ',' || b[end] == ' ') {
		end++
	}
	if end == n || end == len(b) {
		return 0
	}
	if month, _ := wordNumber(monthWords, b); month > 0 && !IsDigit(b[end]) {
		return 0 // mar. is March or martes
	}
	return end
}
