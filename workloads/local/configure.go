package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"syscall"

	v1 "github.com/energytwin/energytwin/api/v1"
	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/config/fromtwin"
)

// configure makes the configuration document of the twin, as the operator does
// for a cluster, from the same spec. Where the stores and the API are is known once they
// are up; see locate.
func configure(o Options, keys secrets) (*config.Twin, error) {
	cfg, err := fromtwin.Config(o.twinOfReadings(), fromtwin.Endpoints{
		Image:         "energytwin:" + o.Version,
		Brokers:       []string{loopbackAnyPort},
		RedisAddress:  loopbackAnyPort,
		DatabaseURL:   "postgres://" + loopbackAnyPort,
		Listen:        loopbackAnyPort,
		StatusListen:  loopbackAnyPort,
		APIKeysFile:   keys.apiKeysFile,
		JWTSecretFile: keys.jwtFile,
		PublicURL:     publicHere,
		DatasetPath:   o.Readings,

		OIDCSecretFile: o.OIDCSecret,
		OIDCCAFile:     o.OIDCCA,

		TracingHeadersFile: o.TracingHeaders,
		TracingCAFile:      o.TracingCA,

		MQTTUserFile: filepath.Join(o.MQTTSecrets, "username"),
		MQTTPassFile: filepath.Join(o.MQTTSecrets, "password"),
		MQTTTLS:      o.mqttTLS(),
		MQTTIDEnding: "-local", // a twin of the same name in a cluster keeps its session

		PriceSeriesPath:       o.Prices,
		CarbonSeriesPath:      o.Carbon,
		TemperatureSeriesPath: o.Temperatures,
	})
	if err != nil {
		return nil, err
	}
	if given := o.Twin.Spec.API.Auth.OIDC; given != nil && given.PublicURL == "" {
		cfg.API.OIDC.PublicURL = publicHere // an Ingress does not lead here
	}
	cfg.Kafka.Replicas = 1 // embedded, or one that a person runs beside
	if o.Speed != nil {
		cfg.Generator.Speed = *o.Speed
	}
	return cfg, nil
}

// locate writes into the configuration where the stores and the API are.
func locate(cfg *config.Twin, s *stores, dir folder, listen string) (err error) {
	cfg.Kafka.Brokers = []string{s.broker}
	cfg.Redis.Address = s.redis
	if cfg.Redis.PassFile, err = s.redisPassFile(dir); err != nil {
		return err
	}
	cfg.Database.URL = s.database
	cfg.API.Listen = listen
	if o := cfg.API.OIDC; o != nil && o.PublicURL == publicHere {
		o.PublicURL = "http://" + listen
	}
	return cfg.Validate()
}

// twinOfReadings is the twin with the file that takes the place of its dataset. The
// window of the spec is about the spec's dataset: a file has its own.
func (o *Options) twinOfReadings() *v1.DigitalTwin {
	twin := o.Twin.DeepCopy()
	d := twin.Spec.Dataset
	if o.Readings == "" || d == nil {
		return twin
	}
	d.Synthetic = nil
	if d.Window != nil {
		d.Window.Start = ""
	}
	if o.Layout != nil {
		d.Layout = o.Layout
	}
	return twin
}

// checkSeries reports, before anything is started, which series of the spec lacks a
// file, and which file no series.
func (o *Options) checkSeries() error {
	p := &o.Twin.Spec.Processor
	for _, s := range []struct {
		flag, path, field string
		asked             bool
	}{
		{"--prices", o.Prices, "dsm.tariff.dynamic", p.DSM.Tariff != nil && p.DSM.Tariff.Dynamic != nil},
		{"--carbon", o.Carbon, "dsm.carbonIntensity", p.DSM.CarbonIntensity != nil},
		{"--temperatures", o.Temperatures, "forecast.temperature", p.Forecast.Temperature != nil},
	} {
		if s.asked && s.path == "" {
			return fmt.Errorf("spec.processor.%s reads a file of a cluster; name one with %s, or leave the field out", s.field, s.flag)
		}
		if s.path != "" && !s.asked {
			return fmt.Errorf("%s %s: the twin reads no such file; write spec.processor.%s, which names its columns", s.flag, s.path, s.field)
		}
	}
	return nil
}

