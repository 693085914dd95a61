package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/energytwin/energytwin/internal/config"
)

// configure makes the configuration document of the twin, as the operator does
// for a cluster, from the same spec.
func configure(o Options, dir folder, s *stores, keys secrets, listen string) (*config.Twin, error) {
	redisPass, err := s.redisPassFile(dir)
	if err != nil {
		return nil, err
	}
	cfg, err := config.FromTwin(o.Twin, config.Endpoints{
		Image:         "energytwin:" + o.Version,
		Brokers:       []string{s.broker},
		RedisAddress:  s.redis,
		RedisPassFile: redisPass,
		DatabaseURL:   s.database,
		Listen:        listen,
		StatusListen:  loopbackAnyPort,
		APIKeysFile:   keys.apiKeysFile,
		JWTSecretFile: keys.jwtFile,
		DatasetPath:   o.Readings,

		PriceSeriesPath:       o.Prices,
		CarbonSeriesPath:      o.Carbon,
		TemperatureSeriesPath: o.Temperatures,
	})
	if err != nil {
		return nil, err
	}
	if err := o.checkSeries(cfg); err != nil {
		return nil, err
	}
	cfg.Kafka.Replicas = 1 // embedded, or one that a person runs beside
	if o.Speed != nil {
		cfg.Generator.Speed = *o.Speed
	}
	return cfg, nil
}

// checkSeries refuses a file that nothing in the spec asks for.
func (o *Options) checkSeries(cfg *config.Twin) error {
	for _, s := range []struct {
		flag, path, field string
		series            *config.Series
	}{
		{"--prices", o.Prices, "dsm.tariff.dynamic", cfg.Processor.PriceSeries},
		{"--carbon", o.Carbon, "dsm.carbonIntensity", cfg.Processor.CarbonSeries},
		{"--temperatures", o.Temperatures, "forecast.temperature", cfg.Processor.TemperatureSeries},
	} {
		if s.path != "" && s.series == nil {
			return fmt.Errorf("%s %s: the twin reads no such file; write spec.processor.%s, which names its columns", s.flag, s.path, s.field)
		}
	}
	return nil
}

const loopbackAnyPort = "127.0.0.1:0"

// listen opens the API's port. If another program has it, a free one is taken:
// the address is printed in either case.
func listen(ctx context.Context, address string, say func(string)) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	say(address + " is taken by another program: another port is used")
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}
