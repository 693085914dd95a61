package cluster

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite docs/reference/cluster-command.md")

const referenceFile = "../../../docs/reference/cluster-command.md"

// reference is the page about the commands, as their help has it.
func reference() string {
	root := NewCommand("kubectl energytwin")
	var out strings.Builder
	out.WriteString("# kubectl energytwin\n\n<!-- Generated from the commands by `make generate`; do not edit. -->\n\n" + root.Long + "\n\n" +
		"    ln -s \"$(command -v energytwin)\" ~/.local/bin/kubectl-energytwin\n\n" +
		"Without kubectl the same is `energytwin cluster …`, and `energytwin wait` for pipelines. Roles: `energytwin-view` suffices for\n" +
		"status, logs, wait and report, with `energytwin-edit` it suffices for all\n([config/rbac/user_roles.yaml](../../config/rbac/user_roles.yaml)).\n")
	section(&out, root)
	out.WriteString("\n## Flags of all commands\n\n```\n" + strings.TrimRight(root.PersistentFlags().FlagUsages(), "\n") + "\n```\n")
	return out.String()
}

func section(out *strings.Builder, parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if cmd.HasSubCommands() {
			section(out, cmd)
			continue
		}
		text := cmd.Long
		if text == "" {
			text = cmd.Short + "."
		}
		fmt.Fprintf(out, "\n## %s\n\n    %s\n\n%s\n", strings.TrimPrefix(cmd.CommandPath(), "kubectl energytwin "), cmd.UseLine(), text)
		if cmd.Example != "" {
			out.WriteString("\n```sh\n" + cmd.Example + "\n```\n")
		}
		if flags := cmd.LocalNonPersistentFlags(); flags.HasFlags() {
			out.WriteString("\n```\n" + strings.TrimRight(flags.FlagUsages(), "\n") + "\n```\n")
		}
	}
}

func TestCommittedCommandReferenceIsCurrent(t *testing.T) {
	want := reference()
	if *update {
		require.NoError(t, os.WriteFile(referenceFile, []byte(want), 0o644))
	}
	got, err := os.ReadFile(referenceFile)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run `make generate`")
}
