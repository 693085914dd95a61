// Command energytwin runs every part of a twin: the subcommand picks the role.
//
// It has more than 25 files, as each command is a file with its flags and what it
// prints, and the same words and flags are shared by several. What commands do is in
// packages that others can import.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	_ "time/tzdata" // images and small machines may have no zone files

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/cmd/energytwin/cluster"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "energytwin:", err)
		os.Exit(cluster.ExitCode(err))
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second Ctrl-C ends the process at once.
	context.AfterFunc(ctx, stop)
	err := commandFor(os.Args[0]).ExecuteContext(ctx)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// pluginName is the name under which kubectl finds this binary as a plugin.
const pluginName = "kubectl-energytwin"

// commandFor is the command that a name of the binary stands for.
func commandFor(program string) *cobra.Command {
	if strings.TrimSuffix(filepath.Base(program), ".exe") == pluginName {
		return cluster.NewCommand("kubectl energytwin")
	}
	return newRootCommand()
}
