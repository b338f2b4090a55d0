//go:build linux

package main

import (
	"context"
	"debug/buildinfo"
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
	// warm is how long it takes after its start until it checks every target in its rhythm; nil: settled.
	warm func(s scenario) time.Duration
	// attend does what the program needs while it runs. What it returns tells what the program said of the checks of a
	// window; it is asked once, at the end of the window, while the program still runs, and may end it.
	attend func(ctx context.Context, b *bench, s scenario, p *process) func(window) (said, error)
}

// said is what a prober itself says of its checks.
type said struct {
	checks int             // that it says anything of
	down   int             // those of them that call the target down, which it never is
	took   []time.Duration // what the others say that the target took
	least  bool            // it tells ranges, and took are their upper ends
}

// add adds a check.
func (s *said) add(up bool, took time.Duration) {
	s.checks++
	if up {
		s.took = append(s.took, took)
	} else {
		s.down++
	}
}

// peers are what uptimer is compared with, as far as it is installed.
var peers = []peer{cloudprober, gatus, telegraf, blackbox}

// settled is when a prober has found its rhythm.
const settled = 10 * time.Second

// limit is how long a target of a comparison may take: the same for all, and what uptimer makes of the interval.
func (s scenario) limit() time.Duration { return s.interval * 9 / 10 }

// compared is what came out of one run.
type compared struct {
	rate   float64       // requests that the targets have answered, a second
	cpu    time.Duration // a check
	ratio  float64       // to the bare client's in the same round
	memory int64         // most resident bytes
	said   said
	took   []time.Duration // what the targets say that they took, connecting counted in
}

// contestant is a program and what its rounds gave.
type contestant struct {
	peer
	binary, version string
	rounds          []compared
}

// compare runs the bare client, uptimer and all that is installed in turn, so often as asked, and prints a table of
// medians.
func (b *bench) compare(ctx context.Context, s scenario) error {
	if err := errors.Join(b.prepare(s), os.WriteFile(b.path("targets.csv"), s.list(s.targets()), 0o600)); err != nil {
		return err
	}
	all := b.contestants()
	bare := &contestant{peer: peer{name: "bare client"}}
	var failed error
	for round := range b.rounds {
		alone, err := b.bare(ctx, s, s.kind)
		if err != nil {
			return err
		}
		bare.rounds = append(bare.rounds, compared{rate: alone.rate(), cpu: alone.each(), ratio: 1, memory: alone.usage.most, said: said{checks: alone.checks, down: alone.failed}})
		for i := range all {
			c := all[i]
			if round%2 == 1 { // nobody always has the machine as the same one leaves it
				c = all[len(all)-1-i]
			}
			came, err := b.runPeer(ctx, s, c.peer, c.binary)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", c.name, err)) // the others can still be told
				continue
			}
			came.ratio = float64(came.cpu) / float64(max(alone.each(), 1))
			c.rounds = append(c.rounds, came)
			fmt.Println(" ", c.name, c)
		}
	}
	return errors.Join(failed, b.writeComparison(s, append([]*contestant{bare}, all...)))
}

// contestants are uptimer and the peers that are installed.
func (b *bench) contestants() (all []*contestant) {
	for _, p := range append([]peer{ourselves}, peers...) {
		binary := b.binary
		if p.name != ourselves.name {
			var err error
			if binary, err = exec.LookPath(p.name); err != nil {
				fmt.Printf("  %s is not installed\n", p.name)
				continue
			}
		}
		c := &contestant{peer: p, binary: binary}
		if info, err := buildinfo.ReadFile(binary); err == nil {
			c.version = info.Main.Version
		}
		all = append(all, c)
	}
	return all
}

// runPeer runs a prober once. Rate and CPU time a check are told from the targets' side.
func (b *bench) runPeer(ctx context.Context, s scenario, p peer, binary string) (c compared, err error) {
	arguments, env, err := p.prepare(b, s)
	if err != nil {
		return c, err
	}
	f, err := b.farm(ctx, s)
	if err != nil {
		return c, err
	}
	running, err := startProcess(ctx, p.name, filepath.Join(b.out, "peer-"+p.name+".log"), env, binary, arguments...)
	if err != nil {
		return c, err
	}
	ask := p.attend(ctx, b, s, running)
	warm := settled
	if p.warm != nil {
		warm += p.warm(s)
	}
	w := window{time.Now().Add(warm), time.Now().Add(warm + s.duration)}
	used, err := watch(ctx, running, w, func() (int, int, error) { return 0, 0, nil })
	answer, unknown := ask(w)
	_ = running.Process.Kill() // not all of them know SIGTERM
	_ = running.Wait()
	records, failed := f.close()
	if err := errors.Join(err, unknown, failed); err != nil {
		return c, err
	}
	c = compared{memory: used.usage.most, said: answer}
	w = window{used.usage.at.Add(-used.window), used.usage.at} // a loaded machine wakes us late
	for _, r := range records {
		if w.holds(r.Asked) && r.Answered != 0 {
			c.took = append(c.took, time.Duration(r.Answered-r.Connected))
		}
	}
	slices.Sort(c.took)
	slices.Sort(c.said.took)
	if len(c.took) == 0 {
		return c, fmt.Errorf("no target has answered; see %s", running.Stderr.(*os.File).Name())
	}
	c.rate = float64(len(c.took)) / used.window.Seconds()
	c.cpu = used.cpu / time.Duration(len(c.took))
	return c, nil
}

// ourselves is uptimer as one of them.
var ourselves = peer{
	name: "uptimer",
	prepare: func(b *bench, s scenario) ([]string, []string, error) {
		return nil, append(b.environment(s), "WRITER_PLUGIN=stdout", "PROBE_TIMEOUT="+s.limit().String()), nil
	},
	attend: func(_ context.Context, _ *bench, _ scenario, p *process) func(window) (said, error) {
		events := readEvents(p.stdout)
		return func(w window) (all said, err error) {
			err = p.stopAfter(events)
			list, unread := events.wait()
			for _, e := range list {
				if w.holds(e.began) {
					all.add(e.up, time.Duration(e.took))
				}
			}
			return all, errors.Join(err, unread)
		}
	},
}

// ignore reads what a program writes that says nothing.
func ignore(p *process) {
	go func() { _, _ = io.Copy(io.Discard, p.stdout) }()
}
