package cluster

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// Exit codes, for scripts.
const (
	ExitFailed  = 1 // what was asked for failed, or a twin is stalled
	ExitUsage   = 2 // the command line is wrong
	ExitTimeout = 3 // time was up before the end
)

// ExitError is an error with an exit code of its own.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap is the error itself.
func (e *ExitError) Unwrap() error { return e.Err }

// ExitCode is the exit code for an error: that of an ExitError, else ExitFailed; 0
// for none.
func ExitCode(err error) int {
	var exit *ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.Code
	}
	return ExitFailed
}

func usage(format string, args ...any) error {
	return &ExitError{ExitUsage, fmt.Errorf(format, args...)}
}

func timeout(format string, args ...any) error {
	return &ExitError{ExitTimeout, fmt.Errorf(format, args...)}
}

// args are the arguments that a command takes, as a usage error names them.
func args(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if len(given) < least || most >= 0 && len(given) > most {
			return usage("write %s %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())
		}
		return nil
	}
}
