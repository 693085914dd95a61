package main

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/admission"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/workloads/local"
)

func newLocalCommand() *cobra.Command {
	var o local.Options
	var file, speed string
	var readings layoutFlags
	cmd := &cobra.Command{
		Use:   "local -f twin.yaml",
		Short: "Run a whole twin on this machine, without a cluster",
		Long: "Runs the twin of a DigitalTwin file in this process, on embedded PostgreSQL, Redis and Kafka or on those\n" +
			"that you name. The file gets the defaults and the validation that the Kubernetes API server gives it.",
		Example: "  energytwin local -f config/samples/quickstart.yaml\n" +
			"  energytwin local -f config/samples/buildings.yaml --readings readings.csv.gz --until-done --summary summary.json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			twin, err := readTwin(file)
			if err != nil {
				return err
			}
			if o.Speed, err = parseSpeed(speed); err != nil {
				return err
			}
			if o.Summary != "" && !o.UntilDone {
				return fmt.Errorf("--summary needs --until-done: without it the twin has no end to sum up")
			}
			if readings.given() && o.Readings == "" {
				return fmt.Errorf("--layout and the flags of its fields are about the file of --readings; name one, or write spec.dataset.layout")
			}
			if o.Layout, err = readings.document(layoutOf(twin)); err != nil {
				return err
			}
			if o.Readings != "" {
				o.Setting = readings.setting
			}
			o.Twin, o.Version, o.Out, o.Log = twin, version, cmd.OutOrStdout(), quietLogger(cmd)
			return local.Run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "filename", "f", "", "file with a DigitalTwin (required)")
	f.StringVar(&o.DataDir, "data-dir", "", "folder that keeps the stores' data; without it a fresh one is used and deleted at the end")
	f.StringVar(&o.Readings, "readings", "", "file with readings in place of the spec's dataset; its window, and its layout where no flag sets it, come from the file")
	readings.register(cmd)
	f.StringVar(&o.Prices, "prices", "", "file with the prices that spec.processor.dsm.tariff.dynamic is about")
	f.StringVar(&o.Carbon, "carbon", "", "file with the intensities that spec.processor.dsm.carbonIntensity is about")
	f.StringVar(&o.Temperatures, "temperatures", "", "file with the temperatures that spec.processor.forecast.temperature is about")
	f.StringVar(&o.OIDCSecret, "oidc-client-secret", "", "file with the client secret that spec.api.auth.oidc.clientSecretRef is about")
	f.StringVar(&o.OIDCCA, "oidc-ca", "", "file with the certificates that spec.api.auth.oidc.caSecretRef is about")
	f.StringVar(&o.TracingHeaders, "tracing-headers", "", "file with the headers that spec.monitoring.tracing.headersSecretRef is about")
	f.StringVar(&o.TracingCA, "tracing-ca", "", "file with the certificates that spec.monitoring.tracing.caSecretRef is about")
	f.StringVar(&o.MQTTSecrets, "mqtt-secrets", "", "folder with a file for each key of the Secrets that spec.ingest.mqtt is about: username, password, ca.crt, tls.crt, tls.key")
	f.StringVar(&speed, "speed", "", "simulated seconds per second in place of the spec's, or max")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "address of the API and the UI")
	f.StringVar(&o.Kafka, "kafka", "", "address of a Kafka broker to use instead of the embedded one")
	f.StringVar(&o.Redis, "redis", "", "address of a Redis server to use instead of the embedded one")
	f.StringVar(&o.Database, "database", "", "postgres:// URL of a database to use instead of the embedded one")
	f.BoolVar(&o.PrintConnections, "print-connections", false, "print how to open the stores with kcat, redis-cli and psql")
	f.BoolVar(&o.UntilDone, "until-done", false, "end when the replay is through")
	f.StringVar(&o.Summary, "summary", "", "file for a JSON summary of the finished replay")
	_ = cmd.MarkFlagRequired("filename")
	return cmd
}

// readTwin reads a DigitalTwin as the API server would admit it.
func readTwin(path string) (*v1.DigitalTwin, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	checker, err := admission.New()
	if err != nil {
		return nil, err
	}
	return checker.Read(path, content)
}

// layoutOf is the layout that a twin's spec has; nil if it has none.
func layoutOf(twin *v1.DigitalTwin) *layout.Document {
	if twin.Spec.Dataset == nil {
		return nil
	}
	return twin.Spec.Dataset.Layout
}

// parseSpeed reads --speed; nil leaves the spec's, 0 is as fast as possible.
func parseSpeed(s string) (*float64, error) {
	if s == "" {
		return nil, nil
	}
	var v float64
	if s != "max" {
		var err error
		if v, err = strconv.ParseFloat(s, 64); err != nil || v <= 0 {
			return nil, fmt.Errorf("--speed %s: write a number above 0, such as 3600 for an hour a second, or max", s)
		}
	}
	return &v, nil
}

// quietLogger keeps the terminal for what people read: only warnings are
// logged, unless a level was asked for.
func quietLogger(cmd *cobra.Command) *slog.Logger {
	if !cmd.Flags().Changed("log-level") {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return slog.Default()
}
