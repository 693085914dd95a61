package main

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/statusport"
	"github.com/energytwin/energytwin/internal/stream"
)

// userRetry is the pause between tries while the broker comes up.
const userRetry = 2 * time.Second

// newKafkaUsersCommand is the helper beside a managed broker: it gives the
// twin's user the password of the Secret, over a listener that only the
// broker's own pod reaches. A volume that was formatted with another password
// is so brought along.
func newKafkaUsersCommand() *cobra.Command {
	var address, user, file, listen string
	cmd := &cobra.Command{
		Use:    "kafka-users",
		Short:  "Set the password of a broker's user, then stay (runs beside a managed broker)",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := stream.Connect(config.Kafka{Brokers: []string{address}})
			if err != nil {
				return err
			}
			defer client.Close()
			var done atomic.Bool
			ready := statusport.Check{Name: "user", Run: func(context.Context) error {
				if !done.Load() {
					return errors.New("the user's password is not set yet")
				}
				return nil
			}}
			tasks, ctx := errgroup.WithContext(cmd.Context())
			tasks.Go(func() error {
				return statusport.Serve(ctx, listen, statusport.Options{Ready: []statusport.Check{ready}})
			})
			tasks.Go(func() error {
				if err := setUser(ctx, client, user, file); err != nil {
					return err
				}
				done.Store(true)
				return nil
			})
			return tasks.Wait()
		},
	}
	f := cmd.Flags()
	f.StringVar(&address, "address", "127.0.0.1:9095", "address of the broker's local listener")
	f.StringVar(&user, "user", "twin", "name of the user")
	f.StringVar(&file, "password-file", "", "file with the password (required)")
	f.StringVar(&listen, "listen", ":9096", "address of the probes")
	_ = cmd.MarkFlagRequired("password-file")
	return cmd
}

// setUser tries until the broker takes the password, or ctx ends.
func setUser(ctx context.Context, client *stream.Client, user, file string) error {
	for {
		password, err := config.ReadSecret("--password-file", file)
		if err != nil {
			return err
		}
		err = client.SetUser(ctx, user, password)
		if err == nil {
			slog.Info("the user's password is set", "user", user)
			return nil
		}
		slog.Debug("the broker does not take the password yet", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(userRetry):
		}
	}
}
