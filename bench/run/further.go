//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// furtherKinds are those of which it is measured how much memory each further target takes.
var furtherKinds = []string{"http", "tcp", "icmp"}

// furtherTime is for how long uptimer checks before its memory is read: a few collections of garbage.
const furtherTime = 15 * time.Second

// further is how many bytes of resident memory each further target takes, by kind: all targets of the scenario beside
// half of them. Their interval is long, so that in both cases the same are checked: those of the line at the start.
func (b *bench) further(ctx context.Context, s scenario) (each []int64, err error) {
	half := s.targets() / 2
	s.interval = time.Hour
	for _, kind := range furtherKinds {
		s.kind = kind
		less, err := b.memory(ctx, s, half)
		if err != nil {
			return nil, err
		}
		more, err := b.memory(ctx, s, 2*half)
		if err != nil {
			return nil, err
		}
		each = append(each, (more-less)/int64(half))
	}
	return each, nil
}

// memory is the most resident memory of uptimer that starts with so many targets, and has checked for a while.
func (b *bench) memory(ctx context.Context, s scenario, targets int) (most int64, err error) {
	if err := os.WriteFile(b.path("targets.csv"), s.list(targets), 0o600); err != nil {
		return 0, err
	}
	f, err := b.farm(ctx, s)
	if err != nil {
		return 0, err
	}
	p, err := startProcess(ctx, "uptimer", filepath.Join(b.out, s.name+"-further.log"), b.environment(s), b.binary)
	if err != nil {
		_, failed := f.close()
		return 0, errors.Join(err, failed)
	}
	events := readEvents(p.stdout)
	slept := sleep(ctx, furtherTime)
	used, err := p.usage()
	if events.count.Load() == 0 {
		err = errors.Join(err, fmt.Errorf("no event came within %v", furtherTime))
	}
	err = errors.Join(err, slept, p.stopAfter(events))
	_, failed := f.close()
	return used.most, errors.Join(err, failed)
}

// furtherOf are the medians of all rounds, nil if it was not measured.
func furtherOf(all []result) (each []int64) {
	for i := range all[0].further {
		each = append(each, median(all, func(r result) int64 { return r.further[i] }))
	}
	return each
}

// furtherText says it for the table.
func furtherText(each []int64) string {
	if len(each) == 0 {
		return ""
	}
	var parts []string
	for i, bytes := range each {
		parts = append(parts, fmt.Sprintf("%s %d", furtherKinds[i], bytes))
	}
	return "; each further target: " + strings.Join(parts, ", ") + " bytes"
}
