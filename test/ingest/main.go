// Command ingest shows that readings which are sent to the API are in the stream once each,
// whatever is killed, and how many a second that is:
//
//	go run ./test/ingest --readings 20000000
//
// It starts a database, a broker (or takes --kafka) and two API servers as processes of their
// own. Clients send batches under idempotency keys to either server, one of which is killed
// every now and then, and send each batch again until it is taken. At the end each reading of
// the stream is counted. It runs no processor: what is measured is the way into the stream.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	if serving, err := serveReplica(); serving {
		fmt.Fprintln(os.Stderr, "ingest: API server:", err)
		os.Exit(1)
	}
	o := options{}
	flag.IntVar(&o.readings, "readings", 10_000_000, "how many readings to send")
	flag.IntVar(&o.batch, "batch", 10_000, "readings of a request")
	flag.IntVar(&o.clients, "clients", 8, "clients that send at the same time")
	flag.DurationVar(&o.killEvery, "kill-every", 2*time.Second, "mean time between kills of an API server; 0 kills none. A killed one leaves up to half of the clients waiting for 8 s")
	flag.StringVar(&o.kafka, "kafka", "", "address of a broker; one is started in this process without it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	r, err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(1)
	}
	fmt.Println(r)
	if r.missing > 0 || r.twice > 0 {
		os.Exit(1)
	}
}
