package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// deleteNow does not wait for a kubelet, which is not there.
var deleteNow = client.DeleteOptions{GracePeriodSeconds: new(int64)}

// lookEvery is how often twins are counted and progress is printed.
const lookEvery = 5 * time.Second

// bench is one run.
type bench struct {
	o        options
	plane    *plane
	operator *operator
	audit    auditLog
	report   report
	children context.CancelFunc
	stopped  chan error
	rounds   int
}

func newBench(ctx context.Context, o options, work string) (*bench, error) {
	say("building the operator, starting the control plane")
	p, err := startPlane(ctx, o.assets, work)
	if err != nil {
		return nil, err
	}
	b := &bench{o: o, plane: p, audit: auditLog{path: p.audit}, report: report{Twins: o.twins}, stopped: make(chan error, 1)}
	childrenCtx, cancel := context.WithCancel(ctx)
	b.children = cancel
	go func() { b.stopped <- p.runChildren(childrenCtx) }()
	if b.operator, err = startOperator(ctx, p.kubeconfig, work); err != nil {
		cancel()
		return nil, errors.Join(err, p.env.Stop())
	}
	return b, nil
}

func (b *bench) close() {
	err := b.operator.stop()
	b.children()
	if err := errors.Join(err, <-b.stopped, b.plane.env.Stop()); err != nil {
		say("stop: %v", err)
	}
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

func (b *bench) measure(ctx context.Context) error {
	for _, phase := range []func(context.Context) error{b.converge, b.crowd, b.rest, b.watchFlow} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	return nil
}

// converge makes twins and waits until all are Ready and nothing moves.
func (b *bench) converge(ctx context.Context) error {
	say("%d twins", b.o.twins)
	began := time.Now()
	created := make(chan error, 1)
	go func() { created <- b.createTwins(ctx) }()
	var failed error
	err := b.until(ctx, func() (bool, string, error) {
		select {
		case failed = <-created:
		default:
		}
		n, err := b.ready(ctx)
		return n == b.o.twins, fmt.Sprintf("%d of %d twins are Ready", n, b.o.twins), errors.Join(err, failed)
	})
	if err != nil {
		return err
	}
	b.report.Converge.Seconds = time.Since(began).Seconds()
	writes, err := b.calm(ctx)
	if err != nil {
		return err
	}
	m, err := b.operator.scrape(ctx)
	if err != nil {
		return err
	}
	b.report.Converge.fill(m, writes, b.o.twins)
	return nil
}

// calm waits until the operator has written nothing for a while, and answers
// what it wrote until then.
func (b *bench) calm(ctx context.Context) ([]write, error) {
	var all []write
	still := 0
	err := b.until(ctx, func() (bool, string, error) {
		writes, err := b.audit.rest()
		all = append(all, writes...)
		still++
		if len(writes) > 0 {
			still = 0
		}
		return still >= 3, fmt.Sprintf("waiting for calm: %d writes so far", len(all)), err
	})
	return all, err
}

// crowd lets many unrelated Secrets appear, and sees what the operator takes
// before and after.
func (b *bench) crowd(ctx context.Context) error {
	before, err := b.collected(ctx)
	if err != nil {
		return err
	}
	say("%d unrelated Secrets of %d kB", b.o.secrets, secretBytes/1000)
	if err := b.createSecrets(ctx); err != nil {
		return err
	}
	after, err := b.collected(ctx)
	b.report.Memory = memoryReport{Converged: before, Crowded: after, Secrets: b.o.secrets}
	return err
}

// collected is the operator's memory after it has collected garbage twice: what
// was used until just now is gone then.
func (b *bench) collected(ctx context.Context) (memory, error) {
	const cycles = "go_gc_cycles_total_gc_cycles_total"
	first, err := b.operator.scrape(ctx)
	if err != nil {
		return memory{}, err
	}
	var now metricFamilies
	err = b.until(ctx, func() (bool, string, error) {
		b.rounds++
		if err := b.stir(ctx, b.rounds); err != nil {
			return false, "", err
		}
		now, err = b.operator.scrape(ctx)
		n := now.value(cycles) - first.value(cycles)
		return n >= 2, fmt.Sprintf("waiting for the operator's garbage collector: %.0f of 2 rounds", n), err
	})
	return b.operator.memory(now), err
}

// rest leaves the twins alone and counts what the operator writes.
func (b *bench) rest(ctx context.Context) error {
	if _, err := b.calm(ctx); err != nil {
		return err
	}
	before, err := b.operator.scrape(ctx)
	if err != nil {
		return err
	}
	writes, err := b.listen(ctx, "idle", b.o.idle)
	if err != nil {
		return err
	}
	after, err := b.operator.scrape(ctx)
	b.report.Idle = restReport{
		Twins: b.o.twins, Seconds: b.o.idle.Seconds(), Writes: len(writes), ByKind: byKind(writes),
		Reconciliations: after.reconciliations().since(before.reconciliations()).total(),
	}
	return err
}

// watchFlow counts writes while the workloads of some twins report new rows
// each time they are asked.
func (b *bench) watchFlow(ctx context.Context) error {
	if b.o.flowing == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := serveFigures(ctx); err != nil {
		return err
	}
	if err := b.startFlowing(ctx); err != nil {
		return err
	}
	writes, err := b.listen(ctx, "flowing", b.o.flow)
	if err != nil {
		return err
	}
	perTwin := map[string]int{}
	other := 0
	for i := range writes {
		if w := &writes[i]; w.kind() == "digitaltwins/status" {
			perTwin[w.ObjectRef.Namespace+"/"+w.ObjectRef.Name]++
		} else if w.ObjectRef.Resource != "events" {
			other++
		}
	}
	b.report.Flow = flowReport{Twins: b.o.flowing, Seconds: b.o.flow.Seconds(), Writes: len(writes), OtherWrites: other, ByKind: byKind(writes), Wrote: len(perTwin)}
	for _, n := range perTwin {
		b.report.Flow.MostPerTwin = max(b.report.Flow.MostPerTwin, n)
	}
	return b.stopFlowing(ctx)
}

// listen gathers the operator's writes for a time.
func (b *bench) listen(ctx context.Context, what string, d time.Duration) ([]write, error) {
	var all []write
	ends := time.Now().Add(d)
	reported := time.Now()
	for time.Now().Before(ends) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(time.Second, time.Until(ends))):
		}
		writes, err := b.audit.rest()
		if err != nil {
			return nil, err
		}
		all = append(all, writes...)
		if time.Since(reported) >= 30*time.Second {
			reported = time.Now()
			say("%s: %d writes, %s to go", what, len(all), time.Until(ends).Round(time.Second))
		}
	}
	return all, nil
}

// until looks again and again, and reports how far things are.
func (b *bench) until(ctx context.Context, done func() (bool, string, error)) error {
	for {
		ok, words, err := done()
		if err != nil || ok {
			return err
		}
		say("%s", words)
		select {
		case err := <-b.operator.ended:
			b.operator.ended <- err
			return fmt.Errorf("the operator ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}
