package probes

import (
	"errors"
	"fmt"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/targets"
)

// Set is the probes that are open, by protocol.
type Set map[string]Probe

// Prepare makes a list ready to be checked; the entries point into it. Its error is setting.Mistakes, all at once, each
// with its place in the list.
func (s Set) Prepare(list []targets.Target) ([]Entry, error) {
	var ms setting.Mistakes
	entries := make([]Entry, 0, len(list))
	for i := range list {
		t := &list[i]
		probe := s[t.Protocol()]
		if probe == nil {
			ms.Add(t.Where("url"), t.Shown(), fmt.Errorf("there is no probe for %s", t.Protocol()))
			continue
		}
		check, err := probe.Prepare(*t)
		if err != nil {
			place(&ms, *t, err)
			continue
		}
		entries = append(entries, Entry{Target: t, Check: check})
	}
	if len(ms) > 0 {
		closeEntries(entries)
		return nil, ms
	}
	return entries, nil
}

// place gives the mistakes of one target their place in the list.
func place(ms *setting.Mistakes, t targets.Target, err error) {
	var own setting.Mistakes
	if !errors.As(err, &own) {
		ms.Add(t.Where(""), "", err)
		return
	}
	for _, m := range own {
		ms.Add(t.Where(m.Where), m.Value, m.Err)
	}
}

// Start starts the probes that the entries need.
func (s Set) Start(entries []Entry) error {
	started := map[string]bool{}
	for _, e := range entries {
		protocol := e.Target.Protocol()
		if started[protocol] {
			continue
		}
		started[protocol] = true
		if err := s[protocol].Start(); err != nil {
			return err
		}
	}
	return nil
}

// Close closes all probes.
func (s Set) Close() error {
	var errs []error
	for _, p := range s {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

func closeEntries(entries []Entry) {
	for _, e := range entries {
		closeCheck(e.Check)
	}
}
