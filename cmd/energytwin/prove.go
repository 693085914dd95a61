package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/energytwin/energytwin/internal/config"
)

// newProveCommand shows that this binary can work for a twin: it starts on the
// node, and reads the configuration that the operator wrote. The operator runs it
// before it changes anything that runs to an image.
func newProveCommand() *cobra.Command {
	var token, message string
	cmd := workloadCommand("prove", "Prove that this image can run a twin, then end", func(context.Context, *config.Twin) error {
		answer, err := json.Marshal(config.ProofAnswer{Token: token, Version: version})
		if err != nil {
			return err
		}
		if err := os.WriteFile(message, answer, 0o600); err != nil {
			return fmt.Errorf("answer the proof: %w", err)
		}
		return nil
	})
	cmd.Hidden = true
	cmd.Flags().StringVar(&token, "token", "", "what the answer repeats")
	cmd.Flags().StringVar(&message, "termination-log", "/dev/termination-log", "file that takes the answer")
	return cmd
}
