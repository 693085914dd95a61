package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// write is one of the operator's writes, as the API server's audit log has it.
type write struct {
	Verb      string `json:"verb"`
	ObjectRef struct {
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// kind is what was written: deployments, digitaltwins/status.
func (w *write) kind() string {
	if w.ObjectRef.Subresource != "" {
		return w.ObjectRef.Resource + "/" + w.ObjectRef.Subresource
	}
	return w.ObjectRef.Resource
}

// auditLog reads the API server's audit log from where it stopped before.
type auditLog struct {
	path string
	at   int64
}

// rest are the writes since the last call.
func (a *auditLog) rest() ([]write, error) {
	f, err := os.Open(a.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // nothing has been written yet
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(a.at, io.SeekStart); err != nil {
		return nil, err
	}
	var out []write
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return out, nil // a line that is not whole yet is read the next time
		}
		if err != nil {
			return nil, err
		}
		var w write
		if err := json.Unmarshal(line, &w); err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		a.at += int64(len(line))
		out = append(out, w)
	}
}

// byKind counts writes.
func byKind(writes []write) map[string]int {
	out := map[string]int{}
	for i := range writes {
		out[writes[i].kind()]++
	}
	return out
}
