//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/uptimer/uptimer/bench/field"
)

// prepare writes what the farm and the bare clients need.
func (b *bench) prepare(s scenario) error {
	var addresses strings.Builder
	for i := range s.targets() {
		_, address, _ := strings.Cut(s.url(i), "://")
		address, _, _ = strings.Cut(address, "/")
		addresses.WriteString(address + "\n")
	}
	return errors.Join(b.certify(), os.WriteFile(b.path("targets.txt"), []byte(addresses.String()), 0o600))
}

// farm is the field of targets as a process.
type farm struct {
	*process
	records string
}

// farm starts the farm. Close ends it.
func (b *bench) farm(ctx context.Context, s scenario) (*farm, error) {
	f := &farm{records: b.path("records")}
	arguments := []string{"farm", "-records", f.records, "-cert", b.path("cert.pem"), "-key", b.path("key.pem")}
	for _, f := range s.fields() {
		arguments = append(arguments, f.String())
	}
	var err error
	if f.process, err = startProcess(ctx, "farm", filepath.Join(b.out, "farm.log"), nil, b.self, arguments...); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(f.stdout).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("the farm did not open: %w", err), f.stop())
	}
	return f, nil
}

// close ends the farm and returns its records.
func (f *farm) close() ([]field.Record, error) {
	if err := f.stop(); err != nil {
		return nil, err
	}
	file, err := os.Open(f.records)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return field.ReadRecords(file)
}
