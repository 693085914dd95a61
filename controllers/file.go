package controllers

import (
	"strings"
	"unicode/utf8"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
)

// Bounds of the status, in entries and bytes: those of its schema. A file decides
// how long its columns' names are.
const (
	shownFindings   = 32
	shownRejections = 32
	findingBytes    = 512
	reasonBytes     = 256
)

// describeFile takes over how the generator read its file.
func describeFile(st *v1.DatasetStatus, f *config.DatasetFigures) {
	st.RejectedRows = f.RejectedRows
	st.Rejections, st.Findings = nil, nil
	for _, r := range f.Reasons[:min(len(f.Reasons), shownRejections)] {
		st.Rejections = append(st.Rejections, v1.RowRejection{Reason: cut(r.Reason, reasonBytes), Rows: r.Rows})
	}
	for _, text := range f.Findings[:min(len(f.Findings), shownFindings)] {
		st.Findings = append(st.Findings, cut(text, findingBytes))
	}
}

// cut is text of at most n bytes, whole characters.
func cut(text string, n int) string {
	const more = "…"
	if len(text) <= n {
		return text
	}
	text = text[:n-len(more)]
	for !utf8.ValidString(text) && len(text) > 0 {
		text = text[:len(text)-1]
	}
	return strings.TrimSpace(text) + more
}
