//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// peer is another prober, or uptimer, as it is compared.
type peer struct {
	name    string // of its program
	prepare func(b *bench, s scenario) (arguments, env []string, err error)
	// reported are the times that it says targets took, in the order of length. It is asked before the process ends.
	reported func(ctx context.Context, b *bench, w window) ([]time.Duration, error)
}

// peers are what is compared, if it is installed.
var peers = []peer{cloudprober, gatus}

// compared is what came out. All is seen from the targets' side, but for what was reported.
type compared struct {
	name     string
	rate     float64 // requests that reached the targets, a second
	cpu      time.Duration
	memory   int64
	reported []time.Duration
	took     []time.Duration // what the targets say they took
}

// compare runs all that is installed in turn, so often as asked, and prints a table of medians.
func (b *bench) compare(ctx context.Context, s scenario) error {
	if err := errors.Join(b.prepare(s), os.WriteFile(b.path("targets.csv"), s.list(s.targets()), 0o600)); err != nil {
		return err
	}
	all := map[string][]compared{}
	var names []string
	for range b.rounds {
		for _, p := range append([]peer{b.ourselves()}, peers...) {
			binary := b.binary
			if p.name != ours {
				var err error
				if binary, err = exec.LookPath(p.name); err != nil {
					fmt.Printf("  %s is not installed\n", p.name)
					continue
				}
			}
			c, err := b.runPeer(ctx, s, p, binary)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if all[p.name] == nil {
				names = append(names, p.name)
			}
			all[p.name] = append(all[p.name], c)
		}
	}
	fmt.Println("| | checks/s | CPU µs a check | MiB | reported p50 | p99 | the targets' own p50 | p99 |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, name := range names {
		fmt.Println(all[name][medianOf(all[name])])
	}
	return nil
}

// medianOf is which of the rounds took a medium amount of CPU time.
func medianOf(rounds []compared) int {
	order := make([]int, len(rounds))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(rounds[a].cpu - rounds[b].cpu) })
	return order[len(order)/2]
}

// String is a line of the table.
func (c compared) String() string {
	return fmt.Sprintf("| %s | %.0f | %.1f | %d | %v | %v | %v | %v |", c.name, c.rate, micros(c.cpu), c.memory>>20,
		percentile(c.reported, 50), percentile(c.reported, 99), percentile(c.took, 50), percentile(c.took, 99))
}

// settled is when a prober has found its rhythm.
const settled = 8 * time.Second

func (b *bench) runPeer(ctx context.Context, s scenario, p peer, binary string) (c compared, err error) {
	arguments, env, err := p.prepare(b, s)
	if err != nil {
		return c, err
	}
	stopFarm, err := b.farm(ctx, s)
	if err != nil {
		return c, err
	}
	w := window{time.Now().Add(settled), time.Now().Add(s.duration)}
	running, err := startProcess(ctx, p.name, filepath.Join(b.out, "peer-"+p.name+".log"), env, binary, arguments...)
	if err != nil {
		return c, err
	}
	output, err := os.Create(b.path("stdout"))
	if err != nil {
		return c, err
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = output.ReadFrom(running.stdout)
	}()
	used, err := watch(ctx, running, w, func() (int, int) { return 0, 0 })
	reported, unknown := p.reported(ctx, b, w)
	_ = running.Process.Kill() // not all of them know SIGTERM
	<-written
	_ = running.Wait()
	records, failed := stopFarm()
	if err := errors.Join(err, unknown, failed, output.Close()); err != nil {
		return c, err
	}
	c = compared{name: p.name, memory: used.usage.most, reported: reported}
	for _, r := range records {
		if w.holds(r.Asked) && r.Answered != 0 {
			c.took = append(c.took, time.Duration(r.Answered-r.Connected))
		}
	}
	slices.Sort(c.took)
	slices.Sort(c.reported)
	c.rate = float64(len(c.took)) / used.window.Seconds()
	c.cpu = used.cpu / time.Duration(max(len(c.took), 1))
	return c, nil
}

const ours = "uptimer"

// ourselves is uptimer as one of them.
func (b *bench) ourselves() peer {
	return peer{
		name: ours,
		prepare: func(b *bench, s scenario) ([]string, []string, error) {
			return nil, append(b.environment(s), "WRITER_PLUGIN=stdout"), nil
		},
		reported: func(_ context.Context, b *bench, w window) (all []time.Duration, err error) {
			text, err := wholeLines(b.path("stdout"))
			if err != nil {
				return nil, err
			}
			list, err := readEvents(text).wait()
			for _, e := range list {
				if w.holds(e.began) {
					all = append(all, time.Duration(e.took))
				}
			}
			return all, err
		},
	}
}

// wholeLines reads a file up to its last line break: what comes behind is still being written.
func wholeLines(path string) (io.Reader, error) {
	text, err := os.ReadFile(path)
	return bytes.NewReader(text[:bytes.LastIndexByte(text, '\n')+1]), err
}
