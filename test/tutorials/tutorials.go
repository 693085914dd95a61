// Package tutorials reads the commands of a tutorial, so that tests run them as they
// are written.
package tutorials

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Block is a fenced block of commands.
type Block struct {
	Line int // of the file, where the commands begin
	// How the block is run, which stands behind `sh`: "" as it is; "fails" has a
	// non-zero exit code; others name what has to be there for it, such as argocd.
	How      string
	Commands string
}

var fence = regexp.MustCompile("(?ms)^```sh ?([a-z-]*)\n(.*?)^```$")

// Read returns the blocks of a Markdown file in their order.
func Read(file string) ([]Block, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	text := string(content)
	var out []Block
	for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, Block{
			Line: strings.Count(text[:at[4]], "\n") + 1, How: text[at[2]:at[3]], Commands: text[at[4]:at[5]],
		})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no block of commands: write it between ```sh and ```", file)
	}
	return out, nil
}

// Script is a bash script that runs the blocks one after the other and stops at the
// first that does not do what it should. before holds commands that run before the
// blocks of a kind; a block of a kind that it lacks is left out, and named.
func Script(blocks []Block, before map[string]string) (script string, left []Block) {
	var out strings.Builder
	out.WriteString("set -euo pipefail\n")
	for _, b := range blocks {
		prelude, known := before[b.How]
		switch {
		case b.How == "":
		case b.How == "fails":
			fmt.Fprintf(&out, "echo '== line %d, which fails' >&2\nif (\n%s); then echo 'line %d does not fail' >&2; exit 1; fi\n", b.Line, b.Commands, b.Line)
			continue
		case !known:
			left = append(left, b)
			continue
		}
		fmt.Fprintf(&out, "%s\necho '== line %d' >&2\n%s", prelude, b.Line, b.Commands)
	}
	return out.String(), left
}