// checkOIDC reports, before anything is started, which Secret of the spec lacks a file, and
// which file no Secret.
func (o *Options) checkOIDC() error {
	var secret, authority *v1.SecretReference
	if oidc := o.Twin.Spec.API.Auth.OIDC; oidc != nil {
		secret, authority = oidc.ClientSecretRef, oidc.CASecretRef
	}
	return checkSecrets(
		secretFile{"--oidc-client-secret", o.OIDCSecret, "api.auth.oidc.clientSecretRef", secret},
		secretFile{"--oidc-ca", o.OIDCCA, "api.auth.oidc.caSecretRef", authority},
	)
}

// checkTracing does so for the Secrets of the collector of traces.
func (o *Options) checkTracing() error {
	var headers, authority *v1.SecretReference
	if t := o.Twin.Spec.Monitoring.Tracing; t != nil {
		headers, authority = t.HeadersSecretRef, t.CASecretRef
	}
	return checkSecrets(
		secretFile{"--tracing-headers", o.TracingHeaders, "monitoring.tracing.headersSecretRef", headers},
		secretFile{"--tracing-ca", o.TracingCA, "monitoring.tracing.caSecretRef", authority},
	)
}

// secretFile is a file in place of a Secret that the spec names.
type secretFile struct {
	flag, path, field string
	ref               *v1.SecretReference
}

func checkSecrets(files ...secretFile) error {
	for _, s := range files {
		if s.ref != nil && s.path == "" {
			return fmt.Errorf("spec.%s reads a Secret of a cluster; name a file with its value with %s, or leave the field out", s.field, s.flag)
		}
		if s.path != "" && s.ref == nil {
			return fmt.Errorf("%s %s: the twin reads no such file; write spec.%s", s.flag, s.path, s.field)
		}
	}
	return nil
}

// mqttTLS are the files in place of the Secrets that spec.ingest.mqtt.tls names; nil where
// the spec leaves it out.
func (o *Options) mqttTLS() *config.TLS {
	m := o.Twin.Spec.Bridged()
	if m == nil || m.TLS == nil {
		return nil
	}
	out := &config.TLS{SkipVerify: m.TLS.InsecureSkipVerify}
	if m.TLS.CASecretRef != nil {
		out.CAFile = filepath.Join(o.MQTTSecrets, "ca.crt")
	}
	if m.TLS.CertSecretRef != nil {
		out.CertFile, out.KeyFile = filepath.Join(o.MQTTSecrets, "tls.crt"), filepath.Join(o.MQTTSecrets, "tls.key")
	}
	return out
}

// checkMQTT reports, before anything is started, whether the folder of the broker's Secrets
// is missing, or is of no use.
func (o *Options) checkMQTT() error {
	m := o.Twin.Spec.Bridged()
	named := m != nil && (m.SecretRef != nil || m.TLS != nil && (m.TLS.CASecretRef != nil || m.TLS.CertSecretRef != nil))
	switch {
	case named && o.MQTTSecrets == "":
		return errors.New("spec.ingest.mqtt names Secrets of a cluster; name a folder with files of their keys (username, password, ca.crt, tls.crt, tls.key) with --mqtt-secrets, or leave the references out")
	case !named && o.MQTTSecrets != "":
		return fmt.Errorf("--mqtt-secrets %s: the twin reads no such folder; write spec.ingest.mqtt.secretRef or tls", o.MQTTSecrets)
	}
	return nil
}

const loopbackAnyPort = "127.0.0.1:0"

// publicHere stands for the address of the API until it is known.
const publicHere = "http://" + loopbackAnyPort

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
