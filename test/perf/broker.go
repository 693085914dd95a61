package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/stream/kafkatest"
)

// startKafka starts a real broker where Java and the jars can be had, else the
// embedded one.
func (s *stores) startKafka(ctx context.Context, say func(string)) error {
	r := &rig{ctx: ctx, dir: filepath.Join(s.dir, "kafka")}
	s.stops = append(s.stops, r.cleanUp)
	var broker *kafkatest.Broker
	err := r.do(func() {
		broker = kafkatest.Start(r, kafkatest.Options{
			Properties: map[string]string{"log.segment.delete.delay.ms": "1000"}, // deleted topics make room before the next is filled
			JVM:        []string{"-XX:TieredStopAtLevel=4", "-Xmx1g"},            // as in production
		})
	})
	if skipped := (*skipError)(nil); errors.As(err, &skipped) {
		return s.startEmbeddedKafka(ctx, skipped.reason, say)
	}
	if err != nil {
		return err
	}
	s.broker, s.brokerIs = broker.Address, "Apache Kafka "+kafkatest.Version
	say(s.brokerIs + " serves on " + s.broker)
	return nil
}

func (s *stores) startEmbeddedKafka(ctx context.Context, reason string, say func(string)) error {
	say(reason)
	server, err := embedded.Kafka(ctx, embedded.KafkaOptions{Dir: filepath.Join(s.dir, "kafka"), Progress: say})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, server.Stop)
	s.broker, s.brokerIs = server.Address, "embedded ("+reason+")"
	return nil
}

// rig lets a program start what is made for tests. It is a testing.TB as far as
// starting a broker needs one; the embedded nil would end the program at
// anything else.
type rig struct {
	testing.TB
	ctx      context.Context
	dir      string
	cleanups []func()
}

type (
	skipError struct{ reason string }
	fatalRig  struct{ reason string }
)

func (e *skipError) Error() string { return e.reason }
func (e *fatalRig) Error() string  { return e.reason }

// do runs f, which ends early with Skip or Fatal as a test does.
func (r *rig) do(f func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *skipError:
			err = p
		case *fatalRig:
			err = p
		default:
			panic(p)
		}
	}()
	f()
	return nil
}

func (r *rig) Helper()                           {}
func (r *rig) Context() context.Context          { return r.ctx }
func (r *rig) Cleanup(f func())                  { r.cleanups = append(r.cleanups, f) }
func (r *rig) Skip(args ...any)                  { panic(&skipError{fmt.Sprint(args...)}) }
func (r *rig) Skipf(format string, args ...any)  { panic(&skipError{fmt.Sprintf(format, args...)}) }
func (r *rig) Fatal(args ...any)                 { panic(&fatalRig{fmt.Sprint(args...)}) }
func (r *rig) Fatalf(format string, args ...any) { panic(&fatalRig{fmt.Sprintf(format, args...)}) }

func (r *rig) TempDir() string {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		r.Fatal(err)
	}
	return r.dir
}

func (r *rig) cleanUp(context.Context) error {
	return r.do(func() {
		for i := len(r.cleanups) - 1; i >= 0; i-- {
			r.cleanups[i]()
		}
	})
}
