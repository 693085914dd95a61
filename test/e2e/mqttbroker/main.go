// Command mqttbroker is the broker of MQTT 5 that TestReadingsOverMQTT starts in the cluster:
// mochi-mqtt over TLS, with two users, whose sessions live as long as the process.
package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func main() {
	if err := run(os.Getenv("CERTIFICATE"), os.Getenv("PASSWORD")); err != nil {
		fmt.Fprintln(os.Stderr, "mqttbroker:", err)
		os.Exit(1)
	}
}

// run serves until a signal comes. The folder has the certificate and its key.
func run(folder, password string) error {
	pair, err := tls.LoadX509KeyPair(folder+"/tls.crt", folder+"/tls.key")
	if err != nil {
		return err
	}
	server := mqtt.New(nil)
	err = server.AddHook(new(auth.Hook), &auth.Options{Ledger: &auth.Ledger{
		Auth: auth.AuthRules{{Username: "twin", Password: auth.RString(password), Allow: true}, {Username: "meters", Password: auth.RString(password), Allow: true}},
		ACL: auth.ACLRules{
			{Username: "twin", Filters: auth.Filters{"area/#": auth.ReadOnly}},
			{Username: "meters", Filters: auth.Filters{"area/#": auth.WriteOnly}},
		},
	}})
	if err != nil {
		return err
	}
	err = server.AddListener(listeners.NewTCP(listeners.Config{
		ID: "tls", Address: ":8883", TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	}))
	if err != nil {
		return err
	}
	if err := server.Serve(); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	return server.Close()
}
