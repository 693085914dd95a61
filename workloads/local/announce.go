package local

import (
	"fmt"
	"strings"
)

// announce prints where the twin can be looked at.
func (t *twin) announce() {
	p := func(format string, args ...any) { fmt.Fprintf(t.o.Out, format, args...) }
	url := "http://" + t.listener.Addr().String() + strings.TrimSuffix(t.cfg.API.BasePath, "/")
	p("\n  UI        %s/ui\n", url)
	p("  API       %s/api/v1   documentation at %s/docs\n", url, url)
	p("  API key   %s\n", t.apiKey)
	if m := t.cfg.Ingest.MQTT; m != nil {
		p("  MQTT      %s from %s, as the client %s\n", strings.Join(m.Topics, ", "), m.URL, m.ClientID)
	}
	if t.o.PrintConnections {
		t.printConnections()
	}
	p("\n  Serving. Ctrl-C stops the twin%s.\n\n", t.afterStop())
}

func (t *twin) afterStop() string {
	if t.o.DataDir == "" {
		return " and deletes its data; --data-dir keeps them"
	}
	return "; starting it again on " + t.o.DataDir + " continues"
}

// printConnections prints a command for each store that opens it.
func (t *twin) printConnections() {
	p := func(name, command string) { fmt.Fprintf(t.o.Out, "  %-10s%s\n", name, command) }
	p("Kafka", fmt.Sprintf("kcat -b %s -t %s -C", t.stores.broker, t.cfg.Topic("readings")))
	redis := "redis-cli -u redis://" + t.stores.redis
	if t.stores.redisPass != "" {
		redis = fmt.Sprintf("REDISCLI_AUTH=%s redis-cli -u redis://%s", t.stores.redisPass, t.stores.redis)
	}
	p("Redis", redis)
	p("Database", fmt.Sprintf("psql '%s'", t.stores.database))
}
