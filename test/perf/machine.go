package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
)

// machine is where a run took place.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memoryBytes"`
	System string `json:"system"`
	Go     string `json:"go"`
	Load   string `json:"loadAverage"` // before the run: others at work would show here
}

func thisMachine() machine {
	m := machine{Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range bytes.Lines(info) {
			if name, model, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(model)
				break
			}
		}
	}
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		m.Memory = statusField(info, "MemTotal")
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(load))[:3], " ")
	}
	return m
}

func (m machine) String() string {
	return columns(fmt.Sprintf("%d cores", m.Cores), m.CPU, fmt.Sprintf("%.0f GB", float64(m.Memory)/1e9), m.System, m.Go, "load before: "+m.Load)
}

// storeVersions are the stores and those of their settings that decide what
// durability costs.
type storeVersions struct {
	Kafka    string            `json:"kafka"`
	Redis    string            `json:"redis"`
	Postgres string            `json:"postgres"`
	Settings map[string]string `json:"postgresSettings"`
}

// settingsOfNote are in the report.
var settingsOfNote = [...]string{"fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "max_wal_size"}

func (s *stores) versions(ctx context.Context) (storeVersions, error) {
	v := storeVersions{Kafka: s.brokerIs, Redis: "in this process", Postgres: s.postgres.Version, Settings: map[string]string{}}
	if s.postgres.TimescaleDB {
		v.Postgres += " with TimescaleDB"
	}
	if !s.redis.InProcess {
		client := s.redisClient()
		defer client.Close()
		info, err := client.Info(ctx, "server").Result()
		if err != nil {
			return v, err
		}
		for line := range strings.Lines(info) {
			if version, ok := strings.CutPrefix(line, "redis_version:"); ok {
				v.Redis = strings.TrimSpace(version)
			}
		}
	}
	conn, err := pgx.Connect(ctx, s.postgres.URL)
	if err != nil {
		return v, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, name := range settingsOfNote {
		var value string
		if err := conn.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return v, err
		}
		v.Settings[name] = value
	}
	return v, nil
}

func (v storeVersions) String() string {
	parts := []string{v.Kafka, "Redis " + v.Redis, "PostgreSQL " + v.Postgres}
	for _, name := range settingsOfNote {
		parts = append(parts, name+"="+v.Settings[name])
	}
	return columns(parts...)
}
