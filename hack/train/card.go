package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/energytwin/energytwin/internal/backtest"
)

// card collects the rows of the model card's tables, in Markdown.
type card struct{ methods, combined strings.Builder }

// cardMethods are the columns of the first table, by their names in a report.
func cardMethods() []string {
	return []string{"combined", "trees", "combo3", "rls", "dshw", "ridge", "naive24"}
}

func (c *card) add(title string, r *backtest.Report) {
	fmt.Fprintf(&c.methods, "| %s |", title)
	for i, name := range cardMethods() {
		for m := range r.Models {
			switch {
			case r.Models[m].Name != name:
			case i == 0:
				fmt.Fprintf(&c.methods, " **%.3f** |", r.Models[m].RelMAE)
			default:
				fmt.Fprintf(&c.methods, " %.3f |", r.Models[m].RelMAE)
			}
		}
	}
	m := &r.Models[0]
	fmt.Fprintf(&c.methods, "\n")
	fmt.Fprintf(&c.combined, "| %s | %.3f | %.3f | %.3f | %.3f | %.3f | %.1f %% | %.1f to %.1f %% |\n", title,
		m.MASE, m.WAPE, m.NRMSE, m.ByLead[0], m.ByLead[3], 100**m.Coverage80, 100*r.Coverage.Least, 100*r.Coverage.Most)
}

func (c *card) print(out io.Writer) {
	fmt.Fprintf(out, "\nFor docs/reference/model-card.md:\n\n%s\n%s", c.methods.String(), c.combined.String())
}
