package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/statusport"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/workloads/bridge"
)

func newBridgeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bridge", Short: "Take readings from another system into a twin's stream"}
	cmd.AddCommand(workloadCommand("mqtt", "Take readings from a broker of MQTT 5", runMQTTBridge))
	return cmd
}

func runMQTTBridge(ctx context.Context, twin *config.Twin) error {
	client, err := stream.Connect(twin.Kafka)
	if err != nil {
		return err
	}
	defer client.Close()
	reg := statusport.NewRegistry()
	b, err := bridge.New(twin, client, reg, slog.Default())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error {
		return statusport.Serve(ctx, twin.API.StatusListen, statusport.Options{
			Gatherer: reg, Ready: []statusport.Check{{Name: "kafka", Run: client.Ping}, {Name: "mqtt", Run: b.Ready}},
			Status: func() any { return b.Figures() },
		})
	})
	tasks.Go(func() error {
		defer stop()
		return b.Run(ctx)
	})
	return tasks.Wait()
}
